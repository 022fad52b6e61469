// One talk from its beginning to what comes of it.
#include "actors/engine/outside_shell.hpp"

#include "actors/pch.hpp"

namespace o3::engine {

using outside::topic;

namespace {

constexpr std::uint32_t last_tries = 5; ///< of a cancel nobody waits for

void hold_again(outside_actor* self, topic about, millis in) {
  auto& c = self->state.talks.at(about);
  c.talk.reset();
  self->delayed_send(self, in, caf::make_message(again{about, c.number, nullptr}));
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

outside::answer not_sent(std::string why, std::optional<millis> wait) {
  outside::answer none;
  none.sent_nothing = true;
  none.problem = std::move(why);
  none.wait = wait;
  return none;
}

constexpr millis short_wait{5'000}; ///< is waited for with the talk in hand

// One turn a talk: what was begun goes on, what may start something was announced with a deadline.
std::optional<outside::held_back> turn_of(outside_actor_state& st, const conversation& c,
                                          const outside::request& request) {
  using outside::turn;
  auto now = st.ctx->time.steady();
  if (c.polled)
    return st.ctx->targets->hold_back(request, turn::spare);
  if (request.once || c.begun || c.order->what.last)
    return st.ctx->targets->hold_back(request, turn::ahead);
  if (!st.my_turn)
    return st.ctx->targets->hold_back(request, turn::fair);
  if (now < *st.my_turn)
    return outside::held_back{*st.my_turn - now, false,
                              "calls to this system are limited to a rate; its turn comes later"};
  st.my_turn.reset();
  return st.ctx->targets->hold_back(request, turn::taken);
}

} // namespace

outside::occasion occasion_of(const outside_actor_state& st, const talk_order& o,
                              const json& inputs) {
  return {.inputs = inputs,
          .attributes = o.attributes,
          .attempt = o.what.attempt,
          .last_task_state = o.last_task_state,
          .marker = o.what.marker,
          .key = o.what.key,
          .witness = o.what.witness,
          .external_id = o.external_id,
          .restored = o.what.restored,
          .details = o.details.is_null() ? nullptr : &o.details,
          .force = o.force,
          .logs_wanted = true,
          .now = st.ctx->time.wall()};
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

void listened(outside_actor* self, const talk_order& o, topic about, const std::string& trouble) {
  if (!o.heartbeat || (about != topic::read && about != topic::watch && about != topic::finish))
    return;
  auto& heard = self->state.heard;
  const auto now = self->state.ctx->time.steady();
  // Silence begins with the first question that brought nothing, not with the last answer.
  if (trouble.empty() || !heard) {
    heard = trouble.empty() ? std::nullopt : std::optional{now};
    return;
  }
  if (now - *heard < *o.heartbeat)
    return;
  auto e = std::make_shared<workflow::event>(
    workflow::fell_silent{o.what.task, o.what.attempt, trouble});
  self->send(self->state.parent, to_message(task_event{std::move(e), {}}));
}

void begin(outside_actor* self, topic about) {
  auto& st = self->state;
  auto& c = st.talks.at(about);
  const auto& o = *c.order;
  c.number = ++st.numbers;
  c.begun = false;
  if (c.since == steady_time{})
    c.since = st.ctx->time.steady();
  auto guard = secrets::guard::open(o.inputs, st.ctx->secrets, o.who);
  if (!guard) {
    concluded(self, about, secrets::not_held(about, guard.error()));
    return;
  }
  guard->teach(st.known);
  c.guard = *std::move(guard);
  c.talk = o.code->begin(about, occasion_of(st, o, c.guard->inputs()));
  go_on(self, about);
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
  if (!last && (said.trouble.empty() || c.begun || c.polled)) // else nothing was asked
    listened(self, *order, about, said.trouble);
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
  if (last && c.failures >= last_tries) {
    goes_on = false;
    st.ctx->log.write(log_level::error, "outside", "could not stop what a task had started",
                      {{"id", order->external_id}, {"why", said.trouble}});
  }
  if (c.polled) { // the poller comes again
    c.talk.reset();
    plan_log(st, c);
  } else if (goes_on)
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
    hear_later(self, c, not_sent("this node has no client for targets", {}));
    return;
  }
  if (auto no = c.guard->refuses(*request)) {
    c.talk.reset();
    concluded(self, about, secrets::not_held(about, *no));
    return;
  }
  auto held = turn_of(st, c, *request);
  if (!held) {
    c.begun = true;
    call(self, c, *std::move(request));
  } else if (held->mine && held->wait <= short_wait)
    self->delayed_send(
      self, held->wait,
      caf::make_message(
        again{about, c.number, std::make_shared<outside::request>(*std::move(request))}));
  else if (c.polled) { // its log can wait
    c.talk.reset();
    c.log_due = st.ctx->time.steady() + held->wait;
  } else { // whoever asked for the talk holds it again then, and burns nothing meanwhile
    if (held->mine)
      st.my_turn = st.ctx->time.steady() + held->wait;
    hear_later(self, c, not_sent(std::move(held->why), held->wait));
  }
}

void take_turn(outside_actor* self, topic about, outside::request request) {
  auto& st = self->state;
  auto& c = st.talks.at(about);
  // The target may have asked for a pause meanwhile, or gone.
  if (auto held = st.ctx->targets->hold_back(request, outside::turn::taken)) {
    hear_later(self, c, not_sent(std::move(held->why), held->wait));
    return;
  }
  c.begun = true;
  call(self, c, std::move(request));
}

} // namespace o3::engine
