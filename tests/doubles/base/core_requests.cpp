// What happens to one request: counted, met by faults, answered by the service, the ledger synced,
// the answer spoiled as the faults say, sent.
#include "tests/doubles/base/core.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cmath>

namespace o3::doubles {

namespace {

bool wants(const std::vector<fault_spec>& met, fault_kind k) {
  return std::any_of(met.begin(), met.end(), [k](const fault_spec& f) { return f.kind == k; });
}

constexpr std::string_view html = "<html><body><h1>Server Error</h1></body></html>";

std::string retry_after(double seconds) {
  return std::to_string(static_cast<long>(std::ceil(seconds)));
}

} // namespace

void core::take(call_ptr c, const send_fn& send) {
  later_.run();
  if (c->door == 0 && c->path.rfind("/_sim/", 0) == 0) {
    auto r = control(*c);
    flush();
    return send(std::move(r), {});
  }
  ++requests_;
  c->route = service_->route_of(*c);
  const auto met = faults_.pick(*c);
  for (const fault_spec& f : met) {
    if (f.kind == fault_kind::lag)
      c->lag = f.ms;
    if (f.kind == fault_kind::page_shift)
      c->shift = f.bytes;
    if (f.kind == fault_kind::token_expired || f.kind == fault_kind::purge)
      happen(f);
  }
  if (instead(met, c, send))
    return;
  ask_service(c, [this, met, c, send](http::response r) { finish(met, c, std::move(r), send); });
}

/// A body that nobody thought of must not end the double: it is a 400 and says why.
void core::ask_service(const call_ptr& c, const reply_fn& reply) {
  try {
    service_->handle(c, reply);
  } catch (const json::exception& e) {
    reply(json_answer(400, {{"detail", std::string("the body could not be used: ") + e.what()}}));
  }
}

/// Faults that answer in the service's place. True if one did.
bool core::instead(const std::vector<fault_spec>& met, const call_ptr& c, const send_fn& send) {
  for (const fault_spec& f : met) {
    switch (f.kind) {
    case fault_kind::commit_late:
      count(*c, 0);
      later_.after(f.ms, [this, c, send, hang = f.hang] {
        c->late = true;
        ask_service(c, [this, send, hang](const http::response&) {
          if (hang)
            send({}, {.lose = true});
          flush();
        });
      });
      if (!f.hang)
        send({}, {.lose = true});
      return true;
    case fault_kind::status:
    case fault_kind::rate_limited:
    case fault_kind::redirect: {
      http::response r;
      r.status = f.kind == fault_kind::rate_limited ? 429 : f.status;
      if (f.kind == fault_kind::redirect) {
        set_header(r, "Location", f.location);
      } else if (f.kind == fault_kind::rate_limited) {
        r = json_answer(429, service_->error_body(429));
        set_header(r, "Retry-After", retry_after(f.retry_after));
        set_header(r, "X-RateLimit-Reset", std::to_string(f.retry_after));
      } else {
        r.body = f.body;
        r.content_type = f.content_type;
      }
      finish(met, c, std::move(r), send);
      return true;
    }
    case fault_kind::refuse:
      count(*c, 0);
      happen(f);
      send({}, {.lose = true});
      return true;
    default:
      break;
    }
  }
  return false;
}

void core::finish(const std::vector<fault_spec>& met, const call_ptr& c, http::response r,
                  const send_fn& send) {
  send_plan plan;
  millis wait{0};
  for (const fault_spec& f : met) {
    switch (f.kind) {
    case fault_kind::drop_answer:
      plan.lose = true;
      break;
    case fault_kind::error_after_commit:
      r = text_answer(f.status, "text/html", f.body.empty() ? std::string(html) : f.body);
      break;
    case fault_kind::not_json:
      r.content_type = "text/html";
      r.body = f.body.empty() ? std::string(html) : f.body;
      break;
    case fault_kind::huge:
      // Blanks behind a document are still that document: only the size is wrong.
      r.body.resize(std::max(r.body.size(), f.bytes), ' ');
      break;
    case fault_kind::truncate:
      plan.cut = f.bytes;
      break;
    case fault_kind::wrong_length:
      plan.lie = f.delta;
      break;
    case fault_kind::slow:
      plan.slow_bytes = f.bytes;
      plan.slow_every = f.ms;
      break;
    case fault_kind::delay:
      wait += f.ms;
      break;
    default:
      break;
    }
  }
  count(*c, plan.lose ? 0 : r.status);
  if (wait == millis{0})
    return send_synced(std::move(r), plan, send);
  later_.after(wait, [this, r = std::move(r), plan, send]() mutable {
    send_synced(std::move(r), plan, send);
  });
  if (wants(met, fault_kind::delay))
    flush(); // the effect is there although nobody has heard of it
}

/// Answers that arrive together share one fsync: it is posted behind what is ready already.
void core::send_synced(http::response r, const send_plan& plan, const send_fn& send) {
  if (!book_->dirty() && unsynced_.empty())
    return send(std::move(r), plan);
  unsynced_.emplace_back([r = std::move(r), plan, send]() mutable { send(std::move(r), plan); });
  if (flushing_)
    return;
  flushing_ = true;
  boost::asio::post(io_, [this] { flush(); });
}

void core::flush() {
  flushing_ = false;
  book_->sync();
  const auto ready = std::move(unsynced_);
  unsynced_.clear();
  for (const auto& answer : ready)
    answer();
}

void core::count(const call& c, unsigned status) {
  const std::string key = c.method + " " + (c.route.empty() ? "(unknown)" : c.route);
  tally& t = tallies_[key];
  ++t.count;
  ++t.statuses[status];
}

void core::happen(const fault_spec& f) {
  if (f.kind == fault_kind::token_expired)
    service_->expire_tokens(f.ms);
  else if (f.kind == fault_kind::purge)
    service_->purge();
  else if (f.kind == fault_kind::refuse)
    front_->refuse_for(f.ms > millis{0} ? f.ms : millis{1000});
}

} // namespace o3::doubles
