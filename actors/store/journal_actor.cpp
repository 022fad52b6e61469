#include "actors/store/journal_actor.hpp"

#include "actors/engine/messages.hpp"
#include "actors/supervision/blocking.hpp"

#include "actors/pch.hpp"

namespace o3::engine {
namespace {

struct journal_state {
  static inline const char* name = "journal"; // NOLINT: CAF wants this name
  context_ptr ctx;
  std::shared_ptr<store::backend> where;
  std::shared_ptr<store::journal> out;
  std::vector<append> waiting;
  bool flushing = false;
  bool dead = false;
};
using journal_actor = caf::stateful_actor<journal_state>;

void fatal(journal_actor* self, const store::storage_failure& e) {
  self->state.dead = true;
  self->state.waiting.clear();
  self->state.ctx->on_fatal(e.code, e.what());
}

std::size_t batch_size(const journal_state& st) {
  std::size_t n = 0;
  for (std::size_t bytes = 0; n < st.waiting.size() && n < st.ctx->opts.batch_rows; ++n) {
    bytes += st.waiting[n].entry->records.size();
    if (n > 0 && bytes > st.ctx->opts.batch_bytes)
      break;
  }
  return n;
}

void commit(journal_actor* self) {
  auto& st = self->state;
  auto n = batch_size(st);
  std::vector<store::append_entry> entries;
  entries.reserve(n);
  for (std::size_t i = 0; i < n; ++i)
    entries.push_back(*st.waiting[i].entry);
  auto begin = std::chrono::steady_clock::now();
  auto outcomes = st.out->append(entries);
  auto& stats = *st.ctx->stats;
  stats.journal_flush_us += static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin)
      .count());
  ++stats.journal_batches;
  stats.journal_rows += n;
  for (std::size_t i = 0; i < n; ++i) {
    if (outcomes[i] != store::outcome::ok)
      ++stats.journal_refused;
    self->send(st.waiting[i].from, to_message(appended{entries[i].seq, outcomes[i]}));
  }
  st.waiting.erase(st.waiting.begin(), st.waiting.begin() + static_cast<std::ptrdiff_t>(n));
}

caf::behavior journal(journal_actor* self, context_ptr ctx, std::shared_ptr<store::backend> where,
                      std::shared_ptr<store::journal> opened) {
  actors::init_actor(self, ctx->log, "journal");
  self->state.ctx = std::move(ctx);
  self->state.where = std::move(where);
  self->state.out = std::move(opened);
  return {
    [=](append& a) {
      auto& st = self->state;
      if (st.dead)
        return;
      st.waiting.push_back(std::move(a));
      if (!std::exchange(st.flushing, true))
        self->send(self, to_message(flush{}));
    },
    [=](flush) {
      auto& st = self->state;
      if (st.dead)
        return;
      try {
        commit(self);
      } catch (const store::storage_failure& e) {
        fatal(self, e);
        return;
      }
      st.flushing = !st.waiting.empty();
      if (st.flushing)
        self->send(self, to_message(flush{}));
    },
    [=](journal_job& j) {
      if (self->state.dead)
        return;
      try {
        (*j.run)(*self->state.out);
      } catch (const store::storage_failure& e) {
        fatal(self, e);
      }
    },
  };
}

struct reader_state {
  static inline const char* name = "reader"; // NOLINT: CAF wants this name
  context_ptr ctx;
  std::shared_ptr<store::reader> in;
};
using reader_actor = caf::stateful_actor<reader_state>;

caf::behavior reader(reader_actor* self, context_ptr ctx, std::shared_ptr<store::reader> opened,
                     const std::string& label) {
  actors::init_actor(self, ctx->log, label);
  self->state.ctx = std::move(ctx);
  self->state.in = std::move(opened);
  return {
    [=](read_job& j) {
      auto& st = self->state;
      auto fail = [&](const std::exception& e) { // this job's trouble, not that of those behind it
        st.ctx->log.write(log_level::error, "reader", "a read failed", {{"error", e.what()}});
        if (j.failed)
          j.failed(e.what());
      };
      try {
        (*j.run)(*st.in);
      } catch (const store::storage_failure& e) {
        if (e.code == fault::unavailable) // no descriptor left: the disk and its data are well
          fail(e);
        else
          st.ctx->on_fatal(e.code, e.what());
      } catch (const std::exception& e) {
        fail(e);
      }
    },
  };
}

} // namespace

caf::actor spawn_journal(caf::actor_system& sys, context_ptr ctx,
                         std::shared_ptr<store::backend> where,
                         std::shared_ptr<store::journal> opened) {
  auto how = ctx->blocking_owners;
  return actors::spawn_blocking(sys, how, journal, std::move(ctx), std::move(where),
                                std::move(opened));
}

caf::actor spawn_reader(caf::actor_system& sys, context_ptr ctx,
                        std::shared_ptr<store::reader> opened, std::string name) {
  auto how = ctx->blocking_owners;
  return actors::spawn_blocking(sys, how, reader, std::move(ctx), std::move(opened),
                                std::move(name));
}

} // namespace o3::engine
