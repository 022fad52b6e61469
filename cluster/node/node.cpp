#include "cluster/node/node.hpp"

#include "actors/catalogue/catalogue_actor.hpp"
#include "actors/catalogue/class_files.hpp"
#include "actors/engine/port_impl.hpp"
#include "actors/engine/quarantine.hpp"
#include "actors/engine/timers_actor.hpp"
#include "actors/engine/workflows_actor.hpp"
#include "actors/logs/log_actor.hpp"
#include "actors/observe/observe_port.hpp"
#include "actors/observe/watch_actor.hpp"
#include "actors/pollers/poller_actor.hpp"
#include "actors/preflight/preflight_actor.hpp"
#include "actors/query/query_port.hpp"
#include "actors/schedules/schedules_actor.hpp"
#include "actors/secrets/secrets_actor.hpp"
#include "actors/store/journal_actor.hpp"
#include "actors/supervision/supervisor.hpp"
#include "actors/workers/inline_link.hpp"
#include "actors/workers/pool_actor.hpp"
#include "cluster/node/scheduling.hpp"
#include "http/api/api.hpp"
#include "http/api/problem.hpp"

#include "actors/pch.hpp"
#include <charconv>
#include <future>
#include <unordered_set>

namespace o3 {
namespace {

using actors::child;
using actors::service;
using engine::context_ptr;

std::unordered_set<id> suspected(const engine::suspects& s) {
  std::unordered_set<id> out;
  for (const auto& who : s.list)
    out.insert(who.workflow);
  return out;
}

std::shared_ptr<engine::node_context> make_context(const node_options& o, const clock& time) {
  auto ctx = std::make_shared<engine::node_context>(time);
  ctx->seed = o.seed != 0 ? o.seed : secure_random()->next();
  ctx->lim = o.lim;
  ctx->opts = o.engine;
  ctx->seal = o.seal;
  ctx->log = o.log;
  ctx->targets = o.targets;
  ctx->secrets = o.secrets;
  ctx->install8 = o.install_id;
  if (!o.suspects.list.empty() && o.suspects.forget)
    ctx->on_ended = [forget = o.suspects.forget, who = suspected(o.suspects)](const id& workflow) {
      if (who.contains(workflow))
        forget(workflow);
    };
  ctx->blocking_owners
    = o.virtual_time ? actors::blocking::cooperative : actors::blocking::detached;
  auto said = std::make_shared<std::atomic<bool>>(false);
  ctx->on_fatal
    = [f = o.on_fatal, said, draining = ctx->draining](fault code, const std::string& what) {
        draining->store(true);
        if (!said->exchange(true) && f)
          f(code, what);
      };
  return ctx;
}

// Made once: it remembers the last good version of each class file.
catalogue::options catalogue_options(const node_options& o) {
  auto classes = std::make_shared<catalogue::class_source>(o.task_dirs, o.extra_classes, o.lim);
  return {o.templates, o.template_revisions_max, [classes] { return classes->read(); }};
}

// Opened before any client is let in: later there might be no descriptor left for it.
struct opened_store {
  std::shared_ptr<store::journal> journal;
  std::shared_ptr<store::reader> engine_reader, api_reader, upkeep;
};

// Start order; stopped in reverse: workflows first, so that their last appends still find the
// journal.
std::vector<child> make_children(const node_options& o, const context_ptr& ctx,
                                 const opened_store& opened, const catalogue::options& cat,
                                 engine::port& engine) {
  using actors::restart;
  const millis quick{2000};
  auto store = o.store;
  auto logs = o.logs;
  workers::options pool{.count = o.workers,
                        .tasks_per_worker = o.tasks_per_worker,
                        .start_timeout = o.worker_start_timeout,
                        .launch = o.launch_worker};
  return {
    // Not started again: what the journal had acknowledged is known, what it held is not; and
    // workflow
    // actors do not outlive their manager.
    {service::journal, "journal", restart::essential, quick,
     [=](auto& s) { return engine::spawn_journal(s, ctx, store, opened.journal); }},
    {service::engine_reader, "engine_reader", restart::essential, quick,
     [=](auto& s) { return engine::spawn_reader(s, ctx, opened.engine_reader, "engine_reader"); }},
    {service::api_reader, "api_reader", restart::essential, quick,
     [=](auto& s) { return engine::spawn_reader(s, ctx, opened.api_reader, "api_reader"); }},
    {service::logs, "logs", restart::permanent, quick,
     [=](auto& s) { return engine::spawn_logs(s, ctx, logs); }},
    {service::log_reader, "log_reader", restart::permanent, quick,
     [=](auto& s) { return engine::spawn_log_reader(s, ctx, logs); }},
    {service::janitor, "janitor", restart::permanent, quick,
     [=](auto& s) { return engine::spawn_janitor(s, ctx, store, opened.upkeep); }},
    {service::watch, "watch", restart::permanent, quick,
     [=](auto& s) { return engine::spawn_watch(s, ctx); }},
    {service::workers, "workers", restart::permanent, quick,
     [=](auto& s) { return workers::spawn_pool(s, ctx, pool); }},
    {service::pollers, "pollers", restart::permanent, quick,
     [=](auto& s) { return pollers::spawn_pollers(s, ctx); }},
    {service::catalogue, "catalogue", restart::permanent, quick,
     [=](auto& s) { return catalogue::spawn_catalogue(s, ctx, cat); }},
    {service::secrets, "secrets", restart::permanent, quick,
     [=](auto& s) { return secrets::spawn_secrets(s, ctx); }},
    {service::workflows, "workflows", restart::essential, millis{5000},
     [=](auto& s) { return engine::spawn_workflows(s, ctx); }},
    {service::timers, "timers", restart::permanent, quick,
     [=](auto& s) { return engine::spawn_timers(s, ctx); }},
    {service::schedules, "schedules", restart::permanent, quick,
     [=, &engine](auto& s) { return schedules::spawn_schedules(s, ctx, engine); }},
  };
}

class running_node final : public node {
public:
  explicit running_node(node_options o)
      : o_(std::move(o)), time_(o_.virtual_time      ? static_cast<const clock&>(*o_.virtual_time)
                                : o_.time != nullptr ? *o_.time
                                                     : system_clock()),
        random_(o_.virtual_time || o_.seed != 0 ? seeded_random(mix64(o_.seed)) : secure_random()),
        ctx_(make_context(o_, time_)), files_(catalogue_options(o_)) {}
  running_node(const running_node&) = delete;
  running_node& operator=(const running_node&) = delete;
  ~running_node() override { stop(millis{o_.virtual_time ? 0 : 5000}); }

  result<done> open() {
    // First of all: a port that is taken must be noticed before anything is taken up or changed.
    if (o_.http) {
      O3_TRY(server_, bind());
    }
    opened_store opened;
    try {
      opened = {o_.store->make_journal(), o_.store->make_reader(), o_.store->make_reader(),
                o_.store->make_reader()};
      o_.store->checkpoint(); // a process that keeps dying early must not let the log grow
      // Before the claim: should this start end in between, the next one notices as well.
      note_restore(*opened.journal, *opened.upkeep);
      ctx_->epoch = opened.journal->claim(o_.owner, std::max<std::uint64_t>(1, o_.epoch_at_least));
    } catch (const store::storage_failure& e) {
      return make_error(e.code, e.what());
    }
    if (o_.remember_epoch) {
      O3_TRY([[maybe_unused]] auto kept, o_.remember_epoch(ctx_->epoch));
    }
    try {
      engine::quarantine_suspects(*ctx_, *opened.journal, *opened.upkeep, o_.suspects);
    } catch (const store::storage_failure& e) {
      return make_error(e.code, e.what());
    }
    catalogue::load_now(ctx_, files_);
    try {
      schedules::load_calendars(*ctx_, *opened.upkeep);
    } catch (const store::storage_failure& e) {
      return make_error(e.code, e.what());
    }
    engine_ = engine::make_port(ctx_, *random_);
    query_ = query::make_port(ctx_);
    catalogue_ = catalogue::make_port(ctx_);
    secrets_ = secrets::make_port(ctx_);
    schedules_ = schedules::make_port(ctx_);
    preflight_ = preflight::make_port(ctx_, o_.preflight);
    observe_
      = observe::make_port(ctx_, {o_.version, o_.install_id, o_.store->describe(), time_.steady()});
    O3_TRY(auto tokens, api::token_store::make(o_.tokens));
    router_.reset(new http::router(api::make_api(
      {*engine_, *query_, *catalogue_, *observe_, *secrets_, *schedules_, *preflight_},
      std::move(tokens),
      {o_.lim,
       o_.wait_max,
       o_.version,
       {o_.awx_webhook, o_.tfe_webhook},
       o_.bulk_max}))); // immovable:
                        // elided
    start_actors(opened);
    return server_ ? server_->accept() : result<done>{done{}};
  }

  engine::port& engine() override { return *engine_; }
  query::port& query() override { return *query_; }
  catalogue::port& catalogue() override { return *catalogue_; }
  observe::port& observe() override { return *observe_; }
  void dispatch(http::request r, http::respond_fn respond) override {
    router_->dispatch(std::move(r), std::move(respond));
  }
  [[nodiscard]] std::uint16_t http_port() const override { return server_ ? server_->port() : 0; }
  [[nodiscard]] std::uint64_t epoch() const override { return ctx_->epoch; }

  bool stop(millis deadline) override {
    if (std::exchange(stopped_, true))
      return true;
    ctx_->draining->store(true);
    if (server_)
      server_->drain();
    bool settled = true;
    if (scheduling_) {
      actors::stop_supervisor(root_);
      root_ = nullptr;
      settled = scheduling_->await_end(deadline);
    }
    if (server_)
      server_->stop();
    if (settled && o_.store && ctx_->epoch != 0 && !failed_) {
      try {
        o_.store->checkpoint();
      } catch (const store::storage_failure& e) {
        o_.log.write(log_level::error, "node", "last checkpoint failed", {{"error", e.what()}});
      }
    }
    scheduling_.reset();
    return settled;
  }

  void run() override { scheduling_->run(); }
  void advance(millis d) override { scheduling_->advance(d); }
  [[nodiscard]] std::optional<millis> next_timer() const override {
    return scheduling_->next_timer();
  }

private:
  // A restore is written down in the store itself: it counts until the next one, across restarts.
  void note_restore(store::journal& journal, store::reader& in) {
    if (o_.restored) {
      auto epoch = std::max<std::uint64_t>({1, o_.epoch_at_least, in.last_epoch() + 1});
      journal.set_meta("restored_epoch", std::to_string(epoch));
      journal.set_meta("restored_at", std::to_string(to_ms(time_.wall())));
    }
    auto number = [&](std::string_view key) {
      auto text = in.meta(key).value_or("0");
      std::int64_t n = 0;
      std::from_chars(text.data(), text.data() + text.size(), n);
      return n;
    };
    ctx_->restored_epoch = static_cast<std::uint64_t>(number("restored_epoch"));
    ctx_->restored_at = from_ms(number("restored_at"));
    if (o_.restored)
      o_.log.write(
        log_level::warning, "store",
        "the store was put back from a backup: what its workflows may have launched since "
        "is searched for before they launch anything; requests accepted since are "
        "forgotten, and with them what they launched");
  }

  void start_actors(const opened_store& opened) {
    if (o_.virtual_time && !o_.launch_worker) // no processes and no threads under a virtual clock
      o_.launch_worker = workers::inline_launcher(ctx_->catalogue->get()->classes, time_, *random_);
    scheduling_ = make_scheduling({o_.scheduler_threads, o_.max_throughput, o_.virtual_time});
    actors::supervisor_options so;
    so.children = make_children(o_, ctx_, opened, files_, *engine_);
    so.log = o_.log;
    so.on_escalate = o_.on_escalate;
    auto started = std::make_shared<std::promise<void>>();
    auto done = started->get_future();
    so.on_started = [started] { started->set_value(); };
    root_ = actors::spawn_supervisor(scheduling_->system(), std::move(so), ctx_->services);
    scheduling_->watch(root_);
    if (o_.virtual_time)
      scheduling_->run();
    else
      done.wait();
  }

  result<std::unique_ptr<http::server>> bind() {
    return http::server::bind(
      *o_.http,
      [this](http::request&& r, http::respond_fn f) {
        router_->dispatch(std::move(r), std::move(f));
      },
      api::plain_problem);
  }

  node_options o_;
  const clock& time_;
  std::unique_ptr<random_source> random_;
  std::shared_ptr<engine::node_context> ctx_;
  catalogue::options files_;
  std::unique_ptr<engine::port> engine_;
  std::unique_ptr<query::port> query_;
  std::unique_ptr<catalogue::port> catalogue_;
  std::unique_ptr<observe::port> observe_;
  std::unique_ptr<secrets::port> secrets_;
  std::unique_ptr<schedules::port> schedules_;
  std::unique_ptr<preflight::port> preflight_;
  std::unique_ptr<http::router> router_;
  std::unique_ptr<scheduling> scheduling_;
  caf::actor root_;
  std::unique_ptr<http::server> server_;
  bool stopped_ = false;
  bool failed_ = false;
};

} // namespace

result<std::unique_ptr<node>> node::start(node_options o) {
  auto n = std::make_unique<running_node>(std::move(o));
  if (auto opened = n->open(); !opened)
    return std::move(opened.error());
  return std::unique_ptr<node>{std::move(n)};
}

} // namespace o3
