// Inside of the schedules actor: every schedule and calendar of the installation, in memory as in
// the store. A step of a schedule is written down, then done (runtime/schedule/decide.hpp); one
// write of it is in flight at a time, and what is asked meanwhile waits. Included by this folder's
// own .cpp files only. Threads: one owner; what other threads have to say comes by post().
#pragma once
#include "actors/engine/messages.hpp"
#include "actors/schedules/document.hpp"
#include "actors/schedules/port.hpp"

#include <deque>
#include <map>
#include <set>

namespace o3::schedules {

class owner;
using task_fn = std::function<void(owner&)>;

/// How the owner reaches its own mailbox. Any thread.
struct mailbox {
  std::function<void(task_fn)> post;
  std::function<void(millis, task_fn)> later; ///< the owner's thread only
};

class owner {
public:
  owner(engine::context_ptr ctx, engine::port& port, mailbox box);

  void begin(); ///< reads everything; questions wait until it is there
  void ask(question q, engine::reply_fn reply);
  void on(const engine::watch_window& m);
  void on(const engine::firing_ended& m);

private:
  using key = std::pair<std::string, std::string>; ///< project, name

  struct entry {
    stored_schedule s;
    std::uint64_t version = 0; ///< of its document; 0: not written yet
    std::uint64_t serial = 0;  ///< of this entry: answers meant for an earlier one are dropped
    bool busy = false;         ///< a read, a write or a submission is under way
    bool again = false;        ///< look again when that is over
    std::optional<wall_time> due;
    std::deque<task_fn> asked; ///< what waits until that is over
  };
  struct kept_calendar {
    json told;
    std::shared_ptr<const schedule::calendar> parsed; ///< null: it cannot be read, and is closed
    std::uint64_t version = 0;
    wall_time updated_at;
  };
  struct unreadable {
    std::uint64_t version = 0;
    error why;
  };
  struct everything {
    std::vector<store::document> schedules, calendars;
  };
  using on_entry = std::function<void(owner&, const key&, entry&)>;

  // owner.cpp
  void load(everything& all);
  /// Runs `f` on the engine reader's thread, or `failed` if it could not be run.
  void read(std::function<void(store::reader&)> f, task_fn failed);
  /// Writes one document, then calls `f` with what became of it.
  void write(store::document_put put, std::function<void(owner&, store::outcome)> f);
  /// A task for the entry as it is now; dropped if that is gone by then.
  [[nodiscard]] task_fn for_entry(const key& k, const entry& e, on_entry f) const;
  [[nodiscard]] wall_time now() const { return ctx_->time.wall(); }

  // owner_steps.cpp
  void look(const key& k, entry& e);
  void advance(const key& k, entry& e, bool active_ended);
  void act(const key& k, entry& e);
  void look_up(const key& k, entry& e, wall_time planned);
  void submit(const key& k, entry& e, wall_time planned);
  void on_submitted(const key& k, entry& e, wall_time planned, engine::answer a);
  void cancel(const key& k, entry& e);
  /// Writes `next`; `f` once it is on disk. If somebody else wrote, the entry is read anew.
  void keep(const key& k, entry& e, schedule::progress next, on_entry f);
  void reload(const key& k, entry& e);
  void rest(const key& k, entry& e);
  void rest_until(const key& k, entry& e, millis pause);
  [[nodiscard]] std::optional<wall_time> opens(const stored_schedule& s) const;
  [[nodiscard]] store::document_put put_of(const stored_schedule& s, std::uint64_t version) const;
  void set_due(const key& k, entry& e, std::optional<wall_time> at);
  void arm();
  void on_tick(std::uint64_t generation);

  // owner_asks.cpp
  void list(const question& q, const engine::reply_fn& reply);
  void show(const question& q, const engine::reply_fn& reply);
  void make(const question& q, const engine::reply_fn& reply);
  void add(const key& k, stored_schedule s, const engine::reply_fn& reply,
           const std::vector<error>& warnings);
  void change(const key& k, entry& e, stored_schedule s, const engine::reply_fn& reply,
              const std::vector<error>& warnings);
  /// Everything planned up to now is accounted for.
  [[nodiscard]] schedule::progress settled(const stored_schedule& s) const;
  void remove(const key& k, entry& e, const question& q, const engine::reply_fn& reply);
  void remove_broken(const key& k, const question& q, const engine::reply_fn& reply);
  void pause(const key& k, entry& e, bool on, const question& q, const engine::reply_fn& reply);
  void with_idle(const question& q, const engine::reply_fn& reply,
                 std::function<void(owner&, const key&, entry&)> f);
  void reply_view(const entry& e, const engine::reply_fn& reply, std::size_t next = 1,
                  engine::answer::how kind = engine::answer::how::ok,
                  const std::vector<error>& warnings = {}) const;

  // owner_calendars.cpp
  void list_calendars(const question& q, const engine::reply_fn& reply);
  void show_calendar(const question& q, const engine::reply_fn& reply);
  void put_calendar(const question& q, const engine::reply_fn& reply);
  void remove_calendar(const question& q, const engine::reply_fn& reply);
  /// Writes it, then hands out the calendars anew and calls `f`.
  void keep_calendar(const key& k, kept_calendar next, bool there, task_fn f,
                     const engine::reply_fn& reply);
  /// Runs `f` when no change of a calendar is under way.
  bool calendar_turn(const question& q, const engine::reply_fn& reply);
  void end_calendar_turn();
  void publish_calendars();
  void wake_all();

  engine::context_ptr ctx_;
  engine::port& port_;
  mailbox box_;
  const wall_time started_;
  bool loaded_ = false;
  std::deque<task_fn> early_; ///< asked before everything was read
  std::map<key, entry> all_;
  std::map<key, unreadable> broken_; ///< documents that cannot be read
  std::uint64_t serials_ = 0;
  std::set<std::pair<wall_time, key>> due_;
  std::uint64_t generation_ = 0; ///< of the tick that counts
  std::optional<wall_time> tick_at_;
  std::map<key, kept_calendar> calendars_;
  bool calendar_busy_ = false;
  std::deque<task_fn> calendar_asks_; ///< wait for it
  /// Workflows that wait for a window, and until when that is known.
  std::map<id, wall_time> watching_;
  std::size_t sweep_at_ = 1024;
};

/// Reads all calendars and hands them out; before anything is decided.
void load_calendars(const engine::node_context& ctx, store::reader& in);
engine::answer refusal(fault code, std::string message, std::string hint = {});
engine::answer refusal(std::vector<error> errors, std::string_view what);

} // namespace o3::schedules
