// Upkeep that must not stand in the way of commits: what may go is looked for on a reader of this
// actor's own, deleted by the journal's owner in small slices; the store's own checkpoints run on
// this actor's thread and connection.
//
// Plans that no workflow refers to: the journal begins to remember the plans of new workflows, then
// the old ones are read page by page, then what was in neither and is no template now is deleted.
#include "actors/engine/messages.hpp"
#include "actors/store/journal_actor.hpp"
#include "actors/supervision/blocking.hpp"

#include "actors/pch.hpp"
#include <set>

namespace o3::engine {
namespace {

constexpr std::size_t slice_rows = 500; ///< of one retention transaction
constexpr std::size_t page_rows = 5000; ///< of one read of a sweep
constexpr std::size_t drops_max = 100;  ///< plans deleted in one sweep
constexpr std::uint64_t rounds_per_sweep = 60;
constexpr std::uint64_t tick_checkpoint = 1, tick_retention = 2, tick_sweep = 3;
constexpr millis page_pause{20};

struct sweep {
  std::set<sha256_hash> used; ///< by workflows, and by templates when it began
  id after;
};

struct janitor_state {
  static inline const char* name = "janitor"; // NOLINT: CAF wants this name
  context_ptr ctx;
  std::shared_ptr<store::backend> where;
  std::shared_ptr<store::reader> in;
  std::uint64_t rounds = 0;
  std::optional<sweep> sweeping;
};
using janitor_actor = caf::stateful_actor<janitor_state>;

void send_to_journal(const context_ptr& ctx, std::function<void(store::journal&)> run) {
  caf::anon_send(ctx->services->get(actors::service::journal),
                 to_message(journal_job{
                   std::make_shared<std::function<void(store::journal&)>>(std::move(run))}));
}

// One slice; the journal's owner asks for the next one itself while there is more to delete.
void prune_slice(const context_ptr& ctx, const store::retention& r) {
  send_to_journal(ctx, [ctx, r](store::journal& j) {
    auto gone = j.prune(r, ctx->time.wall(), slice_rows);
    if (gone.empty())
      return;
    ctx->stats->pruned += gone.size();
    ctx->log.write(log_level::info, "janitor", "pruned ended workflows",
                   {{"count", std::to_string(gone.size())}});
    prune_slice(ctx, r);
  });
}

// The bound is counted here and once a round: on the writer it would hold up every commit.
void start_retention(janitor_state& st) {
  auto r = st.ctx->opts.keep;
  if (st.ctx->opts.keep_count)
    r.up_to = st.in->ended_beyond(*st.ctx->opts.keep_count);
  prune_slice(st.ctx, r);
}

void add_plans_of_templates(const node_context& ctx, std::set<sha256_hash>& to) {
  for (const auto& [ref, entry] : ctx.catalogue->get()->templates)
    to.insert(entry.plan->graph->hash);
}

void begin_sweep(janitor_actor* self) {
  auto& st = self->state;
  st.sweeping.emplace();
  add_plans_of_templates(*st.ctx, st.sweeping->used);
  send_to_journal(st.ctx, [me = caf::actor{self}](store::journal& j) {
    j.begin_blob_sweep();
    caf::anon_send(me, to_message(tick{tick_sweep}));
  });
}

// A submission looks at the templates and hands its first entry to the journal in one turn, so a
// template that left the catalogue before the sweep has none under way at its end.
void end_sweep(janitor_state& st) {
  auto& s = *st.sweeping;
  add_plans_of_templates(*st.ctx, s.used);
  std::vector<sha256_hash> unused;
  sha256_hash after{};
  for (;;) {
    const auto page = st.in->plan_blobs_after(after, page_rows);
    for (const auto& hash : page)
      if (!s.used.contains(hash) && unused.size() < drops_max)
        unused.push_back(hash);
    if (page.size() < page_rows || unused.size() >= drops_max)
      break;
    after = page.back();
  }
  st.sweeping.reset();
  if (unused.empty())
    return;
  send_to_journal(st.ctx, [ctx = st.ctx, unused = std::move(unused)](store::journal& j) {
    const auto n = j.drop_blobs(unused);
    ctx->log.write(log_level::info, "janitor", "deleted templates that no workflow uses any more",
                   {{"count", std::to_string(n)}});
  });
}

void go_on_sweeping(janitor_actor* self) {
  auto& st = self->state;
  if (!st.sweeping)
    return;
  const auto page = st.in->plans_after(st.sweeping->after, page_rows);
  for (const auto& [workflow, plan] : page)
    st.sweeping->used.insert(plan);
  if (page.size() < page_rows) {
    end_sweep(st);
    return;
  }
  st.sweeping->after = page.back().first;
  self->delayed_send(self, page_pause, to_message(tick{tick_sweep}));
}

void on_tick(janitor_actor* self, const tick& t) {
  auto& st = self->state;
  switch (t.generation) {
  case tick_checkpoint:
    self->delayed_send(self, st.ctx->opts.checkpoint_interval, to_message(t));
    st.where->checkpoint();
    break;
  case tick_retention:
    self->delayed_send(self, st.ctx->opts.retention_interval, to_message(t));
    start_retention(st);
    if (st.rounds++ % rounds_per_sweep == 0)
      begin_sweep(self);
    break;
  default:
    go_on_sweeping(self);
  }
}

caf::behavior janitor(janitor_actor* self, context_ptr ctx, std::shared_ptr<store::backend> where,
                      std::shared_ptr<store::reader> opened) {
  actors::init_actor(self, ctx->log, "janitor");
  auto& state = self->state;
  state.ctx = std::move(ctx);
  state.where = std::move(where);
  state.in = std::move(opened);
  self->delayed_send(self, state.ctx->opts.checkpoint_interval, to_message(tick{tick_checkpoint}));
  self->delayed_send(self, state.ctx->opts.retention_interval, to_message(tick{tick_retention}));
  return {
    [=](tick t) {
      auto& st = self->state;
      try {
        on_tick(self, t);
      } catch (const store::storage_failure& e) {
        st.sweeping.reset();
        if (e.code == fault::unavailable) // the next round may find a descriptor again
          st.ctx->log.write(log_level::error, "janitor", "upkeep put off", {{"error", e.what()}});
        else
          st.ctx->on_fatal(e.code, e.what());
      }
    },
  };
}

} // namespace

caf::actor spawn_janitor(caf::actor_system& sys, context_ptr ctx,
                         std::shared_ptr<store::backend> where,
                         std::shared_ptr<store::reader> opened) {
  auto how = ctx->blocking_owners;
  return actors::spawn_blocking(sys, how, janitor, std::move(ctx), std::move(where),
                                std::move(opened));
}

} // namespace o3::engine
