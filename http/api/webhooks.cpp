// /webhook/: AWX and Terraform Enterprise tell that something happened to what tasks wait for. A
// hint only: it makes a task look now instead of a little later, so a forged or repeated one can
// do no more than that, and a lost one costs nothing but time.
//
// Who calls is known by a secret of its own, not by a token of this API: AWX sends it in a header
// (it signs nothing), TFE signs the body with it. Without a configured secret all are refused.
#include "http/api/problem.hpp"
#include "http/api/rows.hpp"
#include "runtime/base/hmac.hpp"

#include <mutex>
#include <set>

namespace o3::api {

namespace {

constexpr std::size_t id_bytes_max = 64;

// The last bodies that came: the same one again says nothing new. Threads: locks itself.
class seen_bodies {
public:
  bool is_new(std::string_view body) {
    auto hash = sha256(body);
    std::lock_guard lock{mutex_};
    if (!known_.insert(hash).second)
      return false;
    order_.push_back(hash);
    if (order_.size() > kept) {
      known_.erase(order_.front());
      order_.erase(order_.begin());
    }
    return true;
  }

private:
  static constexpr std::size_t kept = 1024;
  std::mutex mutex_;
  std::set<sha256_hash> known_;
  std::vector<sha256_hash> order_;
};

void refuse(const http::request& r, const http::respond_fn& respond, const secret& held,
            const char* what) {
  auto why = held.empty() ? "No secret for this webhook is configured." : what;
  respond(problem(make_error(fault::unauthorized, why, "", "webhooks.* in the settings of O3"), {},
                  r.path));
}

void said(const http::respond_fn& respond, std::string_view status) {
  http::response r;
  r.body = R"({"status":")" + std::string{status} + R"("})";
  respond(std::move(r));
}

// One id, taken from where this system puts it; a null is a trial delivery.
void take(const context& c, seen_bodies& seen, http::request& r, const http::respond_fn& respond,
          const char* key) {
  auto doc = parse_json(r.body, c.opts->lim);
  if (!doc)
    return respond(problem(doc.error(), {}, r.path));
  auto at = doc->is_object() ? doc->find(key) : doc->end();
  if (!doc->is_object()
      || (at != doc->end() && !at->is_null() && !at->is_string() && !at->is_number_integer()))
    return respond(problem(make_error(fault::bad_value, "this is no notification of a job or a run",
                                      std::string{"/"} + key),
                           {}, r.path));
  if (at == doc->end() || at->is_null())
    return said(respond, "verified");
  auto id = at->is_string() ? at->get<std::string>() : at->dump();
  if (id.empty() || id.size() > id_bytes_max)
    return respond(
      problem(make_error(fault::bad_value, "this is no id", std::string{"/"} + key), {}, r.path));
  if (!seen.is_new(r.body))
    return said(respond, "repeated");
  c.ports.engine.happened(std::move(id));
  said(respond, "taken");
}

void from_awx(const context& c, seen_bodies& seen, http::request&& r, http::respond_fn respond) {
  const auto& held = c.opts->webhooks.awx;
  if (held.empty() || !equal_constant_time(r.header("x-o3-webhook-secret"), held.reveal()))
    return refuse(r, respond, held, "The header X-O3-Webhook-Secret is missing or wrong.");
  take(c, seen, r, respond, "id");
}

void from_tfe(const context& c, seen_bodies& seen, http::request&& r, http::respond_fn respond) {
  const auto& held = c.opts->webhooks.tfe;
  auto expected = hmac_sha512(held.reveal(), r.body);
  auto hex = to_hex({reinterpret_cast<const char*>(expected.data()), expected.size()});
  if (held.empty() || !equal_constant_time(r.header("x-tfe-notification-signature"), hex))
    return refuse(r, respond, held,
                  "The signature X-TFE-Notification-Signature is missing or wrong.");
  take(c, seen, r, respond, "run_id");
}

row webhook(std::string path, std::string summary, std::string description, http::handler_fn f) {
  return {{.verb = http::method::post,
           .path = std::move(path),
           .permission = "",
           .summary = std::move(summary),
           .tag = "webhook",
           .handle = std::move(f),
           .response_schema = schema_ref("WebhookAnswer")},
          std::move(description),
          {200},
          {400, 401}};
}

} // namespace

void add_webhook_rows(std::vector<row>& rows, const context& c) {
  auto seen = std::make_shared<seen_bodies>();
  rows.push_back(
    webhook("/api/v1/webhook/awx/", "AWX tells that a job changed",
            "A notification template of type webhook, POST, with the header X-O3-Webhook-Secret.",
            [c, seen](http::request&& r, http::respond_fn f) {
              from_awx(c, *seen, std::move(r), std::move(f));
            }));
  rows.push_back(
    webhook("/api/v1/webhook/tfe/", "Terraform Enterprise tells that a run changed",
            "A generic notification configuration; its token is the secret that signs.",
            [c, seen](http::request&& r, http::respond_fn f) {
              from_tfe(c, *seen, std::move(r), std::move(f));
            }));
}

} // namespace o3::api
