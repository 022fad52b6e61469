// The pool's state and the steps its files share; included by pool_*.cpp only.
// Threads: the pool actor's.
#pragma once
#include "actors/workers/pool_actor.hpp"
#include "actors/workers/wire.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace o3::workers {

// -- messages of the pool to itself; `generation` tells a worker from the ones before it in its
// slot
struct worker_said {
  std::size_t slot = 0;
  std::uint64_t generation = 0;
  heard what;
};
struct worker_gone {
  std::size_t slot = 0;
  std::uint64_t generation = 0;
  std::string reason;
};
struct pool_tick {
  enum class kind : std::uint8_t { hello_due, drop_due, advance, restart, kill_all };
  kind what = kind::hello_due;
  std::size_t slot = 0;
  std::uint64_t generation = 0;
  std::uint64_t about = 0; ///< drop_due: the call; advance: the time, in ms
};

struct worker_slot {
  enum class phase : std::uint8_t {
    unused,   ///< nothing was started yet
    starting, ///< its hello is awaited
    ready,
    doomed,  ///< killed, its end is awaited; what it says does not count
    resting, ///< ended; started again after a delay
  };
  phase now = phase::unused;
  std::unique_ptr<link> wire;
  std::uint64_t generation = 0;
  std::uint32_t load = 0;     ///< calls in it
  std::uint32_t failures = 0; ///< in a row
  bool useful = false;        ///< it ended a call
  std::string doom;           ///< why it was killed
  std::optional<wall_time> armed;
};

struct open_call {
  std::shared_ptr<const call> what; ///< until it is sent
  caf::actor from;                  ///< none: nobody waits for it any more
  std::optional<std::size_t> slot;  ///< none: queued
};

struct pool_state {
  static inline const char* name = "workers"; // NOLINT: CAF wants this name
  engine::context_ptr ctx;
  options opts;
  std::vector<worker_slot> slots;
  std::unordered_map<std::uint64_t, open_call> calls;
  std::unordered_multimap<caf::actor_id, std::uint64_t> by_caller;
  std::deque<std::uint64_t> queue; ///< ids; one that is no longer in `calls` is skipped
  std::size_t queued = 0;
  std::uint64_t last_id = 0;
  bool stopping = false;

  /// A pool that ends by a fault says so to everyone who waits; one that was told to stop does not:
  /// the calls are still open in the journal and are made again.
  ~pool_state();
};
using pool_actor = caf::stateful_actor<pool_state>;

// -- workers (pool_workers.cpp)
void start_workers(pool_actor* self); ///< those that never ran
void start_worker(pool_actor* self, std::size_t slot);
void send_line(pool_actor* self, std::size_t slot, std::string line);
void doom(pool_actor* self, std::size_t slot, std::string why);
void on_gone(pool_actor* self, const worker_gone& m);
void on_hello(pool_actor* self, std::size_t slot, const hello& h);
void on_tick(pool_actor* self, const pool_tick& t);
void stop_all(pool_actor* self);

// -- calls (pool_calls.cpp)
void on_run(pool_actor* self, run_call& m);
void on_ack(pool_actor* self, const call_ack& m);
void on_stop_call(pool_actor* self, std::uint64_t id);
void on_caller_down(pool_actor* self, caf::actor_id who);
void on_said(pool_actor* self, worker_said& m);
void dispatch(pool_actor* self);
/// Tells everyone whose call is in `slot`, or queued if none, that it is lost; answers how many.
std::size_t lose(pool_actor* self, std::optional<std::size_t> slot, const std::string& why);

} // namespace o3::workers

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::workers::worker_said)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::workers::worker_gone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::workers::pool_tick)
