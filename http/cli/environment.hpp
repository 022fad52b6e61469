// Everything a command touches besides its arguments, so that tests can replace it: streams,
// variables, the terminal, the transport, time, randomness, Ctrl-C. Threads: one owner.
#pragma once
#include "http/client/transport.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"

#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace o3::cli {

/// Ctrl-C as a question instead of a signal handler.
class interrupts {
public:
  virtual ~interrupts() = default;
  /// Waits at most this long (0: only looks); true once the user wants to stop.
  virtual bool wait(millis longest) = 0;
};

/// What stdout is.
struct terminal {
  bool present = false; ///< a terminal that understands ANSI sequences
  unsigned columns = 80;
  unsigned rows = 24;
};

struct environment {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  std::vector<std::pair<std::string, std::string>> variables;
  terminal screen;
  http::client::transport& net;
  const clock& time;
  random_source& random;
  interrupts& stop;
  bool root = false;

  [[nodiscard]] std::string variable(std::string_view name) const; ///< "" if not set
};

} // namespace o3::cli
