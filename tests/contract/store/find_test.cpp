#include "tests/contract/store/backends.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;
using namespace o3::store;
using namespace o3::test;

namespace {

append_entry keyed(std::uint64_t n, std::uint64_t epoch, std::string key) {
  auto e = first_entry(n, epoch);
  e.insert->idempotency_key = std::move(key);
  e.insert->body_hash = sha256("body " + std::to_string(n));
  return e;
}

std::vector<std::uint64_t> numbers(const std::vector<summary>& list) {
  std::vector<std::uint64_t> out;
  out.reserve(list.size());
  for (const auto& s : list)
    out.push_back(static_cast<std::uint64_t>(to_ms(s.created_at)));
  return out;
}

using list_of = std::vector<std::uint64_t>;

/// 1 … 12 with something to find in each.
void fill(opened& s) {
  for (std::uint64_t n = 1; n <= 12; ++n) {
    auto e = first_entry(n, s.epoch);
    e.insert->project = n % 2 == 0 ? "even" : "odd";
    e.insert->state = static_cast<workflow_state>(n % 3);
    e.insert->template_ref = n <= 6 ? "deploy" : "50%_off\\now";
    e.insert->ref = n == 5 ? "Ticket-77" : "";
    if (n >= 9)
      e.insert->trace_id = "Trace-9";
    REQUIRE(append_one(*s.journal, e) == outcome::ok);
  }
  auto e = next_entry(4, s.epoch, 2);
  e.update = summary_update{workflow_state::failed, {}, from_ms(50), {}, "host WEB01 is down"};
  REQUIRE(append_one(*s.journal, e) == outcome::ok);
}

} // namespace

TEST_CASE("an idempotency key is taken once per project and principal") {
  O3_EACH_STORE {
    opened s{kind};
    REQUIRE(append_one(*s.journal, keyed(1, s.epoch, "k")) == outcome::ok);
    CHECK(append_one(*s.journal, keyed(2, s.epoch, "k")) == outcome::conflict);
    CHECK_FALSE(s.reader->find(make_id(2)));
    CHECK(s.reader->rows(make_id(2), 0, 1).empty());
    auto other = keyed(3, s.epoch, "k");
    other.insert->principal = "someone";
    CHECK(append_one(*s.journal, other) == outcome::ok);
    other = keyed(4, s.epoch, "k");
    other.insert->project = "elsewhere";
    CHECK(append_one(*s.journal, other) == outcome::ok);
    // Without a key any number may be there.
    CHECK(append_one(*s.journal, first_entry(5, s.epoch)) == outcome::ok);
    CHECK(append_one(*s.journal, first_entry(6, s.epoch)) == outcome::ok);
    s.reopen();
    CHECK(append_one(*s.journal, keyed(7, s.epoch, "k")) == outcome::conflict);
    const auto found = s.reader->find_key("default", "admin", "k");
    REQUIRE(found);
    CHECK(found->workflow == make_id(1));
    CHECK(found->body_hash == sha256("body 1"));
    CHECK_FALSE(s.reader->find_key("default", "admin", "K"));
    CHECK_FALSE(s.reader->find_key("default", "admin", ""));
    CHECK_FALSE(s.reader->find_kept_key("default", "admin", "k"));
  }
}

TEST_CASE("of two entries with one key in the same batch the first wins") {
  O3_EACH_STORE {
    opened s{kind};
    const std::vector<append_entry> batch{keyed(1, s.epoch, "k"), keyed(2, s.epoch, "k")};
    CHECK(s.journal->append(batch) == std::vector{outcome::ok, outcome::conflict});
  }
}

TEST_CASE("lists are newest first and page without a gap") {
  O3_EACH_STORE {
    opened s{kind};
    fill(s);
    CHECK(numbers(s.reader->list({}, std::nullopt, 100).items)
          == list_of{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1});
    CHECK(s.reader->list({}, std::nullopt, 0).items.empty());
    list_filter f;
    f.states = {workflow_state::waiting, workflow_state::running, workflow_state::waiting};
    list_of paged;
    std::optional<id> before;
    do {
      const auto page = s.reader->list(f, before, 3);
      CHECK(page.items.size() <= 3);
      for (const auto n : numbers(page.items))
        paged.push_back(n);
      before = page.next;
    } while (before);
    CHECK(paged == list_of{11, 10, 8, 7, 5, 2, 1});
  }
}

TEST_CASE("one page looks at a bounded number, and going on finds the rest without gap or double") {
  O3_EACH_STORE {
    opened s{kind};
    fill(s);
    const auto check = [&](list_filter f, const list_of& all, std::size_t most_pages) {
      for (std::size_t budget = 1; budget <= 14; ++budget)
        for (const std::size_t max : {1U, 2U, 100U}) {
          CAPTURE(budget, max);
          f.scan_max = budget;
          list_of paged;
          std::optional<id> before;
          std::size_t pages = 0;
          do {
            const auto page = s.reader->list(f, before, max);
            REQUIRE((!page.next || !before || *page.next < *before)); // it gets on
            CHECK(page.items.size()
                  <= std::min(max, budget * std::max<std::size_t>(f.states.size(), 1)));
            for (const auto n : numbers(page.items))
              paged.push_back(n);
            before = page.next;
            REQUIRE(++pages <= most_pages);
          } while (before);
          CHECK(paged == all);
        }
    };
    list_filter rare;
    rare.ref = "Ticket-77";
    check(rare, {5}, 14);
    rare.scan_max = 3;
    const auto first = s.reader->list(rare, std::nullopt, 10); // 12, 11, 10: none of them fits
    CHECK(first.items.empty());
    CHECK(first.next == make_id(10));
    list_filter none;
    none.q = "not to be found";
    check(none, {}, 14);
    list_filter states;
    states.states = {workflow_state::waiting, workflow_state::running};
    check(states, {11, 10, 8, 7, 5, 2, 1}, 20);
    states.template_ref = "deploy";
    check(states, {5, 2, 1}, 20);
  }
}

TEST_CASE("each list filter lets through exactly what it names") {
  O3_EACH_STORE {
    opened s{kind};
    fill(s);
    const auto listed = [&](auto set) {
      list_filter f;
      set(f);
      return numbers(s.reader->list(f, std::nullopt, 100).items);
    };
    CHECK(listed([](auto& f) { f.states = {workflow_state::failed}; }) == list_of{4});
    CHECK(listed([](auto& f) { f.states = {workflow_state::canceled}; }).empty());
    CHECK(listed([](auto& f) { f.project = "even"; }) == list_of{12, 10, 8, 6, 4, 2});
    CHECK(listed([](auto& f) { f.project = ""; }).empty());
    CHECK(listed([](auto& f) { f.template_ref = "deploy"; }) == list_of{6, 5, 4, 3, 2, 1});
    CHECK(listed([](auto& f) { f.ref = "Ticket-77"; }) == list_of{5});
    CHECK(listed([](auto& f) { f.since = from_ms(10); }) == list_of{12, 11, 10});
    CHECK(listed([](auto& f) { f.trace_id = "Trace-9"; }) == list_of{12, 11, 10, 9});
    CHECK(listed([](auto& f) { f.trace_id = "trace-9"; }).empty());
    CHECK(listed([](auto& f) { f.trace_id = make_id(3).hex(); }) == list_of{3});
    CHECK(listed([](auto& f) { f.trace_id = make_id(9).hex(); }).empty());
    CHECK(listed([](auto& f) {
            f.trace_id = "Trace-9";
            f.project = "odd";
            f.states = {workflow_state::waiting, workflow_state::running};
            f.since = from_ms(10);
          })
          == list_of{11});
  }
}

TEST_CASE(
  "q finds a part of any shown text in either case, and its wildcards are plain characters") {
  O3_EACH_STORE {
    opened s{kind};
    fill(s);
    const auto found = [&](std::string q) {
      list_filter f;
      f.q = std::move(q);
      return numbers(s.reader->list(f, std::nullopt, 100).items);
    };
    CHECK(found("ticket") == list_of{5});
    CHECK(found("web01") == list_of{4});
    CHECK(found("FLOW 12") == list_of{12});
    CHECK(found("trace-9") == list_of{12, 11, 10, 9});
    CHECK(found(make_id(2).hex()) == list_of{2});
    CHECK(found("0%_O") == list_of{12, 11, 10, 9, 8, 7});
    CHECK(found("f\\N") == list_of{12, 11, 10, 9, 8, 7});
    CHECK(found("50_").empty());
    CHECK(found("d%y").empty());
    CHECK(found("d_ploy").empty());
    CHECK(found("' OR 1=1 --").empty());
    CHECK(found("").size() == 12);
  }
}

TEST_CASE("what is due comes in order of time and id, page by page, with work in hand first") {
  O3_EACH_STORE {
    opened s{kind};
    const auto with_wake = [&](std::uint64_t n, std::optional<wall_time> at) {
      auto e = first_entry(n, s.epoch);
      e.insert->wake_at = at;
      REQUIRE(append_one(*s.journal, e) == outcome::ok);
    };
    with_wake(1, from_ms(300));
    with_wake(2, std::nullopt);
    with_wake(3, from_ms(0));
    with_wake(4, from_ms(100));
    with_wake(5, from_ms(100));
    with_wake(6, from_ms(0));
    with_wake(7, from_ms(100));
    const std::vector<std::pair<std::int64_t, std::uint64_t>> expected{
      {0, 3}, {0, 6}, {100, 4}, {100, 5}, {100, 7}};
    for (const std::size_t page_size : {1U, 2U, 5U, 9U}) {
      std::vector<std::pair<std::int64_t, std::uint64_t>> got;
      std::optional<due_row> after;
      for (auto page = s.reader->due(from_ms(299), after, page_size); !page.empty();
           page = s.reader->due(from_ms(299), after, page_size)) {
        CHECK(page.size() <= page_size);
        for (const auto& row : page)
          for (std::uint64_t n = 1; n <= 7; ++n)
            if (row.workflow == make_id(n))
              got.emplace_back(to_ms(row.wake_at), n);
        after = page.back();
      }
      CHECK(got == expected);
    }
    CHECK(s.reader->due(from_ms(300), std::nullopt, 100).size() == 6);
    CHECK(s.reader->due(from_ms(-1), std::nullopt, 100).empty());
    auto end = ending_entry(3, s.epoch, 2, from_ms(9));
    REQUIRE(append_one(*s.journal, end) == outcome::ok);
    CHECK(s.reader->due(from_ms(0), std::nullopt, 100).size() == 1);
  }
}

TEST_CASE("the workflows below a root are counted, up to a bound") {
  O3_EACH_STORE {
    opened s{kind};
    for (int i = 1; i <= 5; ++i) {
      auto e = first_entry(static_cast<std::uint64_t>(i), s.epoch);
      if (i > 1)
        e.insert->root = make_id(1);
      REQUIRE(append_one(*s.journal, e) == outcome::ok);
    }
    CHECK(s.reader->count_family(make_id(1), 100) == 4);
    CHECK(s.reader->count_family(make_id(1), 3) == 3);
    CHECK(s.reader->count_family(make_id(2), 100) == 0);
  }
}

TEST_CASE("workflows are counted per state") {
  O3_EACH_STORE {
    opened s{kind};
    CHECK(s.reader->count_states().empty());
    fill(s);
    using counts = std::vector<std::pair<workflow_state, std::uint64_t>>;
    CHECK(s.reader->count_states()
          == counts{{workflow_state::scheduled, 4},
                    {workflow_state::waiting, 3},
                    {workflow_state::running, 4},
                    {workflow_state::failed, 1}});
  }
}

TEST_CASE("nothing is found where nothing was written") {
  O3_EACH_STORE {
    opened s{kind};
    CHECK_FALSE(s.reader->find(make_id(1)));
    CHECK(s.reader->rows(make_id(1), 0, 10).empty());
    CHECK(s.reader->due(from_ms(1LL << 60), std::nullopt, 10).empty());
    CHECK(s.reader->last_pos() == 0);
    CHECK_FALSE(s.backend->describe().empty());
  }
}

TEST_CASE("the shard of an id never changes") {
  // FNV-1a, 32 bits, of sixteen zero bytes and of 0 … 15, computed elsewhere.
  id counting;
  for (std::uint8_t i = 0; i < 16; ++i)
    counting.bytes.at(i) = i;
  CHECK(shard_of(id{}) == 5);
  CHECK(shard_of(counting) == 21);
}
