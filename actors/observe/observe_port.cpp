#include "actors/observe/observe_port.hpp"

#include "actors/engine/messages.hpp"
#include "actors/engine/port_impl.hpp"
#include "actors/observe/load_share.hpp"

#include "actors/pch.hpp"
#include <mutex>

namespace o3::observe {
namespace {

using engine::answer;
using engine::context_ptr;
using state_counts = std::vector<std::pair<workflow_state, std::uint64_t>>;

void sample(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            std::int64_t value) {
  out.append("# HELP ")
    .append(name)
    .append(" ")
    .append(help)
    .append("\n# TYPE ")
    .append(name)
    .append(" ")
    .append(type);
  out.append("\n").append(name).append(" ").append(std::to_string(value)).append("\n");
}

std::string prometheus(const engine::counters& c, const state_counts& states,
                       std::int64_t uptime_s) {
  std::string out;
  auto count
    = [&](std::string_view name, std::string_view help, const std::atomic<std::uint64_t>& n) {
        sample(out, name, "counter", help, static_cast<std::int64_t>(n.load()));
      };
  count("o3_workflows_submitted_total", "Requests accepted.", c.submitted);
  count("o3_workflows_refused_total", "Requests refused by validation or by their key.", c.refused);
  count("o3_workflows_replayed_total", "Requests answered from an earlier one with the same key.",
        c.replayed);
  count("o3_workflows_successful_total", "Workflows that ended successful.", c.ended_successful);
  count("o3_workflows_failed_total", "Workflows that ended failed.", c.ended_failed);
  count("o3_workflows_canceled_total", "Workflows that ended canceled.", c.ended_canceled);
  count("o3_workflows_activated_total", "Parked or recovered workflows taken up.", c.activated);
  count("o3_workflows_passivated_total", "Waiting workflows that gave up their actor.",
        c.passivated);
  count("o3_workflows_quarantined_total", "Workflows parked because they could not be run.",
        c.quarantined);
  count("o3_workflow_actor_crashes_total", "Workflow actors that ended by an exception.",
        c.actor_crashes);
  count("o3_workflows_pruned_total", "Ended workflows deleted by retention.", c.pruned);
  count("o3_journal_rows_total", "Rows appended to the journal.", c.journal_rows);
  count("o3_journal_batches_total", "Transactions (flushes) of the journal.", c.journal_batches);
  count("o3_journal_refused_total", "Rows refused: conflict, fenced or unknown.",
        c.journal_refused);
  count("o3_journal_flush_microseconds_total", "Time spent in journal transactions.",
        c.journal_flush_us);
  count("o3_log_chunks_total", "Pieces written to the log store.", c.log_chunks);
  count("o3_worker_calls_total", "Task attempts handed to worker processes.", c.worker_calls);
  count("o3_api_reads_total", "Reads answered from the store.", c.api_reads);
  sample(out, "o3_workflows_live", "gauge", "Workflows with an actor now.", c.live.load());
  sample(out, "o3_timers_armed", "gauge", "Due times in memory.", c.timers.load());
  sample(out, "o3_uptime_seconds", "gauge", "Since the node started.", uptime_s);
  out += "# HELP o3_workflows Workflows by state.\n# TYPE o3_workflows gauge\n";
  for (const auto& [state, n] : states)
    out.append("o3_workflows{state=\"")
      .append(to_string(state))
      .append("\"} ")
      .append(std::to_string(n))
      .append("\n");
  return out;
}

double in_days(millis d) {
  return std::chrono::duration<double, std::ratio<86'400>>(d).count();
}

void write_retention(json_writer& out, const engine::engine_options& o) {
  out.key("retention").begin_object().key("keep_days");
  o.keep.keep_age ? out.value(in_days(*o.keep.keep_age)) : out.null();
  out.key("keep_count");
  o.keep_count ? out.value(*o.keep_count) : out.null();
  out.field("interval_s", std::chrono::duration<double>(o.retention_interval).count());
  out.field("idempotency_keep_days", in_days(o.keep.idempotency_keep)).end_object();
}

class node_observe final : public port {
public:
  node_observe(context_ptr ctx, node_facts f) : ctx_(std::move(ctx)), facts_(std::move(f)) {}

  [[nodiscard]] bool ready() const override { return !ctx_->draining->load(); }

  void metrics(reply_fn reply) override {
    with_states(std::move(reply), [this](const state_counts& s, answer& a) {
      a.body = prometheus(*ctx_->stats, s, uptime_s());
    });
  }

  void info(reply_fn reply) override {
    with_states(std::move(reply), [this](const state_counts& s, answer& a) {
      json_writer out{a.body};
      out.begin_object()
        .field("version", std::string_view{facts_.version})
        .field("install", std::string_view{facts_.install_id});
      out.field("epoch", ctx_->epoch)
        .field("uptime_s", uptime_s())
        .field("store", std::string_view{facts_.store});
      out.field("live", ctx_->stats->live.load()).key("workflows").begin_object();
      for (const auto& [state, n] : s)
        out.field(to_string(state), n);
      out.end_object();
      write_retention(out, ctx_->opts);
      out.key("time").time(ctx_->time.wall()).end_object();
    });
  }

private:
  [[nodiscard]] std::int64_t uptime_s() const {
    return std::chrono::duration_cast<std::chrono::seconds>(ctx_->time.steady() - facts_.started)
      .count();
  }

  /// Counting looks at every workflow: of many it is not done for everybody who asks.
  struct counted {
    std::mutex mutex;
    state_counts states;
    load_share share;
  };

  void with_states(reply_fn reply, std::function<void(const state_counts&, answer&)> fill) const {
    {
      std::unique_lock lock{counted_->mutex};
      if (!counted_->share.due(ctx_->time.steady())) {
        const auto known = counted_->states;
        lock.unlock();
        answer a;
        fill(known, a);
        reply(std::move(a));
        return;
      }
    }
    auto run = [ctx = ctx_, kept = counted_, reply = engine::answered_once(std::move(reply)),
                fill = std::move(fill)](store::reader& in) {
      state_counts states;
      {
        std::lock_guard lock{kept->mutex}; // those who asked together share one count
        if (const auto began = ctx->time.steady(); kept->share.due(began)) {
          kept->states = in.count_states();
          kept->share.done(began, ctx->time.steady());
        }
        states = kept->states;
      }
      answer a;
      fill(states, a);
      reply(std::move(a));
    };
    caf::anon_send(ctx_->services->get(actors::service::api_reader),
                   to_message(engine::read_job{
                     std::make_shared<std::function<void(store::reader&)>>(std::move(run))}));
  }

  context_ptr ctx_;
  node_facts facts_;
  std::shared_ptr<counted> counted_ = std::make_shared<counted>();
};

} // namespace

std::unique_ptr<port> make_port(context_ptr ctx, node_facts facts) {
  return std::make_unique<node_observe>(std::move(ctx), std::move(facts));
}

} // namespace o3::observe
