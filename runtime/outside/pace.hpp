// How fast one target may be asked, as a pure machine: a token bucket, what the target itself asked
// for (Retry-After, X-RateLimit), and a circuit breaker. One `pace` is one system with one
// credential. Threads: a value with one owner; whoever shares it locks.
#pragma once
#include "runtime/outside/talk.hpp"

namespace o3::outside {

struct pace_options {
  double per_s = 20;              ///< requests a second, sustained; 0 means no bound
  double burst = 40;              ///< requests at once after a quiet time
  std::uint32_t failures_max = 5; ///< without any answer in a row, then calls are held back
  millis circuit_first{5'000};    ///< for this long; it doubles
  millis circuit_max{300'000};    ///< up to this
};

/// What a request is, as far as its turn is concerned.
enum class turn : std::uint8_t {
  fair,  ///< begins something: takes its turn behind those that asked before
  ahead, ///< not held back by the bucket: what was begun goes on (a send, a poller's batch)
  spare, ///< not worth waiting for: held back whenever the bucket is empty
  taken  ///< its turn was reserved and has come: counted already
};

/// Why a request may not leave now.
struct held_back {
  millis wait{0};    ///< ask again after this long
  bool mine = false; ///< bucket: the turn is reserved; then ask as `taken`
  std::string why; ///< for people: "https://awx.example asked for a pause, of which 12 s are left"
};

/// What held a call back, of a text that quotes held_back::why: `target_pause` (the target asked
/// for it), `circuit_open` (it does not answer), `rate_limited` (the node's own bound); "" for
/// none.
std::string_view held_code(std::string_view text);

class pace {
public:
  explicit pace(pace_options o, std::string origin) : o_(o), origin_(std::move(origin)) {}

  /// Nothing: it may leave now, and counts.
  std::optional<held_back> ask(turn t, steady_time now);
  /// Every answer, failures included; `wall` for dates in headers.
  void heard(const answer& a, steady_time now, wall_time wall);
  /// What was let go did not leave after all: it says nothing of the target.
  void withdrawn() { probing_ = false; }

  /// Whether calls are held back for lack of answers.
  [[nodiscard]] bool open() const { return failures_ >= o_.failures_max; }
  /// Nothing is remembered that a fresh one would not know.
  [[nodiscard]] bool idle(steady_time now) const;

private:
  [[nodiscard]] millis circuit_pause() const;
  std::optional<held_back> take_turn(turn t, steady_time now);

  pace_options o_;
  std::string origin_;
  double debt_ = 0; ///< requests taken beyond what has flowed back
  steady_time counted_{};
  steady_time pause_until_{};
  std::uint32_t failures_ = 0; ///< in a row
  steady_time circuit_until_{};
  std::uint32_t opened_ = 0;  ///< times in a row
  std::uint32_t refused_ = 0; ///< while it is open: they do not all come back together
  bool probing_ = false;      ///< one request finds out whether the target is back
  steady_time probe_until_{};
  std::string last_problem_;
};

} // namespace o3::outside
