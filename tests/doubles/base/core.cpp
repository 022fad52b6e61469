#include "tests/doubles/base/core.hpp"

#include <boost/asio/post.hpp>

#include <future>
#include <pthread.h>
#include <signal.h>

namespace o3::doubles {

core::core(const core_options& o, const clock& c)
    : clock_(c), host_(o.host), random_(seeded_random(o.seed)), later_(c), faults_(c, *random_),
      timer_(io_) {
}

core::~core() {
  stop();
}

result<std::unique_ptr<core>> core::start(const core_options& o, const json& script,
                                          const make_service& make, const clock& c) {
  std::unique_ptr<core> it(new core(o, c));
  O3_TRY(const done ok, it->open(o, script, make));
  static_cast<void>(ok);
  return it;
}

result<done> core::open(const core_options& o, const json& script, const make_service& make) {
  O3_TRY(book_, ledger::open(o.ledger, clock_));
  if (!script.is_null()) {
    O3_TRY(const done fine, faults_.set(script));
    static_cast<void>(fine);
  }
  const auto origin = [this](const call& c, int door) {
    std::string host(c.header("host"));
    if (const auto colon = host.rfind(':');
        colon != std::string::npos && host.find(']', colon) == std::string::npos)
      host.erase(colon);
    return (host.empty() ? host_ : host) + ":" + std::to_string(ports_.at(door));
  };
  O3_TRY(service_, make(surroundings{clock_, later_, *book_, *random_, io_, origin}));
  front_hooks hooks;
  hooks.request = [this](call_ptr c, const send_fn& send) { take(std::move(c), send); };
  hooks.connection = [this] {
    for (const fault_spec& f : faults_.pick_connection()) {
      if (f.kind == fault_kind::refuse)
        happen(f);
      return false;
    }
    return true;
  };
  front_ = std::make_unique<front>(io_, clock_, later_, std::move(hooks));
  O3_TRY(ports_[0], front_->listen(o.host, o.port));
  if (o.file_store) {
    O3_TRY(ports_[1], front_->listen(o.host, 0));
  }
  arm();
  thread_ = std::thread([this] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr); // signals are the owner's
    const auto work = boost::asio::make_work_guard(io_);
    io_.run();
  });
  return done{};
}

void core::stop() {
  if (!thread_.joinable())
    return;
  boost::asio::post(io_, [this] {
    flush();
    front_->close();
    io_.stop();
  });
  thread_.join();
}

/// The next look at the agenda: when it has something, but never in a tight circle, as an injected
/// clock may stand still.
void core::arm() {
  constexpr millis longest{1000};
  constexpr millis shortest{2};
  millis wait = longest;
  if (const auto due = later_.next())
    wait
      = std::clamp(std::chrono::duration_cast<millis>(*due - clock_.steady()), shortest, longest);
  timer_.expires_after(wait);
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (ec)
      return;
    turn();
  });
}

void core::turn() {
  later_.run();
  flush();
  arm();
}

void core::run_on_loop(const std::function<void()>& f) {
  if (!thread_.joinable())
    return f(); // stopped: nobody else is here
  std::promise<void> ready;
  boost::asio::post(io_, [&] {
    f();
    ready.set_value();
  });
  ready.get_future().wait();
}

void core::tick() {
  run_on_loop([this] { turn(); });
}

json core::about() const {
  json j = service_->about();
  j["listen"] = host_ + ":" + std::to_string(port());
  j["url"] = "http://" + host_ + ":" + std::to_string(port());
  if (ports_.count(1) != 0)
    j["file_store"] = "http://" + host_ + ":" + std::to_string(port(1));
  return j;
}

} // namespace o3::doubles
