#include "actors/engine/outside_actor.hpp"

#include "actors/engine/messages.hpp"
#include "actors/supervision/supervisor.hpp"

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
  std::optional<secrets::guard> guard;
  std::unique_ptr<outside::talk> talk; ///< none while it waits to be held again
  std::uint32_t failures = 0;          ///< in a row: how long it waits grows with them
};

struct outside_actor_state {
  static inline const char* name = "outside"; // NOLINT: CAF wants this name
  context_ptr ctx;
  caf::actor parent;
  std::map<topic, conversation> talks;
  secrets::masker known;         ///< every secret a talk of this attempt held
  secrets::masker::stream lines; ///< of the target's log, which may be cut anywhere
  std::uint64_t numbers = 0;
  bool dropped = false;
};
using outside_actor = caf::stateful_actor<outside_actor_state>;

constexpr millis again_max{60'000}; ///< between tries at a target that does not answer
constexpr millis last_pause{2'000};
constexpr std::uint32_t last_tries = 5; ///< of a cancel nobody waits for

void leave(outside_actor* self, caf::error reason = {}) {
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
void concluded(outside_actor* self, topic about, outside::conclusion said);

void begin(outside_actor* self, topic about) {
  auto& st = self->state;
  auto& c = st.talks.at(about);
  const auto& o = *c.order;
  c.number = ++st.numbers;
  auto guard = secrets::guard::open(o.inputs, st.ctx->secrets, o.who);
  if (!guard) {
    concluded(self, about, secrets::not_held(about, guard.error()));
    return;
  }
  guard->teach(st.known);
  c.guard = *std::move(guard);
  outside::occasion in{.inputs = c.guard->inputs(),
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
  c.talk = o.code->begin(about, in);
  go_on(self, about);
}

void hold_again(outside_actor* self, topic about, millis in) {
  auto& c = self->state.talks.at(about);
  c.talk.reset();
  self->delayed_send(self, in, caf::make_message(again{about, c.number}));
}

millis pause(const outside_actor_state& st, const conversation& c,
             const outside::conclusion& said) {
  auto pace = c.order->code->watch_every > millis{0} ? c.order->code->watch_every
                                                     : st.ctx->opts.poll_interval;
  auto grown = pace * (std::int64_t{1} << std::min<std::uint32_t>(c.failures, 6));
  auto wait = said.ask_in.value_or(std::min(grown, std::max(pace, again_max)));
  return c.order->what.last ? std::min(wait, last_pause) : wait;
}

// Nothing of a secret is told, neither to the workflow nor to the next talk.
void star(outside_actor* self, topic about, outside::conclusion& said) {
  auto& st = self->state;
  const auto& cls = st.talks.at(about).order->cls;
  secrets::mask(said, st.known, [&](const std::string& name) {
    const auto* field = cls ? cls->output(name) : nullptr;
    return (field != nullptr && field->secret) || is_secret_name(name);
  });
  if (about == topic::read || about == topic::watch || about == topic::finish) {
    const bool last = said.end && !(about == topic::watch && said.over); // then finish goes on
    secrets::mask_log(said, st.known, st.lines, last);
  } else {
    for (auto& l : said.log)
      l.text = st.known.masked(std::move(l.text));
  }
}

// A talk that goes on: watches until the end, reads and finishes until they can.
void concluded(outside_actor* self, topic about, outside::conclusion said) {
  auto& st = self->state;
  auto& c = st.talks.at(about);
  auto order = c.order;
  star(self, about, said);
  c.failures = said.trouble.empty() ? 0 : c.failures + 1;
  for (const auto& [name, value] : said.set.items())
    order->attributes[name] = value;
  bool last = order->what.last;
  if (about == topic::watch && (said.over || said.end)) {
    auto next = std::make_shared<talk_order>(*order);
    st.talks.erase(about);
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
  if (goes_on)
    hold_again(self, about, pause(st, c, said));
  else
    st.talks.erase(about);
  if (!last)
    tell(self, *order, about, std::move(said));
  if (st.dropped && st.talks.empty())
    leave(self);
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
    self->send(
      self, caf::make_message(heard{c.number, std::make_shared<outside::answer>(std::move(none))}));
    return;
  }
  if (auto no = c.guard->refuses(*request)) {
    c.talk.reset();
    concluded(self, about, secrets::not_held(about, *no));
    return;
  }
  outside::call_terms terms;
  if (request->once) {
    terms.deadline = c.order->what.deadline;
    terms.not_after = c.order->what.not_after;
  }
  st.ctx->targets->call(
    *std::move(request), terms,
    [me = caf::actor_cast<caf::weak_actor_ptr>(self), number = c.number](outside::answer a) {
      if (auto to = caf::actor_cast<caf::actor>(me))
        caf::anon_send(to, heard{number, std::make_shared<outside::answer>(std::move(a))});
    });
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
  self->state.known.join(o->secret);
  c.failures = 0;
  guarded(self, about, [&] { begin(self, about); });
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
  // Its workflow has ended, rests, or crashed and begins anew.
  self->set_down_handler([=](const caf::down_msg&) { on_drop(self); });
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
      if (it != s.talks.end() && it->second.number == a.generation && !it->second.talk)
        guarded(self, a.about, [&] { begin(self, a.about); });
    },
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
