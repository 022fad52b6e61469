// Random histories against a model that is as simple as the contract: lists, searched from end to
// end.
#include "runtime/base/random.hpp"
#include "tests/contract/store/backends.hpp"
#include "tests/harness/catch.hpp"

#include <algorithm>

using namespace o3;
using namespace o3::store;
using namespace o3::test;

namespace {

constexpr std::uint64_t seeds = 200;
constexpr int operations = 50;
constexpr std::uint64_t ids = 12;

struct model {
  std::uint64_t epoch = 0;
  std::uint64_t last_pos = 0;
  std::vector<summary> workflows;
  std::vector<journal_row> rows;
  struct kept {
    std::string key;
    id workflow;
    wall_time until;
  };
  std::vector<kept> kept_keys;

  summary* find(const id& w) {
    const auto s
      = std::find_if(workflows.begin(), workflows.end(), [&](auto& x) { return x.workflow == w; });
    return s == workflows.end() ? nullptr : &*s;
  }
  bool has_row(const id& w, std::uint64_t seq) const {
    return std::any_of(rows.begin(), rows.end(),
                       [&](auto& r) { return r.workflow == w && r.seq == seq; });
  }
  bool key_taken(const std::string& key) const {
    return !key.empty()
           && (std::any_of(workflows.begin(), workflows.end(),
                           [&](auto& s) { return s.idempotency_key == key; })
               || std::any_of(kept_keys.begin(), kept_keys.end(),
                              [&](auto& k) { return k.key == key; }));
  }

  outcome append(const append_entry& e) {
    if (e.epoch != epoch)
      return outcome::fenced;
    const bool good
      = e.seq == 1
          ? e.insert && find(e.workflow) == nullptr && !key_taken(e.insert->idempotency_key)
          : !e.insert && e.seq > 1 && find(e.workflow) != nullptr && has_row(e.workflow, e.seq - 1)
              && !has_row(e.workflow, e.seq);
    if (!good)
      return outcome::conflict;
    if (e.insert)
      workflows.push_back(*e.insert);
    rows.push_back({++last_pos, e.workflow, e.seq, e.epoch, e.at, e.records});
    if (e.update) {
      auto& s = *find(e.workflow);
      s.state = e.update->state;
      s.started_at = e.update->started_at;
      s.ended_at = e.update->ended_at;
      s.wake_at = e.update->wake_at;
      s.error = e.update->error;
    }
    return outcome::ok;
  }

  std::vector<id> prune(const retention& r, std::optional<std::uint64_t> keep_count,
                        wall_time now) {
    std::erase_if(kept_keys, [&](auto& k) { return k.until <= now; });
    std::vector<std::pair<wall_time, id>> ended;
    for (const auto& s : workflows)
      if (is_terminal(s.state))
        ended.emplace_back(*s.ended_at, s.workflow);
    std::sort(ended.begin(), ended.end());
    std::vector<id> gone;
    for (std::size_t i = 0; i < ended.size(); ++i)
      if ((r.keep_age && ended[i].first < now - *r.keep_age)
          || (keep_count && ended.size() - i > *keep_count))
        gone.push_back(ended[i].second);
    for (const auto& w : gone) {
      if (const auto& key = find(w)->idempotency_key; !key.empty())
        kept_keys.push_back({key, w, now + r.idempotency_keep});
      std::erase_if(workflows, [&](auto& s) { return s.workflow == w; });
      std::erase_if(rows, [&](auto& x) { return x.workflow == w; });
    }
    return gone;
  }
};

class history {
public:
  history(opened& s, std::uint64_t seed) : s_(s), random_(seeded_random(seed)) {
    m_.epoch = s.epoch;
  }

  void step() {
    switch (below(12)) {
    case 0:
      m_.epoch = s_.journal->claim("x", below(5));
      break;
    case 1: {
      retention r;
      if (below(2) == 0)
        r.keep_age = millis{static_cast<std::int64_t>(below(300))};
      std::optional<std::uint64_t> keep_count;
      if (below(2) == 0)
        r.up_to = s_.reader->ended_beyond(*(keep_count = below(4)));
      r.idempotency_keep = millis{static_cast<std::int64_t>(below(200))};
      const auto now = from_ms(static_cast<std::int64_t>(below(1000)));
      REQUIRE(s_.journal->prune(r, now, 100'000) == m_.prune(r, keep_count, now));
      break;
    }
    case 2:
      if (below(4) == 0) {
        s_.reopen();
        m_.epoch = s_.epoch;
      }
      break;
    case 3:
      s_.backend->checkpoint();
      break;
    default: {
      std::vector<append_entry> batch(1 + below(4));
      std::vector<outcome> expected;
      for (auto& e : batch) {
        e = random_entry();
        expected.push_back(m_.append(e));
      }
      REQUIRE(s_.journal->append(batch) == expected);
    }
    }
  }

  void compare() {
    auto& r = *s_.reader;
    REQUIRE(r.last_pos() == m_.last_pos);
    const auto rows = r.rows_after(0, 100'000);
    REQUIRE(rows.size() == m_.rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
      REQUIRE(shown(rows[i]) == shown(m_.rows[i]));
    auto sorted = m_.workflows;
    std::sort(sorted.begin(), sorted.end(),
              [](auto& a, auto& b) { return a.workflow > b.workflow; });
    const auto listed = r.list({}, std::nullopt, 1000).items;
    REQUIRE(listed.size() == sorted.size());
    for (std::size_t i = 0; i < sorted.size(); ++i)
      REQUIRE(shown(listed[i]) == shown(sorted[i]));
    const auto until = from_ms(static_cast<std::int64_t>(below(600)));
    std::vector<std::pair<wall_time, id>> due;
    for (const auto& w : m_.workflows)
      if (w.wake_at && *w.wake_at <= until)
        due.emplace_back(*w.wake_at, w.workflow);
    std::sort(due.begin(), due.end());
    const auto got = r.due(until, std::nullopt, 1000);
    REQUIRE(got.size() == due.size());
    for (std::size_t i = 0; i < due.size(); ++i)
      REQUIRE(std::pair{got[i].wake_at, got[i].workflow} == due[i]);
    for (std::uint64_t k = 0; k < 6; ++k) {
      const auto key = "k" + std::to_string(k);
      const auto kept = std::find_if(m_.kept_keys.begin(), m_.kept_keys.end(),
                                     [&](auto& x) { return x.key == key; });
      REQUIRE(r.find_kept_key("default", "admin", key).has_value() == (kept != m_.kept_keys.end()));
    }
  }

private:
  std::uint64_t below(std::uint64_t n) { return random_->below(n); }

  append_entry random_entry() {
    const auto n = 1 + below(ids);
    const auto epoch = below(15) == 0 ? m_.epoch - 1 : m_.epoch;
    std::uint64_t next = 1;
    for (const auto& row : m_.rows)
      if (row.workflow == make_id(n))
        next = row.seq + 1;
    const auto seq = below(8) == 0 ? below(5) : next;
    auto e = seq == 1 ? first_entry(n, epoch) : next_entry(n, epoch, seq);
    if (e.insert && below(2) == 0)
      e.insert->idempotency_key = "k" + std::to_string(below(6));
    if (seq > 1 && below(2) == 0) {
      summary_update u;
      u.state = static_cast<workflow_state>(below(7));
      if (is_terminal(u.state))
        u.ended_at = from_ms(static_cast<std::int64_t>(below(1000)));
      else if (below(3) != 0)
        u.wake_at = from_ms(static_cast<std::int64_t>(below(600)));
      u.error = std::string(below(20), 'e');
      e.update = u;
    }
    return e;
  }

  opened& s_;
  std::unique_ptr<random_source> random_;
  model m_;
};

} // namespace

TEST_CASE("random histories agree with a model of the contract") {
  O3_EACH_STORE {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      CAPTURE(seed);
      opened s{kind};
      history h{s, seed};
      for (int i = 0; i < operations; ++i) {
        CAPTURE(i);
        h.step();
        if (i % 10 == 9)
          h.compare();
      }
    }
  }
}
