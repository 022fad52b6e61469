// What the owner of schedules and calendars is given, and how it reads and writes.
#include "actors/schedules/owner.hpp"

#include "actors/pch.hpp"

namespace o3::schedules {
namespace {

using actors::service;

constexpr std::size_t page = 500;
constexpr millis read_again{5'000};

std::vector<store::document> read_all(store::reader& in, std::string_view kind) {
  std::vector<store::document> all;
  store::document_place after;
  for (;;) {
    auto some = in.documents(kind, std::nullopt, after, page);
    const bool last = some.size() < page;
    if (!some.empty())
      after = {some.back().project, some.back().key};
    std::move(some.begin(), some.end(), std::back_inserter(all));
    if (last)
      return all;
  }
}

std::shared_ptr<const schedule::calendar> read_calendar(const store::document& d,
                                                        const engine::node_context& ctx) {
  findings found;
  // What was accepted under other limits stays.
  auto c = schedule::parse_calendar(json::parse(d.body, nullptr, false), d.key, ctx.lim, SIZE_MAX,
                                    found);
  if (found.ok())
    return std::make_shared<const schedule::calendar>(std::move(c));
  ctx.log.write(
    log_level::error, "schedules", "a calendar cannot be read, and is never open",
    {{"calendar", d.key}, {"project", d.project}, {"error", found.errors.front().message}});
  return nullptr;
}

engine::calendar_snapshot::map calendars_of(const std::vector<store::document>& all,
                                            const engine::node_context& ctx) {
  engine::calendar_snapshot::map m;
  for (const auto& d : all)
    if (auto c = read_calendar(d, ctx))
      m.emplace(engine::calendar_snapshot::key{d.project, d.key}, std::move(c));
  return m;
}

} // namespace

engine::answer refusal(fault code, std::string message, std::string hint) {
  engine::answer a;
  a.problem = make_error(code, std::move(message), "", std::move(hint));
  return a;
}

engine::answer refusal(std::vector<error> errors, std::string_view what) {
  const auto n = errors.size();
  auto a = refusal(fault::validation_failed, std::string{what} + " has " + std::to_string(n)
                                               + (n == 1 ? " error" : " errors"));
  a.errors = std::move(errors);
  return a;
}

void load_calendars(const engine::node_context& ctx, store::reader& in) {
  const auto version = ctx.calendars->get()->version() + 1;
  ctx.calendars->set(std::make_shared<engine::calendar_snapshot>(
    calendars_of(read_all(in, calendar_kind), ctx), version, ctx.opts.schedules.recheck));
}

owner::owner(engine::context_ptr ctx, engine::port& port, mailbox box)
    : ctx_(std::move(ctx)), port_(port), box_(std::move(box)), started_(ctx_->time.wall()) {
}

void owner::read(std::function<void(store::reader&)> f, task_fn failed) {
  auto job = std::make_shared<std::function<void(store::reader&)>>(std::move(f));
  auto otherwise
    = [post = box_.post, failed = std::move(failed)](const std::string&) { post(failed); };
  caf::anon_send(ctx_->services->get(service::engine_reader),
                 to_message(engine::read_job{std::move(job), std::move(otherwise)}));
}

void owner::write(store::document_put put, std::function<void(owner&, store::outcome)> f) {
  put.epoch = ctx_->epoch;
  put.at = now();
  auto job = std::make_shared<std::function<void(store::journal&)>>(
    [post = box_.post, put = std::move(put), f = std::move(f)](store::journal& out) {
      const auto how = out.put_documents({&put, 1}).front();
      post([f, how](owner& o) { f(o, how); });
    });
  caf::anon_send(ctx_->services->get(service::journal),
                 to_message(engine::journal_job{std::move(job)}));
}

task_fn owner::for_entry(const key& k, const entry& e, on_entry f) const {
  return [k, serial = e.serial, f = std::move(f)](owner& o) {
    if (const auto at = o.all_.find(k); at != o.all_.end() && at->second.serial == serial)
      f(o, k, at->second);
  };
}

void owner::begin() {
  read(
    [post = box_.post](store::reader& in) {
      auto all = std::make_shared<everything>();
      all->schedules = read_all(in, schedule_kind);
      all->calendars = read_all(in, calendar_kind);
      post([all](owner& o) { o.load(*all); });
    },
    [](owner& o) { o.box_.later(read_again, [](owner& again) { again.begin(); }); });
}

void owner::load(everything& all) {
  for (const auto& d : all.calendars)
    calendars_[{d.project, d.key}]
      = {json::parse(d.body, nullptr, false), read_calendar(d, *ctx_), d.version, d.updated_at};
  publish_calendars();
  broken_.clear();
  for (const auto& d : all.schedules) {
    auto s = read_body(d, *ctx_);
    if (!s) {
      ctx_->log.write(log_level::error, "schedules", "a schedule cannot be read and does not run",
                      {{"schedule", d.key}, {"project", d.project}, {"error", s.error().message}});
      broken_[{d.project, d.key}] = {d.version, s.error()};
      continue;
    }
    auto& e = all_[{d.project, d.key}];
    e.s = *std::move(s);
    e.version = d.version;
    e.serial = ++serials_;
  }
  loaded_ = true;
  for (auto& [k, e] : all_)
    look(k, e);
  for (auto& f : std::exchange(early_, {}))
    f(*this);
}

} // namespace o3::schedules
