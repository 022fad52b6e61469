#include "cluster/node/target_client.hpp"

#include "http/client/origin.hpp"

namespace o3 {
namespace {

namespace hc = http::client;

outside::answer refused(std::string why) {
  outside::answer a;
  a.sent_nothing = true;
  a.problem = std::move(why);
  return a;
}

outside::answer answer_of(hc::outbound_outcome o, steady_time asked) {
  outside::answer a;
  a.started = o.begun.value_or(asked);
  if (o.failure) { // what came before it broke proves nothing
    a.sent_nothing = o.failure->sent_nothing;
    a.problem = std::move(o.failure->message);
    return a;
  }
  a.status = o.status;
  a.headers = std::move(o.headers);
  a.body = std::move(o.body);
  return a;
}

class target_caller final : public outside::caller {
public:
  target_caller(std::shared_ptr<hc::outbound_client> client, const clock& time)
      : client_(std::move(client)), time_(time) {}

  void call(outside::request r, const outside::call_terms& terms,
            std::function<void(outside::answer)> done) override {
    hc::outbound_request out;
    out.method = std::move(r.method);
    out.url = std::move(r.url);
    out.headers = std::move(r.headers);
    out.body = std::move(r.body);
    out.kind = r.once ? hc::send_kind::write_once : hc::send_kind::read;
    out.body_bytes_max = r.answer_bytes_max;
    out.send_before = terms.not_after;
    if (terms.deadline > millis{0}) {
      out.deadlines.total = terms.deadline;
      out.deadlines.connect = std::min(out.deadlines.connect, terms.deadline);
      out.deadlines.first_byte = std::min(out.deadlines.first_byte, terms.deadline);
    }
    if (!r.verify || !r.ca_file.empty()) {
      auto tls = std::make_shared<hc::tls_settings>();
      tls->verify = r.verify;
      tls->ca_file = std::move(r.ca_file);
      out.tls = std::move(tls);
    }
    if (!r.secret_header.empty()) {
      auto to = hc::origin_of(r.origin);
      if (!to) {
        done(refused("the credential is bound to no origin: " + to.error().message));
        return;
      }
      out.auth
        = hc::credential{*std::move(to), std::move(r.secret_header), secret{std::move(r.secret)}};
    }
    client_->send(std::move(out),
                  [done = std::move(done), asked = time_.steady()](hc::outbound_outcome o) {
                    done(answer_of(std::move(o), asked));
                  });
  }

private:
  std::shared_ptr<hc::outbound_client> client_;
  const clock& time_;
};

} // namespace

std::shared_ptr<outside::caller> make_target_caller(std::shared_ptr<hc::outbound_client> client,
                                                    const clock& time) {
  return std::make_shared<target_caller>(std::move(client), time);
}

} // namespace o3
