#include "actors/supervision/supervisor.hpp"

#include "actors/pch.hpp"

namespace {
struct stop_tree {};
struct tree_tick {
  std::uint64_t generation;
};
} // namespace
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stop_tree)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tree_tick)

namespace o3::actors {
namespace {

struct running {
  child row;
  caf::actor handle;
  std::vector<caf::actor_clock::time_point> restarts;
};

struct supervisor_state {
  static inline const char* name = "supervisor"; // NOLINT: CAF wants this name
  supervisor_options options;
  std::shared_ptr<directory> dir;
  std::vector<running> children;
  bool stopping = false;
  std::uint64_t generation = 0;
};
using supervisor_actor = caf::stateful_actor<supervisor_state>;

void start_child(supervisor_actor* self, running& r) {
  r.handle = r.row.spawn(self->system());
  self->monitor(r.handle);
  self->state.dir->set(r.row.name, r.handle);
}

// Ends the last child that still runs; its down message brings us back here.
void stop_next(supervisor_actor* self) {
  auto& st = self->state;
  for (auto it = st.children.rbegin(); it != st.children.rend(); ++it)
    if (it->handle) {
      self->send_exit(it->handle, caf::exit_reason::user_shutdown);
      self->delayed_send(self, it->row.shutdown, tree_tick{++st.generation});
      return;
    }
  st.dir->clear();
  self->quit();
}

void begin_stop(supervisor_actor* self) {
  if (std::exchange(self->state.stopping, true))
    return;
  stop_next(self);
}

bool may_restart(supervisor_actor* self, running& r, const caf::error& reason) {
  if (r.row.kind == restart::temporary || r.row.kind == restart::essential
      || (r.row.kind == restart::transient && !reason))
    return false;
  auto now = self->clock().now();
  std::erase_if(r.restarts, [&](auto t) { return t + self->state.options.restart_window < now; });
  r.restarts.push_back(now);
  return r.restarts.size() <= self->state.options.restarts_max;
}

void on_down(supervisor_actor* self, const caf::down_msg& down) {
  auto& st = self->state;
  for (auto& r : st.children) {
    if (!r.handle || r.handle.address() != down.source)
      continue;
    r.handle = nullptr;
    if (st.stopping) {
      stop_next(self);
      return;
    }
    auto reason = reason_text(down.reason);
    st.options.log.write(log_level::error, "supervisor", "service ended",
                         {{"service", r.row.label}, {"reason", reason}});
    if (may_restart(self, r, down.reason)) {
      start_child(self, r);
      if (st.options.on_restart)
        st.options.on_restart(r.row.name);
    } else if (r.row.kind == restart::permanent || r.row.kind == restart::essential) {
      if (st.options.on_escalate)
        st.options.on_escalate(r.row.label, reason);
      begin_stop(self);
    }
    return;
  }
}

caf::behavior supervisor(supervisor_actor* self, supervisor_options o,
                         std::shared_ptr<directory> d) {
  init_actor(self, o.log, "supervisor");
  self->state.options = std::move(o);
  self->state.dir = std::move(d);
  self->set_down_handler([=](caf::down_msg& m) { on_down(self, m); });
  self->set_exit_handler([=](caf::exit_msg&) { begin_stop(self); });
  for (auto& row : self->state.options.children) {
    self->state.children.push_back({row, nullptr, {}});
    start_child(self, self->state.children.back());
  }
  if (self->state.options.on_started)
    self->state.options.on_started();
  return {
    [=](stop_tree) { begin_stop(self); },
    [=](tree_tick t) {
      auto& st = self->state;
      if (!st.stopping || t.generation != st.generation)
        return;
      for (auto it = st.children.rbegin(); it != st.children.rend(); ++it)
        if (it->handle) {
          st.options.log.write(log_level::warning, "supervisor",
                               "service killed: it did not stop in time",
                               {{"service", it->row.label}});
          self->send_exit(it->handle, caf::exit_reason::kill);
          return;
        }
    },
  };
}

} // namespace

caf::actor spawn_supervisor(caf::actor_system& sys, supervisor_options o,
                            std::shared_ptr<directory> d) {
  return sys.spawn(supervisor, std::move(o), std::move(d));
}

void stop_supervisor(const caf::actor& supervisor) {
  caf::anon_send(supervisor, stop_tree{});
}

std::string reason_text(const caf::error& reason) {
  if (!reason)
    return "normal";
  if (reason == caf::exit_reason::user_shutdown)
    return "user_shutdown";
  const auto& context = reason.context();
  if (context.match_elements<std::string>())
    return context.get_as<std::string>(0);
  return caf::deep_to_string(reason);
}

void init_actor(caf::scheduled_actor* self, const logger& log, std::string name) {
  self->set_exception_handler([log, name](std::exception_ptr& p) -> caf::error {
    std::string text = "something that is no std::exception was thrown";
    try {
      std::rethrow_exception(p);
    } catch (const std::exception& e) {
      text = e.what();
    } catch (...) { // NOLINT(bugprone-empty-catch): the text above says it
    }
    log.write(log_level::error, name, "exception", {{"text", text}});
    return caf::make_error(caf::sec::runtime_error, std::move(text));
  });
  caf::scheduled_actor::default_handler drop
    = [log, name](caf::scheduled_actor*, caf::message_view& m) -> caf::result<caf::message> {
    log.write(log_level::warning, name, "unexpected message dropped",
              {{"content", m.content().stringify()}});
    return caf::sec::unexpected_message;
  };
  self->set_default_handler(std::move(drop));
}

} // namespace o3::actors
