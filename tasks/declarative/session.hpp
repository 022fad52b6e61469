// What all talks of a declarative class share: what is known, how requests are built, and the walk
// through a list of steps. Private to this folder. Threads: one owner, like the talk it belongs to.
#pragma once
#include "runtime/outside/talk.hpp"
#include "tasks/declarative/document.hpp"

namespace o3::declarative {

/// Attributes a class keeps for itself.
inline constexpr std::string_view attr_end = "_end";         ///< how what was watched ended
inline constexpr std::string_view attr_ignored = "_ignored"; ///< fields the target dropped
inline constexpr std::string_view attr_stopped = "_stopped"; ///< it was asked to stop for that
inline constexpr std::string_view attr_missing = "_missing"; ///< how often it was not there
inline constexpr std::string_view attr_log = "_log";         ///< how far its log was read
inline constexpr std::string_view attr_tries = "_tries";     ///< reads without an answer
inline constexpr std::string_view attr_turn = "_turn";       ///< the attempt these are of
inline constexpr std::string_view attr_again = "_again_";    ///< and a step: how often it was asked

class session {
public:
  session(std::shared_ptr<const document> doc, const outside::occasion& o);

  std::shared_ptr<const document> doc;
  scope known;
  wall_time now;
  outside::conclusion out;

  /// `input_invalid` or `internal`: what cannot be asked, and why; never names a secret.
  result<outside::request> build(const step_spec& s);
  /// A page that names the next one: the same request to another address of the same origin.
  result<outside::request> build_link(const step_spec& s, const std::string& link);

  /// Sets an attribute, if that changes it.
  void set(std::string_view name, json value);
  /// Forgets all of the attributes above: another attempt, another thing.
  void forget();
  /// Sets what an object value says; a problem goes to the log and ends nothing.
  void set_all(const std::optional<value>& v);
  void say(log_level level, std::string text);
  std::string sentence(const std::optional<value>& v);
  /// nullptr: not set, or null.
  [[nodiscard]] const json* attribute(std::string_view name) const;
  [[nodiscard]] std::int64_t count(std::string_view name) const;

  /// How a thing in this state ended, as the rows of "failures" have it, else as the state says.
  task_end end_of(std::string_view state);
  /// Nothing: no row of "failures" holds.
  std::optional<task_end> failure_of(std::string_view state);

private:
  void find_target();
  result<outside::request> finish_request(const step_spec& s, outside::request q, evaluator& e);
  result<done> add_headers(const std::optional<value>& v, outside::request& q, evaluator& e);

  std::string target_problem_;
};

json to_json(const task_end& e);
task_end end_from_json(const json& j);

/// Why a walk did not reach its end.
struct stop {
  enum class kind : std::uint8_t { refused, trouble, again };
  kind what = kind::trouble;
  fault code = fault::target_refused;
  std::string message;
  std::optional<millis> wait;
};

/// Walks through steps, one request at a time.
class walk_steps {
public:
  enum class taking : std::uint8_t {
    gets,    ///< 400, 401, 403, 404 … refuse for good
    watching ///< no answer ends anything
  };
  walk_steps(session& s, const std::vector<step_spec>& steps, taking how)
      : s_(s), steps_(&steps), how_(how) {}

  /// Nothing: all steps are done, or stopped() says why not.
  std::optional<outside::request> next();
  void hear(const outside::answer& a);
  [[nodiscard]] const std::optional<stop>& stopped() const { return stopped_; }
  /// A request is out.
  [[nodiscard]] bool awaits() const { return awaits_; }
  /// When the first request left.
  [[nodiscard]] steady_time started() const { return started_; }

private:
  void settle(const step_spec& s, bool usable);
  bool ask_again(const step_spec& s, unsigned status);
  void judge_error(const step_spec& s, const outside::answer& a, const reply& r);
  [[nodiscard]] bool accepts(const step_spec& s, unsigned status);

  session& s_;
  const std::vector<step_spec>* steps_;
  taking how_;
  std::size_t at_ = 0;
  std::optional<stop> stopped_;
  steady_time started_{};
  bool any_ = false, awaits_ = false;
};

bool in_ranges(const status_ranges& ranges, unsigned status);
/// A value as text: texts as they are, whole numbers without a dot.
std::string id_text(const json& j);

// -- one maker per topic
using talk_ptr = std::unique_ptr<outside::talk>;
talk_ptr make_steps_talk(std::shared_ptr<const document> d, outside::topic t,
                         const outside::occasion& o);
talk_ptr make_send_talk(std::shared_ptr<const document> d, const outside::occasion& o);
talk_ptr make_search_talk(std::shared_ptr<const document> d, const outside::occasion& o);
talk_ptr make_watch_talk(std::shared_ptr<const document> d, const outside::occasion& o);
talk_ptr make_finish_talk(std::shared_ptr<const document> d, const outside::occasion& o);

/// Judges the row in `s.known.row`: state, attributes, what it waits for, whether it is over.
void judge_row(session& s);
/// Reads a log, round by round, as the section "log" says.
class log_reader {
public:
  explicit log_reader(session& s) : s_(s) {}
  /// Nothing: read as far as it goes now. Does nothing for a class without a log.
  std::optional<outside::request> next();
  void hear(const outside::answer& a);

private:
  void take_round();
  session& s_;
  std::optional<walk_steps> walk_;
  unsigned round_ = 0;
  bool over_ = false;
};

} // namespace o3::declarative
