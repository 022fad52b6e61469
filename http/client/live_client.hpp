// The client behind outbound_client.hpp: what it holds. Requests come in under a lock, wait there
// for their turn, and from then on belong to the thread. live_client.cpp is that thread.
#pragma once
#include "http/client/outbound_client.hpp"
#include "http/client/transfer.hpp"

#include <mutex>
#include <queue>
#include <thread>
#include <unordered_map>

namespace o3::http::client {

class live_client final : public outbound_client {
public:
  live_client(outbound_options o, const clock& c)
      : options_(std::move(o)), around_{options_, c},
        admission_({options_.active_max, options_.active_per_host_max, options_.queued_max}) {
    around_.changed = [this](transfer& t) { schedule(t); };
  }
  live_client(const live_client&) = delete;
  live_client& operator=(const live_client&) = delete;
  ~live_client() override { live_client::stop(millis{0}); }

  bool start() {
    if (!library_.ready() || !multi_)
      return false;
    // Running and kept ones together. A quarter more than may run, or hosts that take turns would
    // take each other's connections too.
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS,
                      static_cast<long>(options_.active_max + options_.active_max / 4 + 1));
    curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    thread_ = std::thread{[this] { run(); }};
    return true;
  }

  handle send(outbound_request r, callback done) override;
  void cancel(handle h) override;
  [[nodiscard]] outbound_stats stats() const override;
  void stop(millis grace) override;

private:
  using transfer_ptr = std::unique_ptr<transfer>;
  struct look {
    moment at;
    handle id;
    bool operator<(const look& other) const { return at > other.at; } // the next one on top
  };

  [[nodiscard]] std::optional<outbound_failure> objection(const outbound_request& r,
                                                          const origin& to) const;
  std::optional<outbound_failure> accept(transfer_ptr& t);
  void wake();

  void run();
  void take_orders();
  void start_next();
  void start(transfer_ptr t);
  void reap();
  void expire();
  void schedule(transfer& t);
  void look_after(const look& due, moment now);
  void end_waiting(handle id, failure_phase p, const char* message);
  void break_off(handle id, failure_phase p, const std::string& message);
  void end(transfer_ptr t, CURLcode code, bool was_active);
  [[nodiscard]] bool is_over();
  [[nodiscard]] int pause() const;

  const outbound_options options_;
  surroundings around_;
  curl_library library_; ///< before the handles
  multi multi_{curl_multi_init()};

  mutable std::mutex mutex_; ///< guards what follows, up to the line
  admission admission_;
  std::unordered_map<handle, transfer_ptr> waiting_;
  std::vector<handle> arrived_, canceled_;
  handle last_ = 0;
  std::size_t requests_bytes_ = 0;
  std::uint64_t answered_ = 0, failed_ = 0, refused_ = 0;
  bool woken_ = false;
  bool stopping_ = false;
  moment stop_at_{};
  // --- the client's thread only
  std::unordered_map<handle, transfer_ptr> active_;
  std::priority_queue<look> looks_;
  std::vector<easy> spare_;
  // ---
  std::thread thread_;
};

} // namespace o3::http::client
