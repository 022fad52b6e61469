#include "runtime/base/random.hpp"
#include "tests/contract/store/backends.hpp"
#include "tests/harness/catch.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

using namespace o3;
using namespace o3::store;
using namespace o3::test;

namespace {

document_put put(const opened& s, std::string key, std::uint64_t expected,
                 std::optional<std::string> body) {
  return {"schedule", "default", std::move(key), s.epoch, expected, std::move(body), from_ms(7)};
}

outcome put_one(journal& j, const document_put& e) {
  return j.put_documents({&e, 1}).at(0);
}

std::vector<std::string> keys(const std::vector<document>& all) {
  std::vector<std::string> out;
  for (const auto& d : all)
    out.push_back(d.project + "/" + d.key);
  return out;
}

} // namespace

TEST_CASE("a document comes back as it went in, and stays") {
  O3_EACH_STORE {
    opened s{kind};
    CHECK_FALSE(s.reader->find_document("schedule", "default", "nightly"));
    const std::string body{"{\"a\":\"\0\xC3\xA4\"}", 10};
    REQUIRE(put_one(*s.journal, put(s, "nightly", 0, body)) == outcome::ok);
    REQUIRE(put_one(*s.journal, put(s, "empty", 0, "")) == outcome::ok);
    s.reopen();
    CHECK(s.reader->find_document("schedule", "default", "nightly")
          == document{"schedule", "default", "nightly", 1, body, from_ms(7)});
    CHECK(s.reader->find_document("schedule", "default", "empty")->body.empty());
    // Kind, project and key all count.
    CHECK_FALSE(s.reader->find_document("calendar", "default", "nightly"));
    CHECK_FALSE(s.reader->find_document("schedule", "other", "nightly"));
    CHECK_FALSE(s.reader->find_document("schedule", "default", "night"));
  }
}

TEST_CASE("a document changes only from the version it was read with") {
  O3_EACH_STORE {
    opened s{kind};
    CHECK(put_one(*s.journal, put(s, "a", 1, "x")) == outcome::conflict);
    CHECK(put_one(*s.journal, put(s, "a", 0, std::nullopt)) == outcome::conflict);
    CHECK(put_one(*s.journal, put(s, "a", 1, std::nullopt)) == outcome::conflict);
    CHECK(put_one(*s.journal, put(s, "", 0, "x")) == outcome::conflict);
    REQUIRE(put_one(*s.journal, put(s, "a", 0, "1")) == outcome::ok);
    CHECK(put_one(*s.journal, put(s, "a", 0, "again")) == outcome::conflict);
    CHECK(put_one(*s.journal, put(s, "a", 2, "ahead")) == outcome::conflict);
    auto later = put(s, "a", 1, "2");
    later.at = from_ms(-9);
    REQUIRE(put_one(*s.journal, later) == outcome::ok);
    CHECK(put_one(*s.journal, put(s, "a", 1, "late")) == outcome::conflict);
    CHECK(s.reader->find_document("schedule", "default", "a")
          == document{"schedule", "default", "a", 2, "2", from_ms(-9)});
    CHECK(put_one(*s.journal, put(s, "a", 1, std::nullopt)) == outcome::conflict);
    CHECK(put_one(*s.journal, put(s, "a", 2, std::nullopt)) == outcome::ok);
    CHECK_FALSE(s.reader->find_document("schedule", "default", "a"));
    CHECK(s.reader->documents("schedule", std::nullopt, {}, 10).empty());
    CHECK(put_one(*s.journal, put(s, "a", 2, "x")) == outcome::conflict);
    CHECK(put_one(*s.journal, put(s, "a", 0, "new")) == outcome::ok);
    CHECK(s.reader->find_document("schedule", "default", "a")->version == 1);
  }
}

TEST_CASE("who does not own the shard changes no document, and learns that before a conflict") {
  O3_EACH_STORE {
    opened s{kind};
    REQUIRE(put_one(*s.journal, put(s, "a", 0, "1")) == outcome::ok);
    const auto old = s.epoch;
    s.epoch = s.journal->claim("b", 0);
    for (const auto epoch : {old, s.epoch + 1, std::uint64_t{0}})
      for (auto e : {put(s, "a", 1, "x"), put(s, "a", 1, std::nullopt), put(s, "a", 9, "x"),
                     put(s, "new", 0, "x"), put(s, "", 0, "x")}) {
        e.epoch = epoch;
        CHECK(put_one(*s.journal, e) == outcome::fenced);
      }
    CHECK(s.reader->find_document("schedule", "default", "a")->body == "1");
    CHECK_FALSE(s.reader->find_document("schedule", "default", "new"));
    CHECK(put_one(*s.journal, put(s, "a", 1, "2")) == outcome::ok);
  }
}

TEST_CASE(
  "a refused document never affects its neighbours, and a later entry sees an earlier one") {
  O3_EACH_STORE {
    opened s{kind};
    CHECK(s.journal->put_documents({}).empty());
    auto fenced = put(s, "c", 0, "x");
    fenced.epoch = s.epoch + 1;
    const std::vector batch{
      put(s, "a", 0, "1"),  put(s, "a", 0, "no"), fenced,
      put(s, "a", 1, "2"),  put(s, "b", 0, "1"),  put(s, "b", 1, std::nullopt),
      put(s, "d", 4, "no"), put(s, "e", 0, "1")};
    CHECK(s.journal->put_documents(batch)
          == std::vector{outcome::ok, outcome::conflict, outcome::fenced, outcome::ok, outcome::ok,
                         outcome::ok, outcome::conflict, outcome::ok});
    CHECK(keys(s.reader->documents("schedule", std::nullopt, {}, 10))
          == std::vector<std::string>{"default/a", "default/e"});
    CHECK(s.reader->find_document("schedule", "default", "a")->body == "2");
    // Documents are no journal rows.
    CHECK(s.reader->last_pos() == 0);
    CHECK(append_one(*s.journal, first_entry(1, s.epoch)) == outcome::ok);
  }
}

TEST_CASE("documents of a kind come in pages, in order of their bytes") {
  O3_EACH_STORE {
    opened s{kind};
    std::vector<document_put> batch;
    for (const auto* project : {"p", "default", "P"})
      for (const auto* key : {"b", "a", "B", "a b", "\xC3\xA4", "a/c"})
        for (const auto* of : {"schedule", "calendar", "schedules"}) {
          auto e = put(s, key, 0, std::string{of} + project + key);
          e.kind = of;
          e.project = project;
          batch.push_back(e);
        }
    for (const auto o : s.journal->put_documents(batch))
      REQUIRE(o == outcome::ok);
    const std::vector<std::string> order{"B", "a", "a b", "a/c", "b", "\xC3\xA4"};
    std::vector<std::string> all;
    for (const auto* project : {"P", "default", "p"})
      for (const auto& key : order)
        all.push_back(std::string{project} + "/" + key);
    for (const std::size_t max : {1U, 4U, 18U, 100U}) {
      std::vector<std::string> seen;
      document_place after;
      for (;;) {
        const auto page = s.reader->documents("schedule", std::nullopt, after, max);
        REQUIRE(page.size() <= max);
        if (page.empty())
          break;
        for (const auto& d : page) {
          CHECK(d.body == "schedule" + d.project + d.key);
          seen.push_back(d.project + "/" + d.key);
        }
        after = {page.back().project, page.back().key};
      }
      CHECK(seen == all);
    }
    const std::string project = "default";
    CHECK(s.reader->documents("schedule", project, {}, 100).size() == order.size());
    CHECK(keys(s.reader->documents("schedule", project, {project, "a b"}, 2))
          == std::vector<std::string>{"default/a/c", "default/b"});
    CHECK(s.reader->documents("schedule", project, {project, order.back()}, 2).empty());
    CHECK(s.reader->documents("schedule", "none", {}, 2).empty());
    CHECK(s.reader->documents("sched", std::nullopt, {}, 2).empty());
    CHECK(s.reader->documents("schedule", std::nullopt, {}, 0).empty());
  }
}

TEST_CASE("random changes of documents agree with a map") {
  O3_EACH_STORE {
    opened s{kind};
    std::map<std::pair<std::string, std::string>, document> model;
    const auto random = seeded_random(20261121);
    std::size_t changed = 0;
    for (int step = 0; step < 300; ++step) {
      std::vector<document_put> batch;
      std::vector<outcome> expected;
      for (auto n = random->below(5); n > 0; --n) {
        auto e = put(s, std::to_string(random->below(6)), random->below(4), std::nullopt);
        e.project = std::to_string(random->below(2));
        e.at = from_ms(step);
        if (random->below(4) != 0)
          e.body = "body " + std::to_string(step);
        if (random->below(10) == 0)
          e.epoch -= 1;
        auto& at = model[{e.project, e.key}];
        const bool fits = at.version == e.expected_version && (e.body || at.version != 0);
        expected.push_back(e.epoch != s.epoch ? outcome::fenced
                           : fits             ? outcome::ok
                                              : outcome::conflict);
        if (expected.back() == outcome::ok) {
          ++changed;
          at = e.body ? document{e.kind, e.project, e.key, at.version + 1, *e.body, e.at}
                      : document{};
        }
        batch.push_back(std::move(e));
      }
      REQUIRE(s.journal->put_documents(batch) == expected);
      if (step % 100 == 50)
        s.reopen();
    }
    CHECK(changed > 50);
    std::vector<document> left;
    for (const auto& [name, d] : model)
      if (d.version != 0)
        left.push_back(d);
    CHECK(s.reader->documents("schedule", std::nullopt, {}, 100) == left);
  }
}

TEST_CASE("a reader beside the writer sees all documents of a batch or none") {
  O3_EACH_STORE {
    opened s{kind};
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> torn{0};
    std::atomic<std::size_t> looks{0};
    std::thread watcher{[&] {
      const auto r = s.backend->make_reader();
      while (!stop.load()) {
        const auto all = r->documents("schedule", std::nullopt, {}, 10);
        torn += !std::all_of(all.begin(), all.end(),
                             [&](const document& d) { return d.body == all.front().body; });
        ++looks;
      }
    }};
    for (std::uint64_t n = 0; n < 200; ++n)
      s.journal->put_documents(
        std::vector{put(s, "a", n, std::to_string(n)), put(s, "b", n, std::to_string(n))});
    while (looks.load() < 3)
      std::this_thread::yield();
    stop = true;
    watcher.join();
    CHECK(torn.load() == 0);
    CHECK(s.reader->find_document("schedule", "default", "b")->version == 200);
  }
}
