#include "actors/engine/outside_actor.hpp"

#include "actors/engine/outside_shell.hpp"
#include "actors/supervision/supervisor.hpp"
#include "runtime/base/in_hand.hpp"

#include "actors/pch.hpp"

namespace o3::engine {

using outside::topic;

namespace {

constexpr millis poller_pause{1'000}; ///< until a new poller is there

void on_hold(outside_actor* self, const std::shared_ptr<talk_order>& o) {
  auto about = o->what.about;
  auto& c = self->state.talks[about];
  self->state.dropped = self->state.dropped || o->what.last;
  bool same = c.order && c.order->what.launch_attempt == o->what.launch_attempt;
  if (same && (about == topic::watch || about == topic::cancel))
    return;
  c.order = o;
  self->state.known.join(o->secret);
  o->secret = {}; // ten thousand of these wait at once
  c.failures = 0;
  c.since = {};
  c.polled = false;
  guarded(self, about, [&] {
    if (about != topic::watch || o->what.last || !poll(self))
      begin(self, about);
  });
}

void on_drop(outside_actor* self) {
  auto& st = self->state;
  st.dropped = true;
  std::erase_if(st.talks, [](const auto& t) { return !t.second.order->what.last; });
  if (st.talks.empty())
    leave(self);
}

void on_heard(outside_actor* self, const heard& m) {
  for (auto& [about, c] : self->state.talks)
    if (c.number == m.talk && c.talk) {
      auto topic_now = about;
      guarded(self, topic_now, [&] {
        self->state.talks.at(topic_now).talk->hear(std::move(*m.what));
        go_on(self, topic_now);
      });
      return;
    }
}

void on_again(outside_actor* self, const again& a) {
  auto& st = self->state;
  if (st.ctx->draining->load()) { // what waits is begun again by the next start
    leave(self);
    return;
  }
  auto it = st.talks.find(a.about);
  if (it == st.talks.end())
    return;
  auto& c = it->second;
  if (a.generation == 0) {
    if (!st.poller)
      guarded(self, a.about, [&] {
        bool was_polled = c.polled;
        if (!poll(self) && was_polled)
          begin(self, a.about);
      });
  } else if (c.number == a.generation && c.talk && a.turn)
    take_turn(self, a.about, std::move(*a.turn));
  else if (c.number == a.generation && !c.talk && !a.turn)
    guarded(self, a.about, [&] { begin(self, a.about); });
}

// Its workflow has ended, rests, or crashed and begins anew; or the poller is a new one.
void on_down(outside_actor* self, const caf::down_msg& m) {
  auto& st = self->state;
  if (!st.poller || m.source != st.poller.address()) {
    on_drop(self);
    return;
  }
  st.poller = nullptr;
  self->delayed_send(self, poller_pause, caf::make_message(again{topic::watch, 0, nullptr}));
}

caf::behavior outside_task(outside_actor* self, const context_ptr& ctx, const id& workflow,
                           const caf::actor& parent) {
  actors::init_actor(self, ctx->log, "outside");
  auto& st = self->state;
  st.ctx = ctx;
  st.workflow = workflow;
  st.parent = parent;
  self->monitor(parent);
  self->set_down_handler([=](const caf::down_msg& m) { on_down(self, m); });
  self->set_exit_handler([=](const caf::exit_msg& m) { leave(self, m.reason); });
  return {
    [=](const hold& m) {
      const in_hand held{self->state.workflow};
      on_hold(self, m.what);
    },
    [=](drop_all) { on_drop(self); },
    [=](const heard& m) {
      const in_hand held{self->state.workflow};
      on_heard(self, m);
    },
    [=](const again& a) {
      const in_hand held{self->state.workflow};
      on_again(self, a);
    },
    [=](const pollers::polled& m) {
      const in_hand held{self->state.workflow};
      on_polled(self, m);
    },
  };
}

} // namespace

void leave(outside_actor* self, caf::error reason) {
  unwatch(self);
  self->demonitor(self->state.parent);
  self->quit(std::move(reason));
}

caf::message to_message(hold x) {
  return caf::make_message(std::move(x));
}

caf::message to_message(drop_all x) {
  return caf::make_message(x);
}

caf::actor spawn_outside(caf::actor_system& sys, const context_ptr& ctx, const id& workflow,
                         const caf::actor& parent) {
  return sys.spawn(outside_task, ctx, workflow, parent);
}

} // namespace o3::engine
