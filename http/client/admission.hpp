// Who may start next: a queue per host, first in first out; hosts take turns. Bounds what runs in
// all, what runs at one host and what waits. libcurl's own list of waiting requests is never used:
// it is searched from end to end for each of them (measured: 120 µs a request at 5,000). Threads:
// one owner, or a lock.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace o3::http::client {

class admission {
public:
  struct bounds {
    std::size_t active = 1024;
    std::size_t active_per_host = 64;
    std::size_t queued = 20'000;
  };
  struct host_load {
    std::string host;
    std::size_t active = 0;
    std::size_t queued = 0;
  };

  explicit admission(bounds b) : bounds_(b) {}

  /// Queues it; false if the queue is full.
  bool offer(std::uint64_t id, const std::string& host);
  /// The next that may start, counted as active from now on.
  std::optional<std::uint64_t> take();
  /// One that was active at that host has ended.
  void release(const std::string& host);
  /// Takes it out of the queue; false if it does not wait there.
  bool withdraw(std::uint64_t id);

  [[nodiscard]] std::size_t active() const { return active_; }
  [[nodiscard]] std::size_t queued() const { return waiting_.size(); }
  [[nodiscard]] std::vector<host_load> hosts() const; ///< those with anything in hand

private:
  struct lane {
    std::list<std::uint64_t> queue;
    std::size_t active = 0;
    bool has_turn = false; ///< stands in turns_
  };
  struct place {
    lane* at;
    std::string host;
    std::list<std::uint64_t>::iterator where;
  };
  void give_turn(const std::string& host, lane& l);
  void forget_if_idle(const std::string& host);

  bounds bounds_;
  std::size_t active_ = 0;
  std::unordered_map<std::string, lane> lanes_; ///< only hosts with something in hand
  std::unordered_map<std::uint64_t, place> waiting_;
  std::deque<std::string> turns_;
};

} // namespace o3::http::client
