#include "tests/contract/store/backends.hpp"
#include "tests/harness/catch.hpp"

#include <algorithm>

using namespace o3;
using namespace o3::store;
using namespace o3::test;

namespace {

/// Workflow `n` with `rows` rows, ended at n * 1000.
void add_ended(opened& s, std::uint64_t n, std::uint64_t rows = 2) {
  auto e = first_entry(n, s.epoch);
  e.insert->idempotency_key = "key " + std::to_string(n);
  e.insert->body_hash = sha256("body");
  REQUIRE(append_one(*s.journal, e) == outcome::ok);
  for (std::uint64_t seq = 2; seq < rows; ++seq)
    REQUIRE(append_one(*s.journal, next_entry(n, s.epoch, seq)) == outcome::ok);
  const auto at = from_ms(static_cast<std::int64_t>(n) * 1000);
  REQUIRE(append_one(*s.journal, ending_entry(n, s.epoch, rows, at)) == outcome::ok);
}

retention by_age(std::int64_t ms) {
  retention r;
  r.keep_age = millis{ms};
  return r;
}

retention by_count(opened& s, std::uint64_t n) {
  retention r;
  r.up_to = s.reader->ended_beyond(n);
  return r;
}

append_entry with_plan(std::uint64_t n, std::uint64_t epoch, const std::string& plan, bool bring) {
  auto e = first_entry(n, epoch);
  e.insert->plan_hash = sha256(plan);
  if (bring)
    e.blobs = {{sha256(plan), "plan", plan}};
  return e;
}

} // namespace

TEST_CASE("a live workflow is never pruned, whatever its times say") {
  O3_EACH_STORE {
    opened s{kind};
    for (std::uint64_t n = 0; n < 7; ++n) {
      auto e = first_entry(n + 1, s.epoch);
      e.insert->state = static_cast<workflow_state>(n);
      e.insert->ended_at = from_ms(1);
      REQUIRE(append_one(*s.journal, e) == outcome::ok);
    }
    auto r = by_age(0);
    r.up_to = s.reader->ended_beyond(0);
    const auto gone = s.journal->prune(r, from_ms(1'000'000), 100);
    CHECK(gone == std::vector{make_id(4), make_id(5), make_id(6)}); // successful, failed, canceled
    CHECK(s.reader->list({}, std::nullopt, 100).items.size() == 4);
    CHECK(s.reader->rows_after(0, 100).size() == 4);
  }
}

TEST_CASE("without a rule nothing is pruned") {
  O3_EACH_STORE {
    opened s{kind};
    add_ended(s, 1);
    CHECK(s.journal->prune({}, from_ms(1LL << 50), 100).empty());
    CHECK(s.journal->prune(by_age(0), from_ms(1LL << 50), 0).empty());
    CHECK(s.reader->find(make_id(1)));
  }
}

TEST_CASE("by age go those that ended longer ago than the age, oldest first") {
  O3_EACH_STORE {
    opened s{kind};
    for (const std::uint64_t n : {3U, 1U, 2U, 4U})
      add_ended(s, n);
    CHECK(s.journal->prune(by_age(1000), from_ms(4000), 100)
          == std::vector{make_id(1), make_id(2)});
    CHECK_FALSE(s.reader->find(make_id(2)));
    CHECK(s.reader->rows(make_id(2), 0, 10).empty());
    CHECK(s.reader->find(make_id(3))); // exactly as old as the age
  }
}

TEST_CASE("by count the oldest beyond the number go") {
  O3_EACH_STORE {
    opened s{kind};
    for (std::uint64_t n = 1; n <= 5; ++n)
      add_ended(s, n);
    REQUIRE(append_one(*s.journal, first_entry(6, s.epoch)) == outcome::ok); // live: does not count
    CHECK(s.journal->prune(by_count(s, 5), from_ms(0), 100).empty());
    CHECK(s.journal->prune(by_count(s, 3), from_ms(0), 100) == std::vector{make_id(1), make_id(2)});
    CHECK(s.journal->prune(by_count(s, 3), from_ms(0), 100).empty());
    CHECK(s.journal->prune(by_count(s, 0), from_ms(0), 100).size() == 3);
    CHECK(s.reader->find(make_id(6)));
  }
}

TEST_CASE("a slice deletes at most the rows it may, and a workflow half gone is hidden and takes "
          "no append") {
  O3_EACH_STORE {
    opened s{kind};
    add_ended(s, 1, 10);
    add_ended(s, 2, 3);
    CHECK(s.journal->prune(by_age(0), from_ms(1LL << 40), 4).empty());
    CHECK(s.reader->rows_after(0, 100).size() == 9);
    CHECK_FALSE(s.reader->find(make_id(1)));
    CHECK(s.reader->list({}, std::nullopt, 10).items.size() == 1);
    CHECK(s.reader->count_states().size() == 1);
    CHECK_FALSE(s.reader->find_key("default", "admin", "key 1"));
    CHECK(append_one(*s.journal, next_entry(1, s.epoch, 11)) == outcome::conflict);
    CHECK(append_one(*s.journal, first_entry(1, s.epoch)) == outcome::conflict);
    s.reopen(); // a crash between two slices
    CHECK(s.journal->prune({}, from_ms(0), 4).empty());
    CHECK(s.reader->rows_after(0, 100).size() == 5);
    CHECK(s.journal->prune(by_age(0), from_ms(1LL << 40), 4) == std::vector{make_id(1)});
    CHECK(s.journal->prune(by_age(0), from_ms(1LL << 40), 100) == std::vector{make_id(2)});
    CHECK(s.reader->rows_after(0, 100).empty());
  }
}

TEST_CASE("a key outlives its workflow until its time is over") {
  O3_EACH_STORE {
    opened s{kind};
    add_ended(s, 1);
    auto r = by_age(0);
    r.idempotency_keep = millis{500};
    REQUIRE(s.journal->prune(r, from_ms(2000), 100).size() == 1);
    CHECK_FALSE(s.reader->find_key("default", "admin", "key 1"));
    const auto kept = s.reader->find_kept_key("default", "admin", "key 1");
    REQUIRE(kept);
    CHECK(kept->workflow == make_id(1));
    CHECK(kept->body_hash == sha256("body"));
    CHECK_FALSE(s.reader->find_kept_key("default", "other", "key 1"));
    auto again = first_entry(2, s.epoch);
    again.insert->idempotency_key = "key 1";
    CHECK(append_one(*s.journal, again) == outcome::conflict);
    CHECK_FALSE(s.reader->find(make_id(2)));
    s.journal->prune(r, from_ms(2499), 100);
    s.reopen();
    again.epoch = s.epoch;
    CHECK(append_one(*s.journal, again) == outcome::conflict);
    s.journal->prune(r, from_ms(2500), 100);
    CHECK_FALSE(s.reader->find_kept_key("default", "admin", "key 1"));
    CHECK(append_one(*s.journal, again) == outcome::ok);
  }
}

TEST_CASE("a pos is never given twice, though the greatest was pruned before a restart") {
  O3_EACH_STORE {
    opened s{kind};
    add_ended(s, 1);
    add_ended(s, 2);
    const auto last = s.reader->last_pos();
    REQUIRE(s.journal->prune(by_age(0), from_ms(1LL << 40), 100).size() == 2);
    CHECK(s.reader->last_pos() == last);
    s.reopen();
    CHECK(s.reader->last_pos() == last);
    REQUIRE(append_one(*s.journal, first_entry(3, s.epoch)) == outcome::ok);
    CHECK(s.reader->rows_after(0, 10).at(0).pos == last + 1);
  }
}

TEST_CASE("everything accepted is there after a restart, and what was refused is not") {
  O3_EACH_STORE {
    opened s{kind};
    std::vector<std::string> before;
    for (std::uint64_t n = 1; n <= 50; ++n)
      add_ended(s, n, 2 + n % 5);
    append_one(*s.journal, first_entry(1, s.epoch));
    s.journal->prune(by_count(s, 40), from_ms(0), 20);
    for (const auto& r : s.reader->rows_after(0, 10'000))
      before.push_back(shown(r));
    for (const auto& w : s.reader->list({}, std::nullopt, 1000).items)
      before.push_back(shown(w));
    s.reopen();
    std::vector<std::string> after;
    for (const auto& r : s.reader->rows_after(0, 10'000))
      after.push_back(shown(r));
    for (const auto& w : s.reader->list({}, std::nullopt, 1000).items)
      after.push_back(shown(w));
    CHECK(after == before);
    CHECK(after.size() > 100);
  }
}

TEST_CASE("the bound of a count is the newest of those beyond it") {
  O3_EACH_STORE {
    opened s{kind};
    CHECK_FALSE(s.reader->ended_beyond(0));
    for (const std::uint64_t n : {2U, 3U, 1U})
      add_ended(s, n);
    REQUIRE(append_one(*s.journal, first_entry(9, s.epoch)) == outcome::ok);
    CHECK(s.reader->ended_beyond(0) == ended_row{from_ms(3000), make_id(3)});
    CHECK(s.reader->ended_beyond(2) == ended_row{from_ms(1000), make_id(1)});
    CHECK_FALSE(s.reader->ended_beyond(3));
    CHECK_FALSE(s.reader->ended_beyond(~std::uint64_t{0}));
    // What ends later does not move a bound that was taken before.
    const auto r = by_count(s, 2);
    add_ended(s, 4);
    CHECK(s.journal->prune(r, from_ms(0), 100) == std::vector{make_id(1)});
  }
}

TEST_CASE("plans and those who use them are listed page by page") {
  O3_EACH_STORE {
    opened s{kind};
    auto other = with_plan(3, s.epoch, "b", true);
    other.blobs.push_back({sha256("v"), "value", "v"});
    for (const auto& e :
         {with_plan(1, s.epoch, "a", true), with_plan(2, s.epoch, "a", false), other})
      REQUIRE(append_one(*s.journal, e) == outcome::ok);
    const auto first = s.reader->plans_after({}, 2);
    CHECK(first
          == std::vector{std::pair{make_id(1), sha256("a")}, std::pair{make_id(2), sha256("a")}});
    CHECK(s.reader->plans_after(first.back().first, 2)
          == std::vector{std::pair{make_id(3), sha256("b")}});
    std::vector<sha256_hash> both{sha256("a"), sha256("b")};
    std::sort(both.begin(), both.end());
    CHECK(s.reader->plan_blobs_after({}, 10) == both);
    CHECK(s.reader->plan_blobs_after({}, 1) == std::vector{both[0]});
    CHECK(s.reader->plan_blobs_after(both[0], 10) == std::vector{both[1]});
  }
}

TEST_CASE("a sweep deletes plans nobody uses, never one that was accepted since it began") {
  O3_EACH_STORE {
    opened s{kind};
    REQUIRE(append_one(*s.journal, with_plan(1, s.epoch, "kept", true)) == outcome::ok);
    REQUIRE(append_one(*s.journal, with_plan(2, s.epoch, "old", true)) == outcome::ok);
    const std::vector unused{sha256("old"), sha256("new"), sha256("never there")};
    CHECK(s.journal->drop_blobs(unused) == 0); // nothing was begun
    s.journal->begin_blob_sweep();
    REQUIRE(append_one(*s.journal, with_plan(3, s.epoch, "new", true)) == outcome::ok);
    CHECK(s.journal->drop_blobs(unused) == 1);
    CHECK_FALSE(s.reader->find_blob(sha256("old")));
    CHECK(s.reader->find_blob(sha256("new")) == "new");
    CHECK(s.reader->find_blob(sha256("kept")) == "kept");
    // Who still takes the plan for stored is refused, and nothing is left of the entry.
    CHECK(append_one(*s.journal, with_plan(4, s.epoch, "old", false)) == outcome::conflict);
    CHECK_FALSE(s.reader->find(make_id(4)));
    CHECK(append_one(*s.journal, with_plan(4, s.epoch, "old", true)) == outcome::ok);
    CHECK(append_one(*s.journal, with_plan(5, s.epoch, "old", false)) == outcome::ok);
    CHECK(s.reader->find_blob(sha256("old")) == "old");
    s.reopen();
    CHECK(s.reader->find_blob(sha256("old")) == "old");
  }
}

TEST_CASE("a sweep leaves what is no plan") {
  O3_EACH_STORE {
    opened s{kind};
    auto e = first_entry(1, s.epoch);
    e.blobs = {{sha256("v"), "value", "v"}};
    REQUIRE(append_one(*s.journal, e) == outcome::ok);
    s.journal->begin_blob_sweep();
    CHECK(s.journal->drop_blobs(std::vector{sha256("v")}) == 0);
    CHECK(s.reader->find_blob(sha256("v")) == "v");
  }
}
