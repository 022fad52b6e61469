// Upkeep that must not stand in the way of commits: retention runs on the journal's owner in small
// slices, the store's own checkpoints on this actor's thread and connection.
#include "actors/engine/messages.hpp"
#include "actors/store/journal_actor.hpp"
#include "actors/supervision/blocking.hpp"

#include "actors/pch.hpp"

namespace o3::engine {
namespace {

struct janitor_state {
  static inline const char* name = "janitor"; // NOLINT: CAF wants this name
  context_ptr ctx;
  std::shared_ptr<store::backend> where;
};
using janitor_actor = caf::stateful_actor<janitor_state>;

constexpr std::size_t slice_rows = 500; ///< of one retention transaction
constexpr std::uint64_t tick_checkpoint = 1, tick_retention = 2;

// One slice; the journal's owner asks for the next one itself while there is more to delete.
void prune_slice(const context_ptr& ctx) {
  auto run = std::make_shared<std::function<void(store::journal&)>>([ctx](store::journal& j) {
    auto gone = j.prune(ctx->opts.keep, ctx->time.wall(), slice_rows);
    if (gone.empty())
      return;
    ctx->stats->pruned += gone.size();
    ctx->log.write(log_level::info, "janitor", "pruned ended workflows",
                   {{"count", std::to_string(gone.size())}});
    prune_slice(ctx);
  });
  caf::anon_send(ctx->services->get(actors::service::journal),
                 to_message(journal_job{std::move(run)}));
}

caf::behavior janitor(janitor_actor* self, context_ptr ctx, std::shared_ptr<store::backend> where) {
  actors::init_actor(self, ctx->log, "janitor");
  self->state.ctx = std::move(ctx);
  self->state.where = std::move(where);
  self->delayed_send(self, self->state.ctx->opts.checkpoint_interval,
                     to_message(tick{tick_checkpoint}));
  self->delayed_send(self, self->state.ctx->opts.retention_interval,
                     to_message(tick{tick_retention}));
  return {
    [=](tick t) {
      auto& st = self->state;
      if (t.generation == tick_checkpoint) {
        try {
          st.where->checkpoint();
        } catch (const store::storage_failure& e) {
          st.ctx->on_fatal(e.code, e.what());
          return;
        }
        self->delayed_send(self, st.ctx->opts.checkpoint_interval, to_message(t));
      } else {
        prune_slice(st.ctx);
        self->delayed_send(self, st.ctx->opts.retention_interval, to_message(t));
      }
    },
  };
}

} // namespace

caf::actor spawn_janitor(caf::actor_system& sys, context_ptr ctx,
                         std::shared_ptr<store::backend> where) {
  auto how = ctx->blocking_owners;
  return actors::spawn_blocking(sys, how, janitor, std::move(ctx), std::move(where));
}

} // namespace o3::engine
