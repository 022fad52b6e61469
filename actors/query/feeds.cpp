#include "actors/query/feeds.hpp"

#include "actors/engine/loader.hpp"
#include "runtime/workflow/view.hpp"

#include "actors/pch.hpp"
#include <charconv>

namespace o3::query {
namespace {

using actors::service;
using consumer = std::function<void(feed_batch)>;
constexpr std::size_t page_rows = 200;

// What both feeds share: one consumer waiting, reads in the store's thread, pokes when something is
// new.
class pulled_feed : public feed,
                    public engine::listener,
                    public std::enable_shared_from_this<pulled_feed> {
public:
  pulled_feed(engine::context_ptr ctx, bool following) : ctx_(std::move(ctx)), follow_(following) {
    if (follow_)
      ctx_->followers->fetch_add(1);
  }
  ~pulled_feed() override {
    if (follow_)
      ctx_->followers->fetch_sub(1);
  }
  pulled_feed(const pulled_feed&) = delete;
  pulled_feed& operator=(const pulled_feed&) = delete;

  void next(consumer f) override {
    {
      std::lock_guard lock{mutex_};
      waiting_ = std::move(f);
      fresh_ = true;
    }
    read();
  }
  void poke() override {
    {
      std::lock_guard lock{mutex_};
      if (reading_) {
        fresh_ = true; // news during a read: read again
        return;
      }
      if (!waiting_)
        return;
    }
    read();
  }

protected:
  /// Reads one page on the right reader's thread, then calls done().
  virtual void start_read() = 0;

  void done(feed_batch batch) {
    consumer f;
    bool again = false;
    {
      std::lock_guard lock{mutex_};
      reading_ = false;
      if (batch.items.empty() && !batch.ended && batch.broken.empty() && follow_) {
        again = std::exchange(fresh_, false);
      } else {
        batch.ended = batch.broken.empty() && (batch.ended || (!follow_ && batch.items.empty()));
        f = std::exchange(waiting_, nullptr);
      }
    }
    if (again)
      read();
    else if (f)
      f(std::move(batch));
  }

  /// For a read that throws.
  auto breaker() {
    return [weak = weak_from_this()](const std::string& why) {
      if (auto me = weak.lock()) {
        feed_batch out;
        out.broken = why;
        me->done(std::move(out));
      }
    };
  }

  engine::context_ptr ctx_;
  bool follow_;

private:
  void read() {
    {
      std::lock_guard lock{mutex_};
      if (reading_ || !waiting_)
        return;
      reading_ = true;
      fresh_ = false;
    }
    start_read();
  }

  std::mutex mutex_;
  consumer waiting_;
  bool reading_ = false;
  bool fresh_ = false;
};

class event_feed final : public pulled_feed {
public:
  event_feed(const engine::context_ptr& ctx, const events_request& r, event_cursor after)
      : pulled_feed(ctx, r.follow), request_(r), after_(after) {}

  void start_read() override {
    auto run = std::make_shared<std::function<void(store::reader&)>>(
      [weak = weak_from_this()](store::reader& in) {
        if (auto me = std::static_pointer_cast<event_feed>(weak.lock()))
          me->done(me->read_page(in));
      });
    caf::anon_send(ctx_->services->get(service::api_reader),
                   to_message(engine::read_job{std::move(run), breaker()}));
  }

private:
  feed_batch read_page(store::reader& in) {
    ++ctx_->stats->api_reads;
    feed_batch out;
    // The state first, then the rows: once it is terminal no row follows those read here.
    bool over = false;
    if (request_.workflow) {
      auto row = in.find(*request_.workflow);
      over = !row || is_terminal(row->state);
    }
    for (;;) {
      auto from = after_.item ? after_.row : after_.row + 1;
      auto rows = request_.workflow ? in.rows(*request_.workflow, from, page_rows)
                                    : in.rows_after(from - 1, page_rows);
      for (const auto& row : rows)
        add(out, row, in);
      if (!out.items.empty() || rows.size() < page_rows)
        break; // a page of other projects' rows shows nothing: read on
    }
    out.ended = over && out.items.empty();
    return out;
  }

  void add(feed_batch& out, const store::journal_row& row, store::reader& in) {
    auto n = request_.workflow ? row.seq : row.pos;
    std::size_t skip = after_.item && after_.row == n ? *after_.item + 1 : 0;
    after_ = {n, std::nullopt};
    auto plan = plan_of(row.workflow, in);
    auto records = workflow::decode_row(row.records);
    if (!plan || !records)
      return;
    for (std::size_t i = 0; i < records->size(); ++i) {
      if (i < skip)
        continue;
      auto e = workflow::to_event((*records)[i], row.workflow, row.at, *plan->graph);
      if (!e.name.empty())
        out.items.push_back(
          {std::to_string(n) + "." + std::to_string(i), std::move(e.name), std::move(e.data)});
    }
  }

  engine::stored_plan_ptr plan_of(const id& workflow, store::reader& in) {
    if (plan_ && request_.workflow)
      return plan_;
    auto row = in.find(workflow);
    if (!row || row->project != request_.who.project)
      return nullptr;
    auto p = engine::load_stored_plan(in, *ctx_->plans, ctx_->lim, row->plan_hash);
    return plan_ = p ? *p : nullptr;
  }

  events_request request_;
  event_cursor after_;
  engine::stored_plan_ptr plan_;
};

class log_feed final : public pulled_feed {
public:
  log_feed(const engine::context_ptr& ctx, const log_request& r, std::optional<std::uint32_t> task,
           wall_time since, std::uint64_t after)
      : pulled_feed(ctx, r.follow), request_(r), task_(task), since_(since), after_(after) {}

  // First the workflow's state, then its lines. What it said last may still be on its way to the
  // log store when its end is visible, so a feed does not end before `settle` has passed since.
  void start_read() override {
    auto run = std::make_shared<std::function<void(store::reader&)>>(
      [weak = weak_from_this()](store::reader& in) {
        auto me = std::static_pointer_cast<log_feed>(weak.lock());
        if (!me)
          return;
        auto row = in.find(me->request_.workflow);
        bool over = !row || is_terminal(row->state);
        bool settled
          = over && !(row && row->ended_at && *row->ended_at + settle > me->ctx_->time.wall());
        me->read_lines(over, settled);
      });
    caf::anon_send(ctx_->services->get(service::api_reader),
                   to_message(engine::read_job{std::move(run), breaker()}));
  }

private:
  static constexpr millis settle{300};

  void read_lines(bool over, bool settled) {
    auto run = std::make_shared<std::function<void(store::log_reader&)>>(
      [weak = weak_from_this(), over, settled](store::log_reader& in) {
        auto me = std::static_pointer_cast<log_feed>(weak.lock());
        if (!me)
          return;
        feed_batch out;
        for (auto& row :
             in.read(me->request_.workflow, me->task_, me->after_, me->since_, page_rows)) {
          me->after_ = row.cursor;
          out.items.push_back({std::to_string(row.cursor), {}, std::move(row.chunk.text)});
        }
        if (over && !settled && out.items.empty()) {
          me->read_again_later();
          return;
        }
        out.ended = over && out.items.empty();
        me->done(std::move(out));
      });
    caf::anon_send(ctx_->services->get(service::log_reader),
                   to_message(engine::log_read_job{std::move(run), breaker()}));
  }

  void read_again_later() {
    auto run = std::make_shared<std::function<void(store::log_reader&)>>(
      [weak = weak_from_this()](store::log_reader&) {
        if (auto me = std::static_pointer_cast<log_feed>(weak.lock()))
          me->start_read();
      });
    caf::delayed_anon_send(ctx_->services->get(service::log_reader), settle / 3,
                           to_message(engine::log_read_job{std::move(run), breaker()}));
  }

  log_request request_;
  std::optional<std::uint32_t> task_;
  wall_time since_;
  std::uint64_t after_;
};

void subscribe(const engine::context_ptr& ctx, const std::shared_ptr<pulled_feed>& f,
               std::optional<id> workflow, engine::news what) {
  caf::anon_send(ctx->services->get(service::watch), to_message(engine::follow{f, workflow, what}));
}

} // namespace

std::optional<std::uint64_t> parse_cursor(std::string_view text) {
  std::uint64_t n = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc{} || end != text.data() + text.size() || text.empty())
    return std::nullopt;
  return n;
}

std::optional<event_cursor> parse_event_cursor(std::string_view text) {
  auto dot = text.find('.');
  auto row = parse_cursor(text.substr(0, dot));
  if (!row)
    return std::nullopt;
  if (dot == std::string_view::npos)
    return event_cursor{*row, std::nullopt};
  auto item = parse_cursor(text.substr(dot + 1));
  if (!item)
    return std::nullopt;
  return event_cursor{*row, *item};
}

std::shared_ptr<feed> make_event_feed(const engine::context_ptr& ctx, const events_request& r,
                                      event_cursor after) {
  auto f = std::make_shared<event_feed>(ctx, r, after);
  if (r.follow)
    subscribe(ctx, f, r.workflow, engine::news::committed);
  return f;
}

std::shared_ptr<feed> make_log_feed(const engine::context_ptr& ctx, const log_request& r,
                                    std::optional<std::uint32_t> task, wall_time since,
                                    std::uint64_t after) {
  auto f = std::make_shared<log_feed>(ctx, r, task, since, after);
  if (r.follow) {
    subscribe(ctx, f, r.workflow, engine::news::logged);
    subscribe(ctx, f, r.workflow, engine::news::committed); // the end of the workflow ends the feed
  }
  return f;
}

} // namespace o3::query
