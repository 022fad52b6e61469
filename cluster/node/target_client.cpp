#include "cluster/node/target_client.hpp"

#include "http/client/origin.hpp"
#include "runtime/base/crypto.hpp"

#include <map>
#include <mutex>

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

// The paces of all targets; the client's thread and the actors share them.
class paces {
public:
  explicit paces(outside::pace_options o) : options_(o) {}

  std::optional<outside::held_back> ask(const std::string& key, outside::turn t, steady_time now) {
    std::lock_guard lock{mutex_};
    forget(now);
    auto it = paces_.try_emplace(key, options_, key.substr(0, key.find(' '))).first;
    return it->second.ask(t, now);
  }
  void heard(const std::string& key, const outside::answer& a, const clock& time) {
    std::lock_guard lock{mutex_};
    if (auto it = paces_.find(key); it != paces_.end())
      it->second.heard(a, time.steady(), time.wall());
  }

  void withdrawn(const std::string& key) {
    std::lock_guard lock{mutex_};
    if (auto it = paces_.find(key); it != paces_.end())
      it->second.withdrawn();
  }

private:
  static constexpr std::size_t kept = 1024;
  void forget(steady_time now) {
    if (paces_.size() >= kept)
      std::erase_if(paces_, [&](const auto& p) { return p.second.idle(now); });
  }
  outside::pace_options options_;
  std::mutex mutex_;
  std::map<std::string, outside::pace> paces_;
};

// A system, and a fingerprint of who asks: limits are per user.
std::string pace_key(const outside::request& r) {
  auto to = hc::origin_of(r.url);
  auto print = to_hex(sha256(r.secret_header + "\n" + r.secret)).substr(0, 16);
  return (to ? to->text() : std::string{"?"}) + " " + print;
}

class target_caller final : public outside::caller {
public:
  target_caller(std::shared_ptr<hc::outbound_client> client, const clock& time,
                outside::pace_options pace)
      : client_(std::move(client)), time_(time), paces_(std::make_shared<paces>(pace)) {}

  std::optional<outside::held_back> hold_back(const outside::request& r, outside::turn t) override {
    return paces_->ask(pace_key(r), t, time_.steady());
  }

  void call(outside::request r, const outside::call_terms& terms,
            std::function<void(outside::answer)> done) override {
    auto key = pace_key(r);
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
    client_->send(std::move(out), [done = std::move(done), key = std::move(key), paces = paces_,
                                   time = &time_, asked = time_.steady()](hc::outbound_outcome o) {
      // What this node refused itself says nothing about the target.
      bool ours = o.failure
                  && (o.failure->phase == hc::failure_phase::policy
                      || o.failure->phase == hc::failure_phase::queue
                      || o.failure->phase == hc::failure_phase::canceled
                      || o.failure->phase == hc::failure_phase::too_large
                      || o.failure->phase == hc::failure_phase::shutting_down);
      auto a = answer_of(std::move(o), asked);
      if (ours)
        paces->withdrawn(key);
      else
        paces->heard(key, a, *time);
      done(std::move(a));
    });
  }

private:
  std::shared_ptr<hc::outbound_client> client_;
  const clock& time_;
  std::shared_ptr<paces> paces_;
};

} // namespace

std::shared_ptr<outside::caller> make_target_caller(std::shared_ptr<hc::outbound_client> client,
                                                    const clock& time, outside::pace_options pace) {
  return std::make_shared<target_caller>(std::move(client), time, pace);
}

} // namespace o3
