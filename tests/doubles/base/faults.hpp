// The fault script: which requests meet which fault. JSON in, decisions out; the table of kinds and
// fields is in tests/doubles/README.md. Strict: an unknown kind or field is an error. Threads: one
// owner.
#pragma once
#include "runtime/base/random.hpp"
#include "runtime/base/result.hpp"
#include "tests/doubles/base/exchange.hpp"

#include <memory>
#include <set>

namespace o3::doubles {

enum class fault_kind : std::uint8_t {
  drop_answer,        ///< takes effect, the connection ends without an answer
  commit_late,        ///< no answer now, takes effect `ms` later
  error_after_commit, ///< takes effect, answers `status`
  status,             ///< no effect, answers `status` with `body`
  rate_limited,       ///< no effect, 429 with Retry-After
  redirect,           ///< no effect, `status` with Location
  truncate,           ///< the body ends after `bytes`, then the connection
  slow,               ///< `bytes` bytes of the body each `ms`
  wrong_length,       ///< Content-Length is off by `delta`
  not_json,           ///< the body is a page of HTML, the status stays
  huge,               ///< the body is padded to `bytes`
  delay,              ///< the first byte comes `ms` late
  lag,                ///< a listing leaves out what is younger than `ms`
  page_shift,         ///< pages behind the first skip `bytes` rows
  token_expired,      ///< every token given out is invalid from now, for `ms` (0: for good)
  purge,              ///< everything that has ended is deleted
  refuse,             ///< nothing listens for `ms`
  close_early,        ///< the connection ends before anything is read (rules "on": "connection")
};
std::string_view to_string(fault_kind k);

struct fault_spec {
  fault_kind kind = fault_kind::delay;
  millis ms{0};
  unsigned status = 0;
  std::size_t bytes = 0;
  std::ptrdiff_t delta = 0;
  std::string body, content_type, location;
  double retry_after = 1;
  bool hang = false; ///< commit_late: the connection stays open until the effect
  /// Reads a fault; `where` is the JSON Pointer for errors.
  static result<fault_spec> parse(const json& j, const std::string& where);
};

struct fault_rule {
  bool on_connection = false;
  std::string method;          ///< "" is any
  std::string pattern;         ///< of the path: {x} and * are a segment, ** the rest
  std::string contains;        ///< in the body
  std::set<std::uint64_t> nth; ///< which matches, from 1; empty is every one
  std::uint64_t every = 0;     ///< each k-th match
  std::uint64_t skip = 0;      ///< the first matches that are spared
  std::uint64_t times = 0;     ///< fires at most so often; 0 is no bound
  double probability = 1;
  millis from{0}, until{0}; ///< since the rule was set; until 0 is for ever
  fault_spec what;
  std::uint64_t matches = 0, fired = 0;
  steady_time since{};

  static result<fault_rule> parse(const json& j, const std::string& where);
};

/// Whether a path fits a pattern.
bool path_fits(std::string_view pattern, std::string_view path);

class fault_script {
public:
  fault_script(const clock& c, random_source& r) : clock_(c), random_(r) {}

  /// {"rules":[…]} replaces all rules, {"add":[…]} adds some; nothing changes on an error.
  result<done> set(const json& script);
  /// The faults that this request meets, in the order of the rules.
  std::vector<fault_spec> pick(const call& c);
  /// The same for a connection that was just accepted.
  std::vector<fault_spec> pick_connection();
  [[nodiscard]] json show() const;

private:
  bool fires(fault_rule& r);
  const clock& clock_;
  random_source& random_;
  std::vector<fault_rule> rules_;
};

} // namespace o3::doubles
