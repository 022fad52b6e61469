// One launch: one call that starts something outside, written down before it is made. Its state is
// plain data, folded from records; nothing here performs anything. Threads: values.
//
// A record carries the whole of each group of fields that changed, so apply() only overwrites.
// Intervals that safety rests on are stored as durations; the steady times beside them mean
// something only in the epoch that wrote them (a restart and a take-over each begin a new one).
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/id.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/json_writer.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace o3::launch {

// The numbers of all enums here stand in the journal: they are never reused.

/// What can be done when it is unknown whether a call reached its target (DESIGN section 6).
enum class target_class : std::uint8_t {
  deduplicated = 0, ///< A: the target drops doubles of a key
  searched = 1,     ///< B: our marker can be searched for
  bare = 2,         ///< C: neither
  idempotent = 3    ///< D: sending again is harmless
};

enum class phase : std::uint8_t {
  prepared = 0,  ///< intended; nothing of this attempt was sent
  preflight = 1, ///< free GETs are under way
  sending = 2,   ///< the request may leave at any moment; no answer yet
  resending = 3, ///< A, D: the answer was lost, the same key is sent again when due
  searching = 4, ///< B: the answer was lost, the marker is searched; A, D: a conflict is re-read
  absent = 5,    ///< proven not to have happened; the next attempt follows when due
  parked = 6,    ///< needs an operator: adopt, declare absent, give up
  confirmed = 7, ///< the external id is known: final for this launch
  failed = 8,    ///< refused for good, or the attempts are used up, and nothing was started
  given_up = 9,  ///< an operator ended it without knowing
  canceled = 10  ///< ended on request before anything was started
};
inline constexpr std::size_t phase_count = 11;

/// Why a launch is parked.
enum class park_reason : std::uint8_t {
  none = 0,
  bare_ambiguous = 1,   ///< class C: the answer was lost and nothing can be searched
  undecidable = 2,      ///< searched, but what the listing shows cannot prove absence
  only_relaunches = 3,  ///< someone relaunched our job; the job itself is not to be seen
  attempt_twice = 4,    ///< circuit breaker: a second launch of the same attempt
  hourly_limit = 5,     ///< circuit breaker: too many launches of this task in an hour
  refused_in_doubt = 6, ///< refused now, but an earlier send may have been accepted
  restored = 7          ///< class C after a restored backup: may have been sent since
};

enum class surplus_rule : std::uint8_t { alert = 0, cancel = 1 };

std::string_view to_string(target_class c); ///< "A", "B", "C", "D"
std::string_view to_string(phase p);
std::string_view to_string(park_reason r);
/// Nothing will move it any more but news of a job nobody owns.
constexpr bool is_ended(phase p) {
  return p == phase::failed || p == phase::given_up || p == phase::canceled;
}
/// Neither ended nor confirmed: its job, if one turns up, becomes the launch's.
constexpr bool is_open(phase p) {
  return !is_ended(p) && p != phase::confirmed;
}

/// What never changes.
struct plan {
  id launch_id;
  std::string install8;
  target_class cls = target_class::bare;
  std::string request_sha256;   ///< 64 lower-case hex digits of what is sent
  bool preflight = true;        ///< free GETs come before each attempt; class B needs their witness
  bool retry_ambiguous = false; ///< class C, the template's `on_ambiguous: retry`
  surplus_rule on_surplus = surplus_rule::alert;
  wall_time intended_at{};
  millis quiesce{};       ///< a target commits and shows what it got within this time
  millis send_deadline{}; ///< a request is over, one way or another, within this time

  bool operator==(const plan&) const = default;
};

/// What the listing that would be searched showed before the request was sent.
struct witness {
  std::string newest;   ///< newest job id visible; "" when the listing was empty
  std::string identity; ///< who the target says we are

  bool operator==(const witness&) const = default;
};

/// Where it stands.
struct progress {
  launch::phase phase = launch::phase::prepared;
  std::uint32_t attempt = 1;
  std::uint32_t sent_attempt = 0; ///< the last attempt that was sent and not known undone
  std::uint64_t epoch = 0;        ///< the epoch of the last record; times below are its own
  steady_time since{};            ///< when the phase, or its interval, began
  std::optional<steady_time> due; ///< when a tick does something
  millis wait{};                  ///< how long the running timer is: run again in full elsewhere
  millis quiet{};                 ///< searching: how long nothing must be found
  std::uint32_t sends = 0;        ///< SENDING records, all attempts
  std::uint32_t searches = 0;     ///< listings asked for, all attempts
  std::uint32_t listings = 0;     ///< answers of the running search
  std::uint32_t clean = 0;        ///< of these, complete, trusted and without our marker
  std::uint32_t blind = 0;  ///< complete ones in a row, after the interval, that prove nothing
  std::uint32_t misses = 0; ///< searches or sends in a row without a usable answer
  bool asked = false;       ///< a search is out
  bool doubt = false;       ///< an earlier send may have been accepted
  bool look = false;        ///< after a restored backup: looked for after the pre-flight, then sent
  bool cancel = false;      ///< asked to end: no new attempt, and cancel what turns up
  bool sweep_pending = false; ///< sent more than once: look later whether an older one came through
  bool duplicate_seen = false;
  wall_time phase_at{}; ///< for people

  bool operator==(const progress&) const = default;
};

/// What came of it.
struct outcome {
  std::string external_id;
  json details;                        ///< whatever the answer carried; null when adopted
  bool adopted = false;                ///< found or named, not answered
  std::vector<std::string> surplus;    ///< other jobs with our marker; each was alerted once
  std::vector<std::string> relaunches; ///< jobs somebody relaunched from ours

  bool operator==(const outcome&) const = default;
};

struct note {
  park_reason reason = park_reason::none;
  std::string message; ///< the last thing that went wrong, for people

  bool operator==(const note&) const = default;
};

struct launch_state {
  launch::plan plan;
  launch::progress at;
  std::optional<launch::witness> witness; ///< of the last pre-flight
  launch::outcome outcome;
  launch::note note;
  std::vector<wall_time> sent_at; ///< of sends not known undone, the newest last

  bool operator==(const launch_state&) const = default;
};

/// One step: `at` always, the other groups when they changed. The first record of a launch has all.
struct record {
  progress at;
  std::optional<launch::plan> plan;
  std::optional<launch::witness> witness;
  std::optional<launch::outcome> outcome;
  std::optional<launch::note> note;
  std::optional<std::vector<wall_time>> sent_at;

  bool operator==(const record&) const = default;
};

/// The fold: pure, and all that replay uses.
void apply(launch_state& s, const record& r);
/// What turns `before` into `after`.
record difference(const launch_state& before, const launch_state& after);

/// The text of the marker of the current attempt, and what all attempts share.
std::string marker_text(const launch_state& s);
std::string key_text(const launch_state& s);

/// Something may run outside of which O3 knows nothing certain.
inline bool in_doubt(const launch_state& s) {
  return s.at.doubt || s.at.phase == phase::sending;
}

// -- on disk: {"v":1, …}, absent means default; a reader knows every earlier version
inline constexpr unsigned format_version = 1;
void encode(json_writer& out, const record& r);
/// `workflow_unreadable` says what is wrong or which version is unknown.
result<record> decode(const json& j);
/// A state is stored as the record that makes it.
json to_json(const launch_state& s);
result<launch_state> from_json(const json& j);

} // namespace o3::launch
