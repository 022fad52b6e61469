// Cancelling, stopping, queueing and counting: every callback once, and within bounds.
#include "tests/http/client/asking.hpp"

#include <atomic>
#include <fstream>
#include <future>

using namespace o3::test;
using o3::millis;

namespace {

outbound_options one_at_a_time() {
  outbound_options o;
  o.active_per_host_max = 1;
  return o;
}

} // namespace

TEST_CASE("what waits is canceled unsent, what runs ambiguously, what ended not at all",
          "[http][client][outbound]") {
  const raw_server silent{{}};
  asking ask{one_at_a_time()};
  inbox running, waiting;
  const auto first = ask.client->send(launch(silent.url()), running.hook());
  const auto second = ask.client->send(launch(silent.url()), waiting.hook());
  REQUIRE(eventually([&] { return silent.requests().size() == 1; }));
  ask.client->cancel(second);
  auto o = waiting.take();
  CHECK(fate(o) == "canceled, not sent");
  ask.client->cancel(first);
  o = running.take();
  CHECK(fate(o) == "canceled, ambiguous");
  const raw_server server{always(answer_of("ok"))};
  CHECK(fate(ask(launch(server.url()))) == "answered 200");
  ask.client->cancel(first);
  ask.client->cancel(second);
  ask.client->cancel(0);
  ask.client->cancel(99'999);
  CHECK(fate(ask(launch(server.url()))) == "answered 200");
  CHECK(running.size() + waiting.size() == 0);
  CHECK(silent.requests().size() == 1);
}

TEST_CASE("canceled while its name is looked up: not sent, and at once",
          "[http][client][outbound]") {
  const names_of_a_test names;
  name_hangs("slow.test");
  asking ask;
  inbox t;
  const auto h = ask.client->send(launch("http://slow.test/"), t.hook());
  REQUIRE(eventually([] { return name_asked("slow.test") == 1; }));
  ask.client->cancel(h);
  const auto o = t.take(2s);
  CHECK(fate(o) == "canceled, not sent");
}

TEST_CASE("the queue is bounded and says so; the total deadline counts in it",
          "[http][client][outbound]") {
  const raw_server silent{{}};
  auto options = one_at_a_time();
  options.queued_max = 2;
  asking ask{options};
  inbox t;
  ask.client->send(launch(silent.url()), t.hook());
  REQUIRE(eventually([&] { return ask.client->stats().active == 1; }));
  auto hurried = launch(silent.url());
  hurried.deadlines.total = 50ms;
  inbox late;
  ask.client->send(std::move(hurried), late.hook());
  ask.client->send(launch(silent.url()), t.hook());
  bool told = false;
  ask.client->send(launch(silent.url()), [&](outbound_outcome o) {
    told = true;
    CHECK(fate(o) == "queue, not sent");
    CHECK(o.failure->message.find("2 requests wait already") != std::string::npos);
  });
  CHECK(told); // inside send()
  const auto o = late.take();
  CHECK(fate(o) == "queue, not sent, timed out");
  const auto s = ask.client->stats();
  CHECK(s.active == 1);
  CHECK(s.queued == 1);
  CHECK(s.refused == 1);
  CHECK(s.failed == 1);
  REQUIRE(s.hosts.size() == 1);
  CHECK(s.hosts[0].origin == silent.url().substr(0, silent.url().size() - 1));
  CHECK(s.hosts[0].active == 1);
  CHECK(s.hosts[0].queued == 1);
}

TEST_CASE("stopping lets running ones end within the grace and gives back what waits",
          "[http][client][outbound]") {
  std::unique_ptr<raw_server> server; // outlives what is held
  mailbox<peer_ptr> held;
  server = std::make_unique<raw_server>(
    raw_script{.asked = [&](const peer_ptr& p, const raw_request&) { held.put(p); }});
  asking ask{one_at_a_time()};
  inbox running, waiting;
  ask.client->send(launch(server->url()), running.hook());
  ask.client->send(launch(server->url()), waiting.hook());
  const auto peer = held.take();
  REQUIRE(peer);
  auto stopped = std::async(std::launch::async, [&] { ask.client->stop(10s); });
  auto o = waiting.take();
  CHECK(fate(o) == "shutting_down, not sent");
  bool told = false;
  ask.client->send(launch(server->url()), [&](outbound_outcome refused) {
    told = true;
    CHECK(fate(refused) == "shutting_down, not sent");
  });
  CHECK(told);
  (*peer)->after(0ms, [p = *peer] { p->send(answer_of("just in time")); });
  o = running.take();
  CHECK(o.body == "just in time");
  stopped.get();
  CHECK(server->requests().size() == 1);
}

TEST_CASE("stopping is bounded whatever hangs, and every callback is called once",
          "[http][client][outbound]") {
  const names_of_a_test names;
  name_hangs("slow.test");
  const raw_server silent{{}};
  const authority ours{"ours"};
  std::atomic<int> called{0}, unsent{0};
  auto client = std::make_unique<asking>();
  const auto count = [&](outbound_outcome o) {
    ++called;
    REQUIRE_FALSE(o.ok());
    CHECK(o.failure->phase == failure_phase::shutting_down);
    unsent += o.failure->sent_nothing ? 1 : 0;
  };
  for (int i = 0; i < 100; ++i) {
    client->client->send(launch(silent.url()), count);
    client->client->send(launch("https://" + silent.url().substr(7)), count);
    client->client->send(get_of("http://slow.test/"), count);
  }
  REQUIRE(eventually([&] { return silent.requests().size() == 64; }));
  REQUIRE(eventually([&] { return client->client->stats().active == 3 * 64; }));
  const auto begin = std::chrono::steady_clock::now();
  client->client->stop(50ms);
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(took >= 50ms);
  CHECK(took < 3s);
  CHECK(called == 300);
  CHECK(unsent == 300 - 64);
  const auto s = client->client->stats();
  CHECK(s.active + s.queued + s.held_bytes + s.hosts.size() == 0);
  client.reset();
  CHECK(called == 300);
}

TEST_CASE("a callback may send, cancel and look", "[http][client][outbound]") {
  const raw_server server{always(answer_of("ok"))};
  std::atomic<int> left{50};
  mailbox<int> done;
  outbound_client* client = nullptr;
  std::function<void(outbound_outcome)> again;
  asking ask;
  client = ask.client.get();
  again = [&](outbound_outcome o) {
    CHECK(o.ok());
    client->cancel(1);
    static_cast<void>(client->stats());
    if (--left == 0)
      done.put(1);
    else
      client->send(get_of(server.url()), again);
  };
  ask.client->send(get_of(server.url()), again);
  CHECK(done.take());
  CHECK(server.connections() == 1);
  CHECK(ask.client->stats().answered >= 49);
}

TEST_CASE("sent from many threads, canceled at random, stopped in between: each callback once",
          "[http][client][outbound]") {
  const raw_server server{always(answer_of("ok"))};
  for (int round = 0; round < 5; ++round) {
    outbound_options options;
    options.active_per_host_max = 8;
    options.queued_max = 60;
    constexpr int threads = 4, each = 100;
    std::array<std::atomic<int>, threads * each> called{};
    asking ask{options};
    std::vector<std::thread> senders;
    for (int t = 0; t < threads; ++t)
      senders.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) {
          const auto h = ask.client->send(get_of(server.url()), [&called, n = t * each + i](auto) {
            ++called[static_cast<std::size_t>(n)];
          });
          if (i % 3 == 0)
            ask.client->cancel(h);
        }
      });
    if (round % 2 == 0)
      ask.client->stop(millis{round * 3});
    for (auto& s : senders)
      s.join();
    ask.client->stop(5s);
    for (const auto& c : called)
      REQUIRE(c == 1);
    const auto s = ask.client->stats();
    CHECK(s.answered + s.failed + s.refused == threads * each);
  }
}

namespace {

std::size_t resident_bytes() {
  std::size_t pages = 0;
  std::ifstream statm{"/proc/self/statm"};
  statm >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

} // namespace

TEST_CASE("2,000 slow reads at once: the bound of each host is kept, and so is memory",
          "[http][client][outbound]") {
  const auto slow = [] {
    return raw_script{.asked = [](const peer_ptr& p, const raw_request&) {
      p->after(20ms, [p] { p->send(answer_of(std::string(1000, 'x'))); });
    }};
  };
  const raw_server one{slow()}, two{slow()}, three{slow()}, four{slow()};
  const std::array<const raw_server*, 4> servers{&one, &two, &three, &four};
  outbound_options options;
  options.active_per_host_max = 50;
  options.active_max = 180; // less than four times fifty: both bounds bind
  std::atomic<int> right{0}, called{0};
  asking ask{options};
  const auto before = resident_bytes();
  const auto begin = std::chrono::steady_clock::now();
  std::size_t most_active = 0;
  for (int i = 0; i < 2000; ++i)
    ask.client->send(get_of(servers[static_cast<std::size_t>(i % 4)]->url()),
                     [&](outbound_outcome o) {
                       right += o.ok() && o.body.size() == 1000 ? 1 : 0;
                       ++called;
                     });
  REQUIRE(eventually([&] {
    most_active = std::max(most_active, ask.client->stats().active);
    return called == 2000;
  }));
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(right == 2000);
  CHECK(most_active <= 180);
  CHECK(most_active > 100);
  for (const auto* s : servers) {
    CHECK(s->requests().size() == 500);
    CHECK(s->most_at_once() <= 50);
    CHECK(s->most_at_once() >= 40);
    CHECK(s->connections() <= 60); // reused, not opened anew for each
  }
  INFO(std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms");
  CHECK(took < 60s); // a bound against standing still, not a measurement
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(resident_bytes() < before + (64 << 20));
#else
  static_cast<void>(before);
#endif
}
