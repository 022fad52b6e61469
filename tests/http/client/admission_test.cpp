#include "http/client/admission.hpp"

#include "runtime/base/random.hpp"
#include "tests/harness/catch.hpp"

#include <map>

using o3::http::client::admission;

namespace {

std::vector<std::uint64_t> take_all(admission& a) {
  std::vector<std::uint64_t> ids;
  while (const auto id = a.take())
    ids.push_back(*id);
  return ids;
}
using ids = std::vector<std::uint64_t>;

} // namespace

TEST_CASE("a host is served in order, within its bound", "[http][client][admission]") {
  admission a{{.active = 10, .active_per_host = 2, .queued = 10}};
  for (std::uint64_t id = 1; id <= 4; ++id)
    REQUIRE(a.offer(id, "a"));
  CHECK(take_all(a) == ids{1, 2});
  CHECK(a.active() == 2);
  CHECK(a.queued() == 2);
  a.release("a");
  CHECK(take_all(a) == ids{3});
  a.release("a");
  a.release("a");
  CHECK(take_all(a) == ids{4});
  a.release("a");
  CHECK(a.hosts().empty());
}

TEST_CASE("hosts take turns when all together are bounded", "[http][client][admission]") {
  admission a{{.active = 1, .active_per_host = 5, .queued = 10}};
  for (std::uint64_t id = 1; id <= 3; ++id)
    REQUIRE(a.offer(id, "busy"));
  REQUIRE(a.offer(9, "quiet"));
  ids order;
  for (int i = 0; i < 4; ++i) {
    const auto id = a.take();
    REQUIRE(id);
    CHECK_FALSE(a.take());
    order.push_back(*id);
    a.release(*id == 9 ? "quiet" : "busy");
  }
  CHECK(order == ids{1, 9, 2, 3});
}

TEST_CASE("the queue is bounded and gives back what is withdrawn", "[http][client][admission]") {
  admission a{{.active = 0, .active_per_host = 1, .queued = 2}};
  CHECK(a.offer(1, "a"));
  CHECK(a.offer(2, "b"));
  CHECK_FALSE(a.offer(3, "a"));
  CHECK(a.withdraw(1));
  CHECK_FALSE(a.withdraw(1));
  CHECK(a.offer(3, "a"));
  CHECK(a.hosts().size() == 2);
}

TEST_CASE("bounds, order and counts hold whatever happens", "[http][client][admission]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO(seed);
    const auto r = o3::seeded_random(seed);
    admission a{{.active = 1 + r->below(6), .active_per_host = 1 + r->below(3), .queued = 12}};
    std::map<std::string, std::vector<std::uint64_t>> queues;
    std::map<std::string, std::size_t> active;
    std::map<std::uint64_t, std::string> home;
    std::size_t queued = 0, running = 0;
    for (std::uint64_t id = 1; id < 200; ++id) {
      const std::string host(1, static_cast<char>('a' + r->below(4)));
      switch (r->below(4)) {
      case 0:
      case 1: {
        const bool fits = queued < 12;
        REQUIRE(a.offer(id, host) == fits);
        if (fits) {
          queues[host].push_back(id);
          home[id] = host;
          ++queued;
        }
        break;
      }
      case 2:
        if (const auto got = a.take()) {
          auto& q = queues[home[*got]];
          REQUIRE(!q.empty());
          REQUIRE(q.front() == *got);
          q.erase(q.begin());
          ++active[home[*got]];
          ++running;
          --queued;
        }
        break;
      default:
        if (active[host] > 0 && r->below(2) == 0) {
          a.release(host);
          --active[host];
          --running;
        } else if (!queues[host].empty()) {
          auto& q = queues[host];
          const auto at = r->below(q.size());
          REQUIRE(a.withdraw(q[at]));
          q.erase(q.begin() + static_cast<std::ptrdiff_t>(at));
          --queued;
        }
      }
      REQUIRE(a.queued() == queued);
      REQUIRE(a.active() == running);
      for (const auto& h : a.hosts())
        REQUIRE((h.active == active[h.host] && h.queued == queues[h.host].size()));
    }
    // Nothing is forgotten: with enough releases all of it starts.
    for (int round = 0; round < 500 && queued > 0; ++round) {
      for (auto& [host, n] : active)
        for (; n > 0; --n)
          a.release(host);
      while (const auto got = a.take()) {
        ++active[home[*got]];
        --queued;
      }
    }
    REQUIRE(queued == 0);
  }
}
