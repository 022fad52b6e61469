#include "tests/contract/store/backends.hpp"
#include "tests/harness/catch.hpp"

#include <algorithm>

using namespace o3;
using namespace o3::store;
using namespace o3::test;

namespace {

constexpr std::int64_t day = 24LL * 3600 * 1000;

log_chunk line(std::uint64_t n, std::uint32_t task, std::string text, std::int64_t at = 1000) {
  return {make_id(n), task, 1, from_ms(at), std::move(text) + "\n"};
}

void write(log_writer& w, const std::vector<log_chunk>& chunks) {
  w.append(chunks);
}

std::string all_of(log_reader& r, std::uint64_t n, std::optional<std::uint32_t> task = {}) {
  std::string out;
  for (const auto& row : r.read(make_id(n), task, 0, from_ms(0), 100'000))
    out += row.chunk.text;
  return out;
}

} // namespace

TEST_CASE("a log that was never written reads as nothing") {
  O3_EACH_STORE {
    const auto at = kind.make();
    const auto logs = at->open_logs({});
    CHECK(logs->make_reader()->read(make_id(1), std::nullopt, 0, from_ms(0), 10).empty());
    write(*logs->make_writer(), {});
    CHECK(logs->make_reader()->read(make_id(1), no_task, 0, from_ms(0), 10).empty());
  }
}

TEST_CASE("lines come back by workflow and by task, in order, with a cursor to go on from") {
  O3_EACH_STORE {
    const auto at = kind.make();
    const auto logs = at->open_logs({});
    const auto w = logs->make_writer();
    const auto r = logs->make_reader();
    write(*w, {line(1, no_task, "accepted"), line(1, 0, "a0"), line(2, 0, "other"),
               line(1, 1, "b0"), line(1, 0, "a1")});
    CHECK(all_of(*r, 1) == "accepted\na0\nb0\na1\n");
    CHECK(all_of(*r, 1, 0) == "a0\na1\n");
    CHECK(all_of(*r, 1, no_task) == "accepted\n");
    CHECK(all_of(*r, 3).empty());
    std::string paged;
    std::uint64_t after = 0;
    for (auto page = r->read(make_id(1), {}, 0, from_ms(0), 3); !page.empty();
         page = r->read(make_id(1), {}, after, from_ms(0), 3))
      for (const auto& row : page) {
        CHECK(row.cursor > after);
        CHECK(row.chunk.workflow == make_id(1));
        CHECK(row.chunk.attempt == 1);
        CHECK(row.chunk.at == from_ms(1000));
        after = row.cursor;
        paged += row.chunk.text;
      }
    CHECK(paged == all_of(*r, 1));
    write(*w, {line(1, 1, "later")});
    const auto rest = r->read(make_id(1), {}, after, from_ms(0), 10);
    REQUIRE(rest.size() == 1);
    CHECK(rest[0].chunk.text == "later\n");
  }
}

TEST_CASE("a task that logs too much gets one notice and then nothing, its neighbours go on") {
  O3_EACH_STORE {
    const auto at = kind.make();
    log_options o;
    o.task_bytes = 50;
    const auto logs = at->open_logs(o);
    const auto w = logs->make_writer();
    const auto r = logs->make_reader();
    for (int i = 0; i < 10; ++i)
      write(*w, {line(1, 0, "0123456789012345678"), line(1, 1, "x")});
    const auto text = all_of(*r, 1, 0);
    CHECK(text.starts_with("0123456789012345678\n0123456789012345678\n["));
    CHECK(std::count(text.begin(), text.end(), '\n') == 3);
    CHECK(text.find("50 bytes") != std::string::npos);
    CHECK(all_of(*r, 1, 1).size() == 20);
  }
}

TEST_CASE("the oldest lines go when the store is full, the newest stay, cursors only grow") {
  O3_EACH_STORE {
    const auto at = kind.make();
    log_options o;
    o.segment_bytes = 64 << 10;
    o.total_bytes = 512 << 10;
    const auto logs = at->open_logs(o);
    const auto w = logs->make_writer();
    const auto r = logs->make_reader();
    const std::string big(10'000, 'x');
    std::uint64_t last = 0;
    for (std::uint64_t n = 1; n <= 200; ++n) {
      write(*w, {line(n, 0, big + std::to_string(n))});
      w->maintain(from_ms(2000));
      const auto rows = r->read(make_id(n), {}, 0, from_ms(0), 10);
      REQUIRE(rows.size() == 1);
      CHECK(rows[0].cursor > last);
      last = rows[0].cursor;
    }
    CHECK(all_of(*r, 1).empty());
    CHECK(all_of(*r, 199).ends_with("x199\n"));
  }
}

TEST_CASE("lines older than the age go, younger ones stay") {
  O3_EACH_STORE {
    const auto at = kind.make();
    log_options o;
    o.keep = millis{3 * day};
    const auto logs = at->open_logs(o);
    const auto w = logs->make_writer();
    const auto r = logs->make_reader();
    for (std::uint64_t d = 1; d <= 5; ++d)
      write(*w, {line(d, 0, "day", static_cast<std::int64_t>(d) * day)});
    w->maintain(from_ms(5 * day + 1));
    CHECK(all_of(*r, 1).empty());
    CHECK(all_of(*r, 2).empty());
    CHECK(all_of(*r, 3) == "day\n");
    CHECK(all_of(*r, 5) == "day\n");
    CHECK(r->read(make_id(5), {}, 0, from_ms(5 * day), 10).size() == 1); // with the hint
    w->maintain(from_ms(100 * day));
    CHECK(all_of(*r, 5).empty());
    write(*w, {line(6, 0, "new", 100 * day)});
    CHECK(all_of(*r, 6) == "new\n");
  }
}

TEST_CASE("without an age every line stays") {
  O3_EACH_STORE {
    const auto at = kind.make();
    log_options o;
    o.keep = std::nullopt;
    const auto logs = at->open_logs(o);
    const auto w = logs->make_writer();
    const auto r = logs->make_reader();
    write(*w, {line(1, 0, "first", 1 * day)});
    write(*w, {line(2, 0, "second", 2 * day)});
    w->maintain(from_ms(40'000 * day));
    CHECK(all_of(*r, 1) == "first\n");
    CHECK(all_of(*r, 2) == "second\n");
  }
}
