#include "tests/http/client/fake_names.hpp"

#include <condition_variable>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <netdb.h>
#include <set>

namespace o3::test {
namespace {

struct book {
  std::mutex mutex;
  std::condition_variable forgotten;
  std::map<std::string, std::vector<std::string>> known;
  std::map<std::string, int> asked;
  std::set<std::string> hanging;
};

/// Never destroyed: a thread of libcurl may still be on its way back.
book& names() {
  static auto* b = new book;
  return *b;
}

using lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

lookup real() {
  static const auto found = reinterpret_cast<lookup>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return found;
}

} // namespace

void name_is(const std::string& name, std::vector<std::string> addresses) {
  const std::lock_guard hold{names().mutex};
  names().known[name] = std::move(addresses);
}
void name_hangs(const std::string& name) {
  const std::lock_guard hold{names().mutex};
  names().hanging.insert(name);
}
int name_asked(const std::string& name) {
  const std::lock_guard hold{names().mutex};
  return names().asked[name];
}
void forget_names() {
  const std::lock_guard hold{names().mutex};
  names().known.clear();
  names().hanging.clear();
  names().asked.clear();
  names().forgotten.notify_all();
}

int look_up(const char* host, const char* service, const addrinfo* hints, addrinfo** out) {
  addrinfo numeric{};
  if (hints)
    numeric = *hints;
  numeric.ai_flags |= AI_NUMERICHOST;
  if (!host || real()(host, service, &numeric, out) == 0)
    return host ? 0 : real()(host, service, hints, out);
  std::vector<std::string> addresses;
  {
    auto& b = names();
    std::unique_lock hold{b.mutex};
    ++b.asked[host];
    b.forgotten.wait(hold, [&] { return b.hanging.count(host) == 0; });
    addresses = b.known[host];
  }
  addrinfo* first = nullptr;
  addrinfo** last = &first;
  for (const auto& a : addresses) {
    numeric.ai_family = AF_UNSPEC;
    if (real()(a.c_str(), service, &numeric, last) == 0)
      last = &(*last)->ai_next;
  }
  *out = first;
  return first ? 0 : EAI_NONAME;
}

} // namespace o3::test

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** out) {
  return o3::test::look_up(host, service, hints, out);
}
