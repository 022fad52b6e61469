#include "actors/engine/outside_actor.hpp"

#include "actors/engine/messages.hpp"
#include "actors/pollers/poller_actor.hpp"
#include "actors/supervision/supervisor.hpp"
#include "runtime/outside/poll_schedule.hpp"

#include "actors/pch.hpp"
#include <map>

namespace o3::engine {
namespace {

using outside::topic;

// Answers come from the caller's thread; the talk may be over by then, so they name it.
struct heard {
  std::uint64_t talk = 0;
  std::shared_ptr<outside::answer> what;
};
struct again {
  topic about = topic::watch;
  std::uint64_t generation = 0;
  std::shared_ptr<outside::request> turn; ///< its turn has come
};

} // namespace
} // namespace o3::engine

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::engine::heard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::engine::again)

namespace o3::engine {
namespace {

struct conversation {
  std::uint64_t number = 0; ///< of the talk; an answer to another is stale
  std::shared_ptr<talk_order> order;
  std::unique_ptr<outside::talk> talk; ///< none while it waits to be held again
  std::uint32_t failures = 0;          ///< in a row: how long it waits grows with them
  steady_time since{};                 ///< when the first talk of its kind began
  bool polled = false;                 ///< a watch that the poller keeps
  steady_time log_due{};               ///< of such a watch
};

struct outside_actor_state {
  static inline const char* name = "outside"; // NOLINT: CAF wants this name
  context_ptr ctx;
  caf::actor parent;
  std::map<topic, conversation> talks;
  caf::actor poller; ///< while it watches for us
  std::uint64_t numbers = 0;
  bool dropped = false;
};
using outside_actor = caf::stateful_actor<outside_actor_state>;

constexpr millis again_max{60'000};   ///< between tries at a target that does not answer
constexpr millis poller_pause{1'000}; ///< until a new poller is there
constexpr millis last_pause{2'000};
constexpr millis log_pause_max{300'000}; ///< between two readings of the log of what runs long
constexpr std::uint32_t last_tries = 5;  ///< of a cancel nobody waits for

void unwatch(outside_actor* self) {
  auto& poller = self->state.poller;
  if (!poller)
    return;
  self->demonitor(poller);
  self->send(poller, pollers::to_message(pollers::poll_stop{self->address()}));
  poller = nullptr;
}

void leave(outside_actor* self, caf::error reason = {}) {
  unwatch(self);
  self->demonitor(self->state.parent);
  self->quit(std::move(reason));
}

void tell(outside_actor* self, const talk_order& o, topic about, outside::conclusion c) {
  auto e = std::make_shared<workflow::event>(
    workflow::talked{o.what.task, o.what.attempt, about, o.what.launch_attempt, std::move(c)});
  self->send(self->state.parent, to_message(task_event{std::move(e), {}}));
}

outside::conclusion broken(topic about, std::string why) {
  outside::conclusion c;
  c.trouble = why;
  if (about == topic::read || about == topic::finish)
    c.end = task_end{task_state::exception, fault::task_exception, std::move(why)};
  return c;
}

void go_on(outside_actor* self, topic about);

outside::occasion occasion_of(const outside_actor_state& st, const talk_order& o) {
  return {.inputs = o.inputs,
          .attributes = o.attributes,
          .attempt = o.what.attempt,
          .last_task_state = o.last_task_state,
          .marker = o.what.marker,
          .key = o.what.key,
          .witness = o.what.witness,
          .external_id = o.external_id,
          .details = o.details.is_null() ? nullptr : &o.details,
          .force = o.force,
          .logs_wanted = true,
          .now = st.ctx->time.wall()};
}

void begin(outside_actor* self, topic about) {
  auto& st = self->state;
  auto& c = st.talks.at(about);
  c.number = ++st.numbers;
  if (c.since == steady_time{})
    c.since = st.ctx->time.steady();
  c.talk = c.order->code->begin(about, occasion_of(st, *c.order));
  go_on(self, about);
}

// Gives the watch to the poller. False if its class asks for each thing alone: then the poller
// passes on hints only.
bool poll(outside_actor* self) {
  auto& st = self->state;
  auto& c = st.talks.at(topic::watch);
  auto poller = st.ctx->services->get(actors::service::pollers);
  if (!poller || c.order->external_id.empty())
    return false;
  auto group = c.order->code->group ? c.order->code->group(c.order->inputs)
                                    : std::optional<outside::watch_group>{};
  unwatch(self);
  st.poller = poller;
  self->monitor(poller);
  c.polled = group.has_value();
  c.since = st.ctx->time.steady();
  c.log_due = c.since + c.order->code->watch_every;
  auto order = std::make_shared<pollers::poll_order>();
  order->who = self;
  order->group = group ? *std::move(group) : outside::watch_group{};
  order->id = c.order->external_id;
  self->send(poller, pollers::to_message(pollers::poll_for{std::move(order)}));
  return c.polled;
}

void hold_again(outside_actor* self, topic about, millis in) {
  auto& c = self->state.talks.at(about);
  c.talk.reset();
  self->delayed_send(self, in, caf::make_message(again{about, c.number, nullptr}));
}

millis pause(const outside_actor_state& st, const conversation& c,
             const outside::conclusion& said) {
  auto pace = c.order->code->watch_every > millis{0} ? c.order->code->watch_every
                                                     : st.ctx->opts.poll_interval;
  if (c.order->what.about == topic::watch) // young things are looked at more often
    pace = outside::poll_schedule::interval(st.ctx->time.steady() - c.since,
                                            std::min(st.ctx->opts.poll_least, pace),
                                            std::max(st.ctx->opts.poll_most, pace));
  auto grown = pace * (std::int64_t{1} << std::min<std::uint32_t>(c.failures, 6));
  auto wait = said.ask_in.value_or(std::min(grown, std::max(pace, again_max)));
  return c.order->what.last ? std::min(wait, last_pause) : wait;
}

// A talk that goes on: watches until the end, reads and finishes until they can.
void concluded(outside_actor* self, topic about, outside::conclusion said) {
  auto& st = self->state;
  auto& c = st.talks.at(about);
  auto order = c.order;
  c.failures = said.trouble.empty() ? 0 : c.failures + 1;
  for (const auto& [name, value] : said.set.items())
    order->attributes[name] = value;
  bool last = order->what.last;
  if (about == topic::watch && (said.over || said.end)) {
    auto next = std::make_shared<talk_order>(*order);
    st.talks.erase(about);
    unwatch(self);
    bool finish = said.over;
    tell(self, *next, about, std::move(said));
    if (finish) {
      st.talks[topic::finish].order = std::move(next);
      begin(self, topic::finish);
    }
    return;
  }
  bool goes_on = about == topic::watch
                 || (!said.end && (about == topic::read || about == topic::finish))
                 || (about == topic::cancel && (said.ask_in || !said.trouble.empty()));
  if (last && c.failures >= last_tries)
    goes_on = false;
  if (about == topic::watch && c.polled) { // the poller comes again
    c.talk.reset();
    c.log_due = st.ctx->time.steady()
                + outside::poll_schedule::interval(st.ctx->time.steady() - c.since,
                                                   order->code->watch_every, log_pause_max);
  } else if (goes_on)
    hold_again(self, about, pause(st, c, said));
  else
    st.talks.erase(about);
  if (!last)
    tell(self, *order, about, std::move(said));
  if (st.dropped && st.talks.empty())
    leave(self);
}

void hear_later(outside_actor* self, const conversation& c, outside::answer a) {
  self->send(self,
             caf::make_message(heard{c.number, std::make_shared<outside::answer>(std::move(a))}));
}

void call(outside_actor* self, const conversation& c, outside::request request) {
  outside::call_terms terms;
  if (request.once) {
    terms.deadline = c.order->what.deadline;
    terms.not_after = c.order->what.not_after;
  }
  self->state.ctx->targets->call(
    std::move(request), terms,
    [me = caf::actor_cast<caf::weak_actor_ptr>(self), number = c.number](outside::answer a) {
      if (auto to = caf::actor_cast<caf::actor>(me))
        caf::anon_send(to, heard{number, std::make_shared<outside::answer>(std::move(a))});
    });
}

void go_on(outside_actor* self, topic about) {
  auto& st = self->state;
  auto& c = st.talks.at(about);
  auto request = c.talk->next();
  if (!request) {
    auto said = c.talk->conclude();
    concluded(self, about, std::move(said));
    return;
  }
  if (!st.ctx->targets) {
    outside::answer none;
    none.sent_nothing = true;
    none.problem = "this node has no client for targets";
    hear_later(self, c, std::move(none));
    return;
  }
  // What may start something was announced with a deadline, and follows talks that had their turn.
  auto held = st.ctx->targets->hold_back(*request, request->once ? outside::turn::ahead
                                                   : c.polled    ? outside::turn::spare
                                                                 : outside::turn::fair);
  if (!held) {
    call(self, c, *std::move(request));
    return;
  }
  if (held->mine) {
    self->delayed_send(
      self, held->wait,
      caf::make_message(
        again{about, c.number, std::make_shared<outside::request>(*std::move(request))}));
    return;
  }
  if (c.polled) { // its log can wait
    c.talk.reset();
    c.log_due = st.ctx->time.steady() + held->wait;
    return;
  }
  outside::answer none;
  none.sent_nothing = true;
  none.problem = held->why;
  none.wait = held->wait;
  hear_later(self, c, std::move(none));
}

// What a class throws ends its talk, not the node.
template <class F>
void guarded(outside_actor* self, topic about, F f) {
  try {
    f();
  } catch (const std::exception& e) {
    concluded(self, about, broken(about, std::string{"the class threw: "} + e.what()));
  }
}

void on_hold(outside_actor* self, const std::shared_ptr<talk_order>& o) {
  auto about = o->what.about;
  auto& c = self->state.talks[about];
  self->state.dropped = self->state.dropped || o->what.last;
  bool same = c.order && c.order->what.launch_attempt == o->what.launch_attempt;
  if (same && (about == topic::watch || about == topic::cancel))
    return;
  c.order = o;
  c.failures = 0;
  c.since = {};
  c.polled = false;
  guarded(self, about, [&] {
    if (about != topic::watch || o->what.last || !poll(self))
      begin(self, about);
  });
}

// A row of the thing we wait for; its log is read when it runs, now and then.
void on_polled(outside_actor* self, const pollers::polled& m) {
  auto& st = self->state;
  auto it = st.talks.find(topic::watch);
  if (it == st.talks.end() || it->second.talk || m.id != it->second.order->external_id)
    return;
  auto& c = it->second;
  guarded(self, topic::watch, [&] {
    const auto& code = *c.order->code;
    if (!m.trouble.empty()) {
      outside::conclusion said;
      said.trouble = m.trouble;
      tell(self, *c.order, topic::watch, std::move(said));
      return;
    }
    if (!m.row) { // asked for alone: it says more
      begin(self, topic::watch);
      return;
    }
    auto said = code.judge(*m.row, occasion_of(st, *c.order));
    bool read_log = code.logs && said.running && st.ctx->time.steady() >= c.log_due;
    auto log_due = c.log_due;
    concluded(self, topic::watch, std::move(said));
    auto still = st.talks.find(topic::watch);
    if (still == st.talks.end())
      return;
    still->second.log_due = log_due; // only a talk of its own reads the log
    if (read_log)
      begin(self, topic::watch);
  });
}

void on_drop(outside_actor* self) {
  auto& st = self->state;
  st.dropped = true;
  std::erase_if(st.talks, [](const auto& t) { return !t.second.order->what.last; });
  if (st.talks.empty())
    leave(self);
}

caf::behavior outside_task(outside_actor* self, const context_ptr& ctx, const caf::actor& parent) {
  actors::init_actor(self, ctx->log, "outside");
  auto& st = self->state;
  st.ctx = ctx;
  st.parent = parent;
  self->monitor(parent);
  // Its workflow has ended, rests, or crashed and begins anew; or the poller is a new one.
  self->set_down_handler([=](const caf::down_msg& m) {
    if (self->state.poller && m.source == self->state.poller.address()) {
      self->state.poller = nullptr;
      self->delayed_send(self, poller_pause, caf::make_message(again{topic::watch, 0, nullptr}));
    } else
      on_drop(self);
  });
  self->set_exit_handler([=](const caf::exit_msg& m) { leave(self, m.reason); });
  return {
    [=](const hold& m) { on_hold(self, m.what); },
    [=](drop_all) { on_drop(self); },
    [=](const heard& m) {
      for (auto& [about, c] : self->state.talks)
        if (c.number == m.talk && c.talk) {
          auto topic_now = about;
          guarded(self, topic_now, [&] {
            self->state.talks.at(topic_now).talk->hear(std::move(*m.what));
            go_on(self, topic_now);
          });
          return;
        }
    },
    [=](again a) {
      auto& s = self->state;
      if (s.ctx->draining->load()) { // what waits is begun again by the next start
        leave(self);
        return;
      }
      auto it = s.talks.find(a.about);
      if (it == s.talks.end())
        return;
      auto& c = it->second;
      if (a.generation == 0) {
        if (!s.poller)
          guarded(self, a.about, [&] { poll(self); });
      } else if (c.number == a.generation && c.talk && a.turn)
        call(self, c, std::move(*a.turn));
      else if (c.number == a.generation && !c.talk && !a.turn)
        guarded(self, a.about, [&] { begin(self, a.about); });
    },
    [=](const pollers::polled& m) { on_polled(self, m); },
  };
}

} // namespace

caf::message to_message(hold x) {
  return caf::make_message(std::move(x));
}

caf::message to_message(drop_all x) {
  return caf::make_message(x);
}

caf::actor spawn_outside(caf::actor_system& sys, const context_ptr& ctx, const caf::actor& parent) {
  return sys.spawn(outside_task, ctx, parent);
}

} // namespace o3::engine
