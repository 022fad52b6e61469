#include "actors/logs/log_actor.hpp"

#include "actors/engine/messages.hpp"
#include "actors/supervision/blocking.hpp"

#include "actors/pch.hpp"
#include <unordered_set>

namespace o3::engine {
namespace {

constexpr std::size_t chunks_max = 100'000; ///< queued; beyond, lines are dropped and counted

struct logs_state {
  static inline const char* name = "logs"; // NOLINT: CAF wants this name
  context_ptr ctx;
  std::unique_ptr<store::log_writer> out;
  std::shared_ptr<store::log_backend> where;
  std::vector<store::log_chunk> waiting;
  std::uint64_t dropped = 0;
  std::optional<wall_time> complained_at;
  bool flushing = false;
};
using logs_actor = caf::stateful_actor<logs_state>;

void complain(logs_state& st, const std::string& what) {
  auto now = st.ctx->time.wall();
  if (st.complained_at && now - *st.complained_at < std::chrono::minutes{1})
    return;
  st.complained_at = now;
  st.ctx->log.write(log_level::error, "logs", "cannot write workflow logs", {{"error", what}});
}

void write_out(logs_actor* self) {
  auto& st = self->state;
  auto chunks = std::exchange(st.waiting, {});
  try {
    if (!st.out)
      st.out = st.where->make_writer();
    st.out->append(chunks);
  } catch (const std::exception& e) {
    complain(st, e.what());
    return;
  }
  st.ctx->stats->log_chunks += chunks.size();
  if (st.ctx->followers->load(std::memory_order_relaxed) == 0)
    return;
  std::unordered_set<id> seen;
  for (const auto& c : chunks)
    if (seen.insert(c.workflow).second)
      self->send(st.ctx->services->get(actors::service::watch),
                 to_message(announce{c.workflow, news::logged}));
}

caf::behavior logs(logs_actor* self, context_ptr ctx, std::shared_ptr<store::log_backend> where) {
  actors::init_actor(self, ctx->log, "logs");
  self->state.ctx = std::move(ctx);
  self->state.where = std::move(where);
  self->delayed_send(self, self->state.ctx->opts.log_maintenance, to_message(tick{}));
  return {
    [=](log_job& j) {
      auto& st = self->state;
      if (st.waiting.size() + j.chunks->size() > chunks_max) {
        complain(st, "too many lines at once; dropped so far: "
                       + std::to_string(st.dropped += j.chunks->size()));
        return;
      }
      std::move(j.chunks->begin(), j.chunks->end(), std::back_inserter(st.waiting));
      if (!std::exchange(st.flushing, true))
        self->send(self, to_message(flush{}));
    },
    [=](flush) {
      self->state.flushing = false;
      write_out(self);
    },
    [=](tick) {
      auto& st = self->state;
      try {
        if (st.out)
          st.out->maintain(st.ctx->time.wall());
      } catch (const std::exception& e) {
        complain(st, e.what());
      }
      self->delayed_send(self, st.ctx->opts.log_maintenance, to_message(tick{}));
    },
  };
}

struct log_reader_state {
  static inline const char* name = "log_reader"; // NOLINT: CAF wants this name
  context_ptr ctx;
  std::shared_ptr<store::log_backend> where;
  std::unique_ptr<store::log_reader> in;
};
using log_reader_actor = caf::stateful_actor<log_reader_state>;

caf::behavior log_reader(log_reader_actor* self, const context_ptr& ctx,
                         std::shared_ptr<store::log_backend> where) {
  actors::init_actor(self, ctx->log, "log_reader");
  self->state.ctx = ctx;
  self->state.where = std::move(where);
  return {
    [=](log_read_job& j) {
      auto& st = self->state;
      try {
        if (!st.in)
          st.in = st.where->make_reader();
        (*j.run)(*st.in);
      } catch (const std::exception& e) { // logs never stop a node
        st.ctx->log.write(log_level::error, "log_reader", "workflow logs cannot be read",
                          {{"error", e.what()}});
        st.in.reset();
        if (j.failed)
          j.failed(e.what());
      }
    },
  };
}

} // namespace

caf::actor spawn_logs(caf::actor_system& sys, context_ptr ctx,
                      std::shared_ptr<store::log_backend> where) {
  auto how = ctx->blocking_owners;
  return actors::spawn_blocking(sys, how, logs, std::move(ctx), std::move(where));
}

caf::actor spawn_log_reader(caf::actor_system& sys, context_ptr ctx,
                            std::shared_ptr<store::log_backend> where) {
  auto how = ctx->blocking_owners;
  return actors::spawn_blocking(sys, how, log_reader, std::move(ctx), std::move(where));
}

} // namespace o3::engine
