#include "tests/contract/store/backends.hpp"
#include "tests/harness/catch.hpp"

#include <atomic>
#include <set>
#include <thread>

using namespace o3;
using namespace o3::store;
using namespace o3::test;

TEST_CASE("before any claim every append is fenced") {
  O3_EACH_STORE {
    const auto at = kind.make();
    auto& b = at->open();
    const auto j = b.make_journal();
    CHECK(append_one(*j, first_entry(1, 1)) == outcome::fenced);
    CHECK(b.make_reader()->last_pos() == 0);
  }
}

TEST_CASE("an earlier or a later epoch than the owner's is fenced and leaves nothing behind") {
  O3_EACH_STORE {
    opened s{kind};
    const auto old = s.epoch;
    REQUIRE(append_one(*s.journal, first_entry(1, old)) == outcome::ok);
    const auto now = s.journal->claim("b", 0);
    CHECK(now == old + 1);
    CHECK(append_one(*s.journal, first_entry(2, old)) == outcome::fenced);
    CHECK(append_one(*s.journal, next_entry(1, old, 2)) == outcome::fenced);
    CHECK(append_one(*s.journal, next_entry(1, now + 1, 2)) == outcome::fenced);
    // Fenced wins over conflict: a past owner learns that it is one.
    CHECK(append_one(*s.journal, first_entry(1, old)) == outcome::fenced);
    CHECK_FALSE(s.reader->find(make_id(2)));
    CHECK(append_one(*s.journal, next_entry(1, now, 2)) == outcome::ok);
    CHECK(s.reader->rows(make_id(1), 0, 10).size() == 2);
  }
}

TEST_CASE("an epoch never goes back, and starts at least where it is told to") {
  O3_EACH_STORE {
    opened s{kind};
    const auto far = s.epoch + 100;
    CHECK(s.journal->claim("a", far) == far);
    CHECK(s.journal->claim("a", 3) == far + 1);
    s.reopen();
    CHECK(s.epoch == far + 2);
  }
}

TEST_CASE("a doubled, gapped, zero or headless row is a conflict") {
  O3_EACH_STORE {
    opened s{kind};
    REQUIRE(append_one(*s.journal, first_entry(1, s.epoch)) == outcome::ok);
    REQUIRE(append_one(*s.journal, next_entry(1, s.epoch, 2)) == outcome::ok);
    CHECK(append_one(*s.journal, first_entry(1, s.epoch)) == outcome::conflict);
    CHECK(append_one(*s.journal, next_entry(1, s.epoch, 2)) == outcome::conflict);
    CHECK(append_one(*s.journal, next_entry(1, s.epoch, 4)) == outcome::conflict);
    CHECK(append_one(*s.journal, next_entry(1, s.epoch, 0)) == outcome::conflict);
    CHECK(append_one(*s.journal, next_entry(2, s.epoch, 2)) == outcome::conflict);
    CHECK(append_one(*s.journal, next_entry(2, s.epoch, 1)) == outcome::conflict); // no summary
    auto other = first_entry(3, s.epoch);
    other.insert->workflow = make_id(4);
    CHECK(append_one(*s.journal, other) == outcome::conflict);
    CHECK(append_one(*s.journal, next_entry(1, s.epoch, 3)) == outcome::ok);
    CHECK(s.reader->rows_after(0, 100).size() == 3);
    CHECK(s.reader->list({}, std::nullopt, 10).items.size() == 1);
  }
}

TEST_CASE("a refused entry never affects its neighbours") {
  O3_EACH_STORE {
    opened s{kind};
    auto update_of_refused = next_entry(1, s.epoch, 5);
    update_of_refused.update
      = summary_update{workflow_state::failed, {}, {}, {}, "must not be seen"};
    update_of_refused.blobs = {{sha256("x"), "value", "x"}};
    const std::vector<append_entry> batch{first_entry(1, s.epoch),     first_entry(1, s.epoch),
                                          first_entry(2, s.epoch + 1), next_entry(1, s.epoch, 2),
                                          update_of_refused,           first_entry(3, s.epoch)};
    const auto out = s.journal->append(batch);
    CHECK(out
          == std::vector{outcome::ok, outcome::conflict, outcome::fenced, outcome::ok,
                         outcome::conflict, outcome::ok});
    CHECK(s.reader->find(make_id(1))->error.empty());
    CHECK_FALSE(s.reader->find(make_id(2)));
    CHECK_FALSE(s.reader->find_blob(sha256("x")));
    const auto rows = s.reader->rows_after(0, 100);
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].workflow == make_id(1));
    CHECK(rows[1].seq == 2);
    CHECK(rows[2].workflow == make_id(3));
    CHECK(s.reader->last_pos() == rows[2].pos);
  }
}

TEST_CASE("an empty batch is answered with nothing") {
  O3_EACH_STORE {
    opened s{kind};
    CHECK(s.journal->append({}).empty());
    CHECK(s.reader->rows_after(0, 10).empty());
  }
}

TEST_CASE("a summary comes back with every field it went in with") {
  O3_EACH_STORE {
    opened s{kind};
    auto e = first_entry(7, s.epoch);
    auto& in = *e.insert;
    in.project = "p\xC3\xA4";
    in.principal = "ops";
    in.ref = "r-1";
    in.trace_id = "outer trace";
    in.idempotency_key = "k'\"";
    in.body_hash = sha256("body");
    in.plan_hash = sha256("plan");
    in.revision = 0xFFFF'FFFF;
    in.state = workflow_state::needs_operator;
    in.started_at = from_ms(-5);
    in.ended_at = from_ms(1LL << 50);
    in.wake_at = std::nullopt;
    in.error = std::string{"a\0b", 3};
    in.root = make_id(1);
    in.parent = make_id(2);
    in.checkpoint_seq = 1;
    in.labels = {{"team", "ops"}, {"a/b", "\xC3\xA4 \"q\" \\ 'x'"}, {"empty", ""}};
    REQUIRE(append_one(*s.journal, e) == outcome::ok);
    CHECK(shown(*s.reader->find(make_id(7))) == shown(in));
    // The least there can be: empty texts, no hashes, a trace id that only looks like the id.
    auto f = first_entry(8, s.epoch);
    f.insert->template_ref.clear();
    f.insert->name.clear();
    f.insert->trace_id = make_id(9).hex();
    f.records.clear();
    REQUIRE(append_one(*s.journal, f) == outcome::ok);
    CHECK(shown(*s.reader->find(make_id(8))) == shown(*f.insert));
    s.reopen();
    CHECK(shown(*s.reader->find(make_id(7))) == shown(in));
    CHECK(shown(*s.reader->find(make_id(8))) == shown(*f.insert));
    CHECK(s.reader->rows(make_id(8), 1, 1).at(0).records.empty());
  }
}

TEST_CASE("an update replaces exactly the state, the times and the error") {
  O3_EACH_STORE {
    opened s{kind};
    auto e = first_entry(1, s.epoch);
    REQUIRE(append_one(*s.journal, e) == outcome::ok);
    auto u = next_entry(1, s.epoch, 2);
    u.update
      = summary_update{workflow_state::failed, from_ms(5), from_ms(6), std::nullopt, "broke"};
    REQUIRE(append_one(*s.journal, u) == outcome::ok);
    auto expected = *e.insert;
    expected.state = workflow_state::failed;
    expected.started_at = from_ms(5);
    expected.ended_at = from_ms(6);
    expected.wake_at = std::nullopt;
    expected.error = "broke";
    CHECK(shown(*s.reader->find(make_id(1))) == shown(expected));
    u = next_entry(1, s.epoch, 3);
    u.update = summary_update{};
    REQUIRE(append_one(*s.journal, u) == outcome::ok);
    expected.state = workflow_state::waiting;
    expected.started_at = expected.ended_at = std::nullopt;
    expected.error.clear();
    CHECK(shown(*s.reader->find(make_id(1))) == shown(expected));
  }
}

TEST_CASE("an update moves the checkpoint only if it names one") {
  O3_EACH_STORE {
    opened s{kind};
    REQUIRE(append_one(*s.journal, first_entry(1, s.epoch)) == outcome::ok);
    CHECK(s.reader->find(make_id(1))->checkpoint_seq == 0);
    for (const std::uint64_t seq : {2U, 3U, 4U}) {
      auto u = next_entry(1, s.epoch, seq);
      u.update = summary_update{};
      u.update->checkpoint_seq = seq == 3 ? 3 : 0;
      REQUIRE(append_one(*s.journal, u) == outcome::ok);
      CHECK(s.reader->find(make_id(1))->checkpoint_seq == (seq < 3 ? 0U : 3U));
    }
  }
}

TEST_CASE("rows come in order, from where they are asked, at most as many as asked") {
  O3_EACH_STORE {
    opened s{kind};
    std::vector<append_entry> batch;
    for (std::uint64_t seq = 1; seq <= 20; ++seq)
      for (std::uint64_t n = 1; n <= 3; ++n)
        batch.push_back(seq == 1 ? first_entry(n, s.epoch) : next_entry(n, s.epoch, seq));
    for (const auto o : s.journal->append(batch))
      REQUIRE(o == outcome::ok);
    const auto rows = s.reader->rows(make_id(2), 5, 7);
    REQUIRE(rows.size() == 7);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      CHECK(rows[i].seq == 5 + i);
      CHECK(rows[i].workflow == make_id(2));
      CHECK(rows[i].records == next_entry(2, 0, 5 + i).records);
    }
    std::uint64_t after = 0;
    std::size_t seen = 0;
    for (auto page = s.reader->rows_after(0, 7); !page.empty();
         page = s.reader->rows_after(after, 7))
      for (const auto& r : page) {
        CHECK(r.pos > after);
        CHECK(r.workflow == batch.at(seen).workflow);
        CHECK(r.seq == batch.at(seen).seq);
        after = r.pos;
        ++seen;
      }
    CHECK(seen == batch.size());
    CHECK(s.reader->last_pos() == after);
  }
}

TEST_CASE("blobs are stored once by hash and any bytes come back") {
  O3_EACH_STORE {
    opened s{kind};
    const std::string body{"\0\xFF plan", 7};
    auto e = first_entry(1, s.epoch);
    e.blobs = {{sha256(body), "plan", body}, {sha256(""), "value", ""}};
    REQUIRE(append_one(*s.journal, e) == outcome::ok);
    e = first_entry(2, s.epoch);
    e.blobs = {{sha256(body), "plan", "not looked at"}};
    REQUIRE(append_one(*s.journal, e) == outcome::ok);
    s.reopen();
    CHECK(s.reader->find_blob(sha256(body)) == body);
    CHECK(s.reader->find_blob(sha256("")) == "");
    CHECK_FALSE(s.reader->find_blob(sha256("absent")));
  }
}

TEST_CASE("meta values are replaced and kept") {
  O3_EACH_STORE {
    opened s{kind};
    CHECK_FALSE(s.reader->meta("install_id"));
    s.journal->set_meta("install_id", "0a1b2c3d");
    s.journal->set_meta("empty", "");
    s.journal->set_meta("install_id", "11111111");
    s.reopen();
    CHECK(s.reader->meta("install_id") == "11111111");
    CHECK(s.reader->meta("empty") == "");
  }
}

TEST_CASE("a reader beside the writer sees whole batches only") {
  O3_EACH_STORE {
    opened s{kind};
    constexpr std::uint64_t batches = 200;
    constexpr std::size_t size = 5;
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> torn{0};
    std::atomic<std::size_t> looks{0};
    std::thread watcher{[&] {
      const auto r = s.backend->make_reader();
      while (!stop.load()) {
        torn += r->rows_after(0, 100'000).size() % size != 0;
        torn += r->list({}, std::nullopt, 100'000).items.size() % size != 0;
        std::uint64_t states = 0;
        for (const auto& [state, count] : r->count_states())
          states += count;
        torn += states % size != 0;
        // Moving between states must neither double nor hide a workflow.
        list_filter f;
        f.states = {workflow_state::waiting, workflow_state::successful};
        std::set<id> ids;
        const auto listed = r->list(f, std::nullopt, 100'000).items;
        for (const auto& w : listed)
          ids.insert(w.workflow);
        torn += ids.size() != listed.size() || ids.size() % size != 0;
        ++looks;
      }
    }};
    for (std::uint64_t b = 0; b < batches; ++b) {
      std::vector<append_entry> batch;
      for (std::uint64_t i = 0; i < size; ++i)
        batch.push_back(b % 2 == 0 ? first_entry(b * size + i + 1, s.epoch)
                                   : ending_entry((b - 1) * size + i + 1, s.epoch, 2, from_ms(1)));
      s.journal->append(batch);
      if (b % 50 == 49)
        s.backend->checkpoint();
    }
    while (looks.load() < 3)
      std::this_thread::yield();
    stop = true;
    watcher.join();
    CHECK(torn.load() == 0);
    CHECK(s.reader->rows_after(0, 100'000).size() == batches * size);
  }
}
