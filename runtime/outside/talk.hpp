// How a class that calls out speaks with its target: short conversations, as pure machines.
//
// A talk gives requests and takes answers until it is over, and then says what came of it. It
// performs nothing, keeps no clock and has no randomness; whoever drives it (a task actor, a
// poller, a test) sends the requests one at a time and brings the answers. Which conversations
// there are, and when, is decided by runtime/workflow and runtime/launch: a class only says how
// each is held.
//
//   read       a class without a launch: everything it does (GETs; other idempotent calls)
//   preflight  free GETs before a launch: may it work, can the marker be carried, what is visible
//   now send       the one request that starts something; its answer is classified search     list
//   what carries our key, all pages, newest first watch      how is the thing that was started?
//   finish     it has ended: outputs, artifacts, the rest of its log
//   cancel     stop it; a thing that has ended already is no error
//
// Errors: a talk does not throw for what a target answers; it may throw for a broken class, and the
// attempt then ends in `exception`. Threads: a talk has one owner; `outside_code` is shared and
// immutable.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/json.hpp"
#include "runtime/launch/events.hpp"
#include "runtime/template/task_step.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace o3::outside {

enum class topic : std::uint8_t { read, preflight, send, search, watch, finish, cancel };
std::string_view to_string(topic t);

/// A request as the class wants it. It is redacted by whoever shows it: `secret` and the parts of
/// `url` and `body` that came from secret inputs are never logged.
struct request {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers; ///< none of them secret
  std::string secret_header; ///< name of the header that carries `secret`; "" for none
  std::string secret;        ///< bound to the origin of `origin`
  std::string origin;        ///< "https://awx.example:443": where the secret may go; "" for none
  std::string body;
  bool once = false; ///< starts something: one fresh connection, written once, never sent again
  std::size_t answer_bytes_max = 16 << 20;
  std::string ca_file; ///< own CA of this target; "" for the system's
  bool verify = true;  ///< TLS is verified; only an explicit input turns it off
};

/// What came back. `status` 0 means no answer was read; `problem` says why.
struct answer {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case
  std::string body;
  bool sent_nothing = false; ///< certain: not a byte of the request left this machine
  std::string problem;
  steady_time started{}; ///< when the request left
  /// The node itself held the request back (`sent_nothing`) and would for this long: burns no
  /// attempt.
  std::optional<millis> wait{};

  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const; ///< "" if absent
};

/// What a talk knows when it begins. References are valid while `begin` runs only.
struct occasion {
  const json& inputs;     ///< resolved, secrets in clear
  const json& attributes; ///< of the task, secrets in clear; what earlier talks set
  std::uint32_t attempt = 1;
  std::string_view last_task_state = "never";
  std::string_view marker = {}; ///< preflight, send: text of this attempt's marker
  std::string_view key = {};    ///< preflight, send, search: what all attempts of this launch share
  std::optional<launch::witness> witness = {}; ///< search
  std::string_view external_id = {};           ///< watch, finish, cancel
  bool restored = false; ///< preflight, search: it may be older than what the pre-flight sees
  const json* details = nullptr; ///< of the confirmation; null when adopted
  bool force = false;            ///< cancel: asked for by force
  bool logs_wanted = false;      ///< watch: fetch log text as well
  wall_time now;
};

/// What came of a talk.
struct conclusion {
  /// preflight: preflight_ok/_refused/_unavailable; send: send_*/conflict; search: search_result or
  /// search_failed. Its attempt is filled in by the driver.
  std::optional<launch::event> launch;
  json set = json::object(); ///< attributes; names that begin with '_' are the class's own
  std::vector<task_log_line> log;
  std::optional<task_end> end; ///< read, watch, finish: how the attempt ended
  /// watch: it has ended, and `finish` is to be held now; its end is `end`.
  bool over = false;
  bool running = false;         ///< watch: it has begun, so its log may have grown
  std::string waits_for;        ///< watch: why it is not over, e.g. "AWX job 12 is pending: …"
  std::optional<millis> ask_in; ///< read, watch, finish, cancel: hold the same talk again then
  std::string trouble;          ///< the target could not be asked; nothing is concluded from that
};

class talk {
public:
  virtual ~talk() = default;
  /// The next request, or nothing when the talk is over. Called again only after `hear`.
  virtual std::optional<request> next() = 0;
  virtual void hear(answer a) = 0;
  /// Once, after next() returned nothing.
  virtual conclusion conclude() = 0;
};

/// Things of one target that can be watched together, e.g. AWX jobs of all kinds.
struct watch_group {
  std::string key; ///< same key: one poller; holds no secret
  std::size_t most = 200;
  /// One request for up to `most` ids.
  std::function<request(const std::vector<std::string>& ids)> ask;
  /// The row of each id that was answered; an id without a row is asked for alone.
  std::function<std::optional<std::vector<std::pair<std::string, json>>>(const answer&)> split;
};

/// The code of a class that calls out.
struct outside_code {
  bool launches = false; ///< false: one `read` is all it does
  launch::target_class target = launch::target_class::bare;
  /// Where the class of delivery depends on the inputs (a GET is D, a POST is C); else absent.
  std::function<launch::target_class(const json& inputs)> target_for;
  bool preflight = true;
  std::function<std::unique_ptr<talk>(topic, const occasion&)> begin;
  /// Absent: each thing is watched by its own `watch` talk.
  std::function<std::optional<watch_group>(const json& inputs)> group;
  /// What a row of the group says, as a watch talk would have concluded.
  std::function<conclusion(const json& row, const occasion&)> judge;
  bool logs = false;     ///< a watch talk can read the log of what runs
  millis watch_every{0}; ///< how often one thing is watched; 0: as the node does (poll.interval_ms)
};

} // namespace o3::outside
