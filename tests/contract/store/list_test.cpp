// Lists in every order and with every filter, against a model that looks at everything: what is
// listed, in which order, and that pages stay whole while workflows come and end.
#include "runtime/base/random.hpp"
#include "runtime/store/list_order.hpp"
#include "tests/contract/store/backends.hpp"
#include "tests/harness/catch.hpp"

#include <algorithm>
#include <set>

using namespace o3;
using namespace o3::store;
using namespace o3::test;

namespace {

constexpr std::uint64_t seeds = 60;

/// Values that could be taken for the text around them.
const std::vector<std::string> tricky{"",     "v",   "V",        "v\"", "\"k\":\"v\"", "\\", "v\\",
                                      "\\\"", "x=y", "\xC3\xA4", "k",   ",\"k\":",     "}"};
const std::vector<std::string> keys{"k", "k2", "a.b/c", "v"};
const std::vector<list_order> orders{list_order::newest, list_order::oldest, list_order::last_ended,
                                     list_order::first_ended, list_order::name};

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool holds(const std::string& text, const std::string& part) {
  return lower(text).find(lower(part)) != std::string::npos;
}

/// What the contract says, as plainly as it can be said.
bool expected(const summary& s, const list_filter& f) {
  if (f.order == list_order::last_ended || f.order == list_order::first_ended)
    if (!s.ended_at)
      return false;
  if (!f.states.empty() && std::count(f.states.begin(), f.states.end(), s.state) == 0)
    return false;
  for (const auto& m : f.labels) {
    const auto l = s.labels.find(m.key);
    if (l == s.labels.end() || (m.value && *m.value != l->second))
      return false;
  }
  if (f.q) {
    bool found = holds(s.name, *f.q) || holds(s.ref, *f.q) || holds(s.template_ref, *f.q)
                 || holds(s.error, *f.q) || holds(s.trace_id, *f.q);
    for (const auto& [key, value] : s.labels)
      found = found || holds(key + "=" + value, *f.q);
    if (!found)
      return false;
  }
  const auto is = [](const auto& wanted, const auto& held) { return !wanted || *wanted == held; };
  return is(f.project, s.project) && is(f.template_ref, s.template_ref)
         && is(f.trace_id, s.trace_id) && is(f.ref, s.ref) && is(f.principal, s.principal)
         && (!f.parent || s.parent == f.parent) && (!f.root || s.root == f.root)
         && (!f.nested || s.parent.has_value() == *f.nested)
         && (!f.since || s.created_at >= *f.since) && (!f.until || s.created_at < *f.until);
}

bool in_front(list_order o, const summary& a, const summary& b) {
  switch (o) {
  case list_order::newest:
    return a.workflow > b.workflow;
  case list_order::oldest:
    return a.workflow < b.workflow;
  case list_order::last_ended:
    return std::pair{*a.ended_at, a.workflow} > std::pair{*b.ended_at, b.workflow};
  case list_order::first_ended:
    return std::pair{*a.ended_at, a.workflow} < std::pair{*b.ended_at, b.workflow};
  case list_order::name: {
    const auto key = [](const summary& s) { return lower(s.name.substr(0, 64)); };
    return key(a) != key(b) ? key(a) < key(b) : a.workflow > b.workflow;
  }
  }
  return false;
}

class world {
public:
  world(opened& s, std::uint64_t seed) : s_(s), random_(seeded_random(seed)) {}

  void add() {
    const auto n = ++last_;
    auto e = first_entry(n, s_.epoch);
    auto& w = *e.insert;
    w.project = one_of<std::string>({"p1", "p1", "p1", "p2"});
    w.principal = one_of<std::string>({"ann", "bob"});
    w.template_ref = one_of<std::string>({"deploy", "destroy"});
    w.ref = one_of<std::string>({"", "r1", "R1"});
    w.name = one_of<std::string>({"web", "Web", "db \xC3\xA4", "", std::string(70, 'n').append("1"),
                                  std::string(70, 'N').append("0")});
    w.state = static_cast<workflow_state>(below(7));
    if (is_terminal(w.state)) {
      w.ended_at = from_ms(static_cast<std::int64_t>(below(6)));
      w.error = one_of<std::string>({"", "task a ended failed: no route", "50%_"});
    }
    if (below(3) == 0)
      w.trace_id = "outer";
    if (below(2) == 0) {
      w.root = make_id(1 + below(3));
      w.parent = make_id(1 + below(3));
    }
    for (const auto& key : keys)
      if (below(3) == 0)
        w.labels[key] = tricky.at(below(tricky.size()));
    REQUIRE(append_one(*s_.journal, e) == outcome::ok);
    all_.push_back(w);
  }

  /// Ends one that is not over: it moves in the orders by end and by state.
  void end_one() {
    for (auto& w : all_)
      if (!is_terminal(w.state) && seq_[w.workflow] == 0) {
        seq_[w.workflow] = 2;
        auto n = static_cast<std::uint64_t>(to_ms(w.created_at));
        auto e = next_entry(n, s_.epoch, 2);
        w.state = workflow_state::failed;
        w.ended_at = from_ms(static_cast<std::int64_t>(below(6)));
        w.error = "broke";
        moved_.insert(w.workflow);
        e.update = summary_update{w.state, {}, w.ended_at, {}, w.error};
        REQUIRE(append_one(*s_.journal, e) == outcome::ok);
        return;
      }
  }

  list_filter random_filter() {
    list_filter f;
    f.order = orders.at(below(orders.size()));
    if (below(2) == 0)
      f.project = "p1";
    for (std::uint64_t i = below(3); i > 0; --i)
      f.states.push_back(static_cast<workflow_state>(below(7)));
    const auto sometimes = [&](auto set) {
      if (below(6) == 0)
        set();
    };
    sometimes([&] { f.template_ref = "deploy"; });
    sometimes([&] { f.ref = one_of<std::string>({"r1", ""}); });
    sometimes([&] { f.principal = "bob"; });
    sometimes([&] { f.parent = make_id(1 + below(3)); });
    sometimes([&] { f.root = make_id(1 + below(3)); });
    sometimes([&] { f.nested = below(2) == 0; });
    sometimes([&] { f.trace_id = one_of<std::string>({"outer", make_id(5).hex()}); });
    sometimes([&] { f.since = from_ms(static_cast<std::int64_t>(below(20))); });
    sometimes([&] { f.until = from_ms(static_cast<std::int64_t>(10 + below(30))); });
    sometimes([&] {
      f.q = one_of<std::string>({"NO ROUTE", "web", "%", "k=v", "a.B/c=", "\"", "\xC3\xA4"});
    });
    for (std::uint64_t i = below(8) < 3 ? 1 + below(2) : 0; i > 0; --i)
      f.labels.push_back(
        {keys.at(below(keys.size())),
         below(3) == 0 ? std::nullopt : std::optional{tricky.at(below(tricky.size()))}});
    return f;
  }

  /// Pages through, with `between` called between pages; gives what the pages held.
  template <class Between>
  std::vector<summary> paged(const list_filter& f, std::size_t max, Between between) {
    std::vector<summary> got;
    std::optional<list_place> after;
    for (int pages = 0;; ++pages) {
      REQUIRE(pages < 1000);
      const auto page = s_.reader->list(f, after, max);
      REQUIRE_FALSE(page.too_many);
      REQUIRE(page.items.size() <= max);
      got.insert(got.end(), page.items.begin(), page.items.end());
      if (!page.next)
        return got;
      // As a client has it: the place as text and back.
      const auto text = to_cursor(f.order, *page.next);
      after = parse_cursor(f.order, text);
      REQUIRE(after);
      CHECK(text.size() <= 200);
      between();
    }
  }

  std::uint64_t below(std::uint64_t n) { return random_->below(n); }
  template <class T>
  T one_of(std::vector<T> of) {
    return of.at(below(of.size()));
  }

  opened& s_;
  std::unique_ptr<random_source> random_;
  std::vector<summary> all_;
  std::set<id> moved_;
  std::map<id, int> seq_;
  std::uint64_t last_ = 0;
};

std::vector<std::string> texts(const std::vector<summary>& list) {
  std::vector<std::string> out;
  for (const auto& s : list)
    out.push_back(shown(s));
  return out;
}

} // namespace

TEST_CASE("any filter in any order lists what a search through everything finds") {
  O3_EACH_STORE {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      CAPTURE(seed);
      opened s{kind};
      world w{s, seed};
      for (int i = 0; i < 40; ++i)
        w.add();
      for (int i = 0; i < 12; ++i) {
        auto f = w.random_filter();
        CAPTURE(to_string(f.order), i);
        std::vector<summary> wanted;
        for (const auto& one : w.all_)
          if (expected(one, f))
            wanted.push_back(one);
        std::sort(wanted.begin(), wanted.end(),
                  [&](const auto& a, const auto& b) { return in_front(f.order, a, b); });
        f.scan_max = f.order == list_order::name ? 40 : 1 + w.below(50);
        REQUIRE(texts(w.paged(f, 1 + w.below(6), [] {})) == texts(wanted));
      }
    }
  }
}

TEST_CASE("pages stay whole while workflows are added and end") {
  O3_EACH_STORE {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      CAPTURE(seed);
      opened s{kind};
      world w{s, seed};
      for (int i = 0; i < 30; ++i)
        w.add();
      auto f = w.random_filter();
      f.q.reset();
      CAPTURE(to_string(f.order));
      const auto before = w.all_;
      const auto got = w.paged(f, 2, [&] {
        if (w.below(2) == 0)
          w.add();
        if (w.below(3) == 0)
          w.end_one();
      });
      std::set<id> seen;
      for (const auto& one : got)
        CHECK((seen.insert(one.workflow).second || w.moved_.contains(one.workflow)));
      for (const auto& one : before)
        if (!w.moved_.contains(one.workflow))
          CHECK(seen.contains(one.workflow) == expected(one, f));
      for (std::size_t i = 1; i < got.size(); ++i)
        CHECK(in_front(f.order, got[i - 1], got[i]));
    }
  }
}

TEST_CASE("names are put in order only where all of them may be looked at") {
  O3_EACH_STORE {
    opened s{kind};
    world w{s, 7};
    for (int i = 0; i < 20; ++i)
      w.add();
    list_filter f;
    f.order = list_order::name;
    f.scan_max = 19;
    const auto refused = s.reader->list(f, std::nullopt, 100);
    CHECK(refused.too_many);
    CHECK(refused.items.empty());
    CHECK_FALSE(refused.next);
    f.scan_max = 20;
    CHECK(s.reader->list(f, std::nullopt, 100).items.size() == 20);
    // A state narrows what is looked at.
    f.states = {workflow_state::running, workflow_state::running};
    f.scan_max = 19;
    const auto fewer = s.reader->list(f, std::nullopt, 100);
    CHECK_FALSE(fewer.too_many);
    CHECK_FALSE(fewer.items.empty());
    f.states.clear();
    f.trace_id = "outer";
    CHECK_FALSE(s.reader->list(f, std::nullopt, 100).too_many);
  }
}

TEST_CASE("a filter that fits nothing looks at no more than it may, in each order") {
  O3_EACH_STORE {
    opened s{kind};
    world w{s, 3};
    for (int i = 0; i < 30; ++i)
      w.add();
    for (const auto order : orders) {
      if (order == list_order::name)
        continue;
      list_filter f;
      f.order = order;
      f.ref = "nobody's";
      f.scan_max = 4;
      CAPTURE(to_string(order));
      const auto first = s.reader->list(f, std::nullopt, 10);
      CHECK(first.items.empty());
      REQUIRE(first.next); // four of more were looked at
      std::size_t pages = 1;
      for (auto next = first.next; next; ++pages)
        next = s.reader->list(f, next, 10).next;
      CHECK(pages >= 2);
      CHECK(w.paged(f, 10, [] {}).empty());
    }
  }
}

TEST_CASE("labelled workflows are pruned like all others, and one that goes is in no list") {
  O3_EACH_STORE {
    opened s{kind};
    for (std::uint64_t n = 1; n <= 3; ++n) {
      auto e = first_entry(n, s.epoch);
      e.insert->labels = {{"keep", "for ever"}};
      REQUIRE(append_one(*s.journal, e) == outcome::ok);
      REQUIRE(
        append_one(*s.journal, ending_entry(n, s.epoch, 2, from_ms(static_cast<std::int64_t>(n))))
        == outcome::ok);
    }
    retention r;
    r.keep_age = millis{7};
    // Each has two rows: the second one is half gone.
    CHECK(s.journal->prune(r, from_ms(10), 3) == std::vector{make_id(1)});
    for (const auto order : orders) {
      list_filter f;
      f.order = order;
      CAPTURE(to_string(order));
      for (const auto& q : {std::optional<std::string>{}, std::optional<std::string>{"EVER"}}) {
        f.q = q;
        const auto page = s.reader->list(f, std::nullopt, 10);
        REQUIRE(page.items.size() == 1);
        CHECK(page.items[0].workflow == make_id(3));
        CHECK(page.items[0].labels == label_map{{"keep", "for ever"}});
      }
    }
  }
}
