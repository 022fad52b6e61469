// What the poller does for an attempt, and how often it looks for itself.
#include "actors/engine/outside_shell.hpp"
#include "runtime/outside/poll_schedule.hpp"

#include "actors/pch.hpp"

namespace o3::engine {

using outside::topic;

namespace {

constexpr millis again_max{60'000};      ///< between tries at a target that does not answer
constexpr millis log_pause_max{300'000}; ///< between two readings of the log of what runs long
constexpr millis last_pause{2'000};      ///< of a cancel nobody waits for

// Requests in the poller's hands carry secrets only where those may go.
outside::watch_group kept(outside::watch_group g, const secrets::guard& guard) {
  g.ask = [ask = std::move(g.ask), guard](const std::vector<std::string>& ids) {
    auto request = ask(ids);
    return guard.refuses(request) ? outside::request{} : request;
  };
  return g;
}

} // namespace

void unwatch(outside_actor* self) {
  auto& poller = self->state.poller;
  if (!poller)
    return;
  self->demonitor(poller);
  self->send(poller, pollers::to_message(pollers::poll_stop{self->address()}));
  poller = nullptr;
}

bool poll(outside_actor* self) {
  auto& st = self->state;
  auto& c = st.talks.at(topic::watch);
  const auto& o = *c.order;
  auto poller = st.ctx->services->get(actors::service::pollers);
  if (!poller || o.external_id.empty())
    return false;
  auto order = std::make_shared<pollers::poll_order>();
  order->who = self;
  order->id = o.external_id;
  c.polled = false;
  if (o.code->group)
    if (auto guard = secrets::guard::open(o.inputs, st.ctx->secrets, o.who)) {
      guard->teach(st.known);
      if (auto group = o.code->group(guard->inputs())) {
        order->group = kept(*std::move(group), *guard);
        c.guard = *std::move(guard);
        c.polled = true;
      }
    }
  unwatch(self);
  st.poller = poller;
  self->monitor(poller);
  if (c.since == steady_time{})
    c.since = st.ctx->time.steady();
  c.log_due = st.ctx->time.steady() + o.code->watch_every;
  self->send(poller, pollers::to_message(pollers::poll_for{std::move(order)}));
  return c.polled;
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

void plan_log(const outside_actor_state& st, conversation& c) {
  auto now = st.ctx->time.steady();
  c.log_due
    = now
      + outside::poll_schedule::interval(now - c.since, c.order->code->watch_every, log_pause_max);
}

// A row of the thing we wait for; its log is read when it runs, now and then.
void on_polled(outside_actor* self, const pollers::polled& m) {
  auto& st = self->state;
  auto it = st.talks.find(topic::watch);
  if (it == st.talks.end() || it->second.talk || m.id != it->second.order->external_id)
    return;
  auto& c = it->second;
  guarded(self, topic::watch, [&] {
    if (!m.trouble.empty()) {
      outside::conclusion said;
      said.trouble = st.known.masked(m.trouble);
      listened(self, *c.order, topic::watch, said.trouble);
      tell(self, *c.order, topic::watch, std::move(said));
      if (m.refused) { // later, perhaps with a new secret
        unwatch(self);
        self->delayed_send(self, again_max / 2, caf::make_message(again{topic::watch, 0, nullptr}));
      }
      return;
    }
    if (!m.row || !c.guard) { // asked for alone: it says more
      begin(self, topic::watch);
      return;
    }
    auto said = c.order->code->judge(*m.row, occasion_of(st, *c.order, c.guard->inputs()));
    bool read_log = c.order->code->logs && said.running && st.ctx->time.steady() >= c.log_due;
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

} // namespace o3::engine
