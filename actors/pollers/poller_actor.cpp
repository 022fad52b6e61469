#include "actors/pollers/poller_actor.hpp"

#include "actors/supervision/supervisor.hpp"
#include "runtime/outside/pace.hpp"
#include "runtime/outside/poll_schedule.hpp"

#include "actors/pch.hpp"
#include <map>

namespace o3::pollers {
namespace {

struct heard {
  std::string group;
  std::uint64_t batch = 0;
  std::shared_ptr<outside::answer> what;
};
struct due {
  std::string group;
  std::uint64_t generation = 0;
};

} // namespace
} // namespace o3::pollers

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::pollers::heard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::pollers::due)

namespace o3::pollers {
namespace {

constexpr std::size_t in_flight_max = 2;   ///< batches of one group on their way
constexpr millis answer_patience{300'000}; ///< an answer that never comes is not waited for
constexpr millis trouble_max{60'000};      ///< between tries at a target that cannot be asked
constexpr millis gathering{50};            ///< those who come together are asked for together

struct batch {
  std::vector<std::string> ids;
  steady_time asked;
};

struct group {
  outside::watch_group how;
  outside::poll_schedule when;
  std::map<std::string, std::vector<caf::actor>> who{};
  std::map<std::uint64_t, batch> asked{};
  std::uint32_t failures = 0;            ///< in a row
  std::string trouble{};                 ///< the last reason that was told
  steady_time told{};                    ///< when
  std::uint64_t generation = 0;          ///< of the reminder that counts
  std::optional<steady_time> reminded{}; ///< when that one comes
};

struct poller_state {
  static inline const char* name = "pollers"; // NOLINT: CAF wants this name
  engine::context_ptr ctx;
  std::map<std::string, group> groups;
  std::map<caf::actor_addr, std::pair<std::string, std::string>> waiting; ///< group, id
  std::uint64_t batches = 0;
};
using poller = caf::stateful_actor<poller_state>;

// One reminder at a time, the earliest that was asked for.
void remind(poller* self, const std::string& key, group& g, steady_time at) {
  if (g.reminded && *g.reminded <= at)
    return;
  g.reminded = at;
  auto in = std::max(at - self->state.ctx->time.steady(), millis{0});
  self->delayed_send(self, in, caf::make_message(due{key, ++g.generation}));
}

void tell(poller* self, const group& g, const std::string& id, const polled& news) {
  if (auto it = g.who.find(id); it != g.who.end())
    for (const auto& to : it->second)
      self->send(to, news);
}

// The batch brought nothing: those who wait learn why, once for each reason; whose credential is
// refused learns it always, for only he can bring another.
void in_trouble(poller* self, group& g, const batch& b, const std::string& why, millis wait,
                bool refused = false) {
  auto now = self->state.ctx->time.steady();
  g.when.pause(now + wait);
  g.when.put_back(b.ids, now);
  ++g.failures;
  // Told again from time to time: who counts how long nothing was heard has to hear of it.
  bool news = g.trouble != why || now - g.told >= trouble_max;
  g.trouble = why;
  if (news)
    g.told = now;
  if (refused)
    for (const auto& [id, who] : g.who)
      tell(self, g, id, {id, nullptr, why, true});
  else if (news)
    for (const auto& [id, who] : g.who)
      tell(self, g, id, {id, nullptr, why, false});
}

millis backoff(const group& g, const engine::engine_options& o) {
  return std::min(o.poll_least * (std::int64_t{1} << std::min<std::uint32_t>(g.failures, 10)),
                  std::max(o.poll_least, trouble_max));
}

void send_batch(poller* self, const std::string& key, group& g, batch b) {
  auto& st = self->state;
  auto request = g.how.ask(b.ids);
  if (request.url.empty() || !st.ctx->targets) {
    in_trouble(self, g, b, "this node cannot ask for it", trouble_max);
    return;
  }
  if (auto held = st.ctx->targets->hold_back(request, outside::turn::ahead)) {
    // Words that stay the same while time passes: what is new is told to every task.
    in_trouble(self, g, b,
               outside::held_code(held->why) == "circuit_open"
                 ? "it does not answer (it is left alone for a while); it is asked again in turn"
                 : "it asked for a pause, of which some is left",
               held->wait);
    return;
  }
  auto number = ++st.batches;
  g.asked.emplace(number, std::move(b));
  st.ctx->targets->call(
    std::move(request), {},
    [me = caf::actor_cast<caf::weak_actor_ptr>(self), key, number](outside::answer a) {
      if (auto to = caf::actor_cast<caf::actor>(me))
        caf::anon_send(to, heard{key, number, std::make_shared<outside::answer>(std::move(a))});
    });
}

void ask(poller* self, const std::string& key, group& g) {
  auto& st = self->state;
  auto now = st.ctx->time.steady();
  for (auto it = g.asked.begin(); it != g.asked.end();)
    if (now - it->second.asked > answer_patience) {
      g.when.put_back(it->second.ids, now);
      it = g.asked.erase(it);
    } else
      ++it;
  while (g.asked.size() < in_flight_max) {
    auto ids = g.when.take(g.how.most, now);
    if (ids.empty())
      break;
    send_batch(self, key, g, {std::move(ids), now});
  }
  if (g.asked.size() < in_flight_max)
    if (auto next = g.when.next_due())
      remind(self, key, g, *next);
}

void leave(poller* self, const caf::actor_addr& who) {
  auto& st = self->state;
  auto at = st.waiting.find(who);
  if (at == st.waiting.end())
    return;
  self->demonitor(who);
  auto [key, id] = std::move(at->second);
  st.waiting.erase(at);
  auto it = st.groups.find(key);
  if (it == st.groups.end())
    return;
  auto& g = it->second;
  if (auto found = g.who.find(id); found != g.who.end()) {
    std::erase_if(found->second, [&](const caf::actor& a) { return a.address() == who; });
    if (found->second.empty()) {
      g.who.erase(found);
      g.when.remove(id);
    }
  }
  if (g.who.empty())
    st.groups.erase(it);
}

void on_order(poller* self, const std::shared_ptr<poll_order>& o) {
  auto& st = self->state;
  const auto& key = o->group.key;
  leave(self, o->who.address()); // it may have waited for another thing
  auto it = st.groups.find(key);
  if (it == st.groups.end())
    it = st.groups.emplace(key, group{o->group, {st.ctx->opts.poll_least, st.ctx->opts.poll_most}})
           .first;
  auto& g = it->second;
  g.how = o->group; // the newest knows best: its class may have been loaded anew
  st.waiting.emplace(o->who.address(), std::pair{key, o->id});
  self->monitor(o->who);
  g.who[o->id].push_back(o->who);
  if (!o->group.ask)
    return;
  auto now = st.ctx->time.steady();
  g.when.add(o->id, now);
  if (g.asked.size() < in_flight_max)
    if (auto next = g.when.next_due())
      remind(self, key, g, std::max(*next, now + std::min(gathering, st.ctx->opts.poll_least)));
}

// 400, 404 and the like: one of the ids, or the batch itself, is not accepted.
bool refuses_batch(unsigned status) {
  return status >= 400 && status < 500 && status != 401 && status != 408 && status != 429;
}

void on_heard(poller* self, const heard& m) {
  auto& st = self->state;
  auto it = st.groups.find(m.group);
  if (it == st.groups.end())
    return;
  auto& g = it->second;
  auto asked = g.asked.extract(m.batch);
  if (!asked)
    return;
  const auto& b = asked.mapped();
  auto now = st.ctx->time.steady();
  auto rows = m.what->status == 0 ? std::nullopt : g.how.split(*m.what);
  if (!rows && !refuses_batch(m.what->status)) {
    auto why = m.what->status == 0 ? m.what->problem : "HTTP " + std::to_string(m.what->status);
    in_trouble(self, g, b, why, m.what->wait.value_or(backoff(g, st.ctx->opts)),
               m.what->status == 401);
  } else {
    g.failures = 0;
    g.trouble.clear();
    g.when.put_back(b.ids, now);
    std::map<std::string, std::shared_ptr<const json>> found;
    if (rows)
      for (auto& [id, row] : *rows)
        found.emplace(id, std::make_shared<const json>(std::move(row)));
    for (const auto& id : b.ids) {
      auto row = found.find(id);
      tell(self, g, id, {id, row == found.end() ? nullptr : row->second, {}, false});
    }
  }
  ask(self, m.group, g);
}

caf::behavior pollers(poller* self, const engine::context_ptr& ctx) {
  actors::init_actor(self, ctx->log, "pollers");
  self->state.ctx = ctx;
  self->set_down_handler([=](const caf::down_msg& m) { leave(self, m.source); });
  return {
    [=](const poll_for& m) { on_order(self, m.what); },
    [=](const poll_stop& m) { leave(self, m.who); },
    [=](const poll_now& m) {
      auto now = self->state.ctx->time.steady();
      for (auto& [key, g] : self->state.groups)
        if (g.who.count(m.id) == 0)
          continue;
        else if (!g.how.ask)
          tell(self, g, m.id, {m.id, nullptr, {}, false});
        else {
          g.when.poke(m.id, now);
          ask(self, key, g);
        }
    },
    [=](const heard& m) { on_heard(self, m); },
    [=](const due& m) {
      auto it = self->state.groups.find(m.group);
      if (it == self->state.groups.end() || it->second.generation != m.generation)
        return;
      it->second.reminded.reset();
      ask(self, it->first, it->second);
    },
  };
}

} // namespace

caf::message to_message(poll_for x) {
  return caf::make_message(std::move(x));
}
caf::message to_message(poll_stop x) {
  return caf::make_message(std::move(x));
}
caf::message to_message(poll_now x) {
  return caf::make_message(std::move(x));
}

caf::actor spawn_pollers(caf::actor_system& sys, const engine::context_ptr& ctx) {
  return sys.spawn(pollers, ctx);
}

} // namespace o3::pollers
