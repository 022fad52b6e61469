// Names for a test: this program's own getaddrinfo, which libcurl calls like the real one. Numbers
// go to the real one; a name nobody made known does not exist. Threads: any.
#pragma once
#include <string>
#include <vector>

namespace o3::test {

/// In this order; IPv4 or IPv6 numbers.
void name_is(const std::string& name, std::vector<std::string> addresses);
/// Whoever asks for it waits until names are forgotten.
void name_hangs(const std::string& name);
/// How often it was asked for.
int name_asked(const std::string& name);
void forget_names();

/// Forgets when it goes, so that nobody waits for ever.
struct names_of_a_test {
  names_of_a_test() { forget_names(); }
  ~names_of_a_test() { forget_names(); }
  names_of_a_test(const names_of_a_test&) = delete;
  names_of_a_test& operator=(const names_of_a_test&) = delete;
};

} // namespace o3::test
