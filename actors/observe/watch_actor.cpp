#include "actors/observe/watch_actor.hpp"

#include "actors/engine/messages.hpp"
#include "actors/supervision/supervisor.hpp"

#include "actors/pch.hpp"

namespace o3::engine {
namespace {

struct watch_state {
  static inline const char* name = "watch"; // NOLINT: CAF wants this name
  std::unordered_multimap<id, follow> by_workflow;
  std::vector<follow> of_all;
  std::size_t sweep_at = 64; ///< entries; those who left without another word are dropped then
};
using watch_actor = caf::stateful_actor<watch_state>;

bool poke(const follow& f, news what) {
  auto who = f.who.lock();
  if (who && f.what == what)
    who->poke();
  return who != nullptr;
}

caf::behavior watch(watch_actor* self, const context_ptr& ctx) {
  actors::init_actor(self, ctx->log, "watch");
  return {
    [=](follow& f) {
      auto& st = self->state;
      if (st.by_workflow.size() + st.of_all.size() >= st.sweep_at) {
        std::erase_if(st.by_workflow, [](const auto& e) { return e.second.who.expired(); });
        std::erase_if(st.of_all, [](const follow& e) { return e.who.expired(); });
        st.sweep_at = std::max<std::size_t>(64, 2 * (st.by_workflow.size() + st.of_all.size()));
      }
      if (f.workflow)
        st.by_workflow.emplace(*f.workflow, f);
      else
        st.of_all.push_back(f);
    },
    [=](announce a) {
      auto& st = self->state;
      auto [from, to] = st.by_workflow.equal_range(a.workflow);
      for (auto it = from; it != to;)
        it = poke(it->second, a.what) ? std::next(it) : st.by_workflow.erase(it);
      std::erase_if(st.of_all, [&](const follow& f) { return !poke(f, a.what); });
    },
  };
}

} // namespace

caf::actor spawn_watch(caf::actor_system& sys, context_ptr ctx) {
  return sys.spawn(watch, std::move(ctx));
}

} // namespace o3::engine
