// The table of README.md is the specification: every phase, event and class is compared with it,
// and what must hold everywhere is checked over the same product and its variants.
#include "tests/runtime/launch/fixtures.hpp"

#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

using namespace o3;
using namespace o3::launch;
using namespace o3::launch::testing;

namespace {

std::string trimmed(std::string text) {
  auto first = text.find_first_not_of(' ');
  if (first == std::string::npos)
    return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in{line.substr(1)};
  for (std::string cell; std::getline(in, cell, '|');)
    out.push_back(trimmed(cell));
  return out;
}

// event -> phase column -> cell
std::map<std::string, std::map<std::string, std::string>> documented() {
  std::ifstream in{std::string{O3_SOURCE_DIR} + "/runtime/launch/README.md"};
  REQUIRE(in.good());
  std::map<std::string, std::map<std::string, std::string>> out;
  std::vector<std::string> head;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| event"))
      head = cells_of(line);
    else if (!head.empty() && line.starts_with("|") && !line.starts_with("|-")) {
      auto cells = cells_of(line);
      REQUIRE(cells.size() == head.size());
      for (std::size_t i = 1; i < cells.size(); ++i)
        out[cells[0]][head[i]] = cells[i];
    } else if (!head.empty() && !line.starts_with("|"))
      break;
  }
  return out;
}

// "AD resending; B searching + search; C parked" -> what it says of class `cls`; "*" on a
// state's name or nothing: all of them.
std::string for_class(const std::string& cell, target_class cls) {
  std::istringstream in{cell};
  for (std::string part; std::getline(in, part, ';');) {
    part = trimmed(part);
    auto blank = part.find(' ');
    auto classes = part.substr(0, blank);
    bool named
      = blank != std::string::npos && classes.find_first_not_of("ABCD") == std::string::npos;
    if (!named)
      return part;
    if (classes.find(to_string(cls)) != std::string::npos)
      return trimmed(part.substr(blank));
  }
  return "nothing said";
}

std::string column_of(phase p) {
  return is_ended(p) ? "ended" : std::string{to_string(p)};
}

std::string happened(const launch_state& s, const step& n) {
  if (!n.change)
    return "–";
  auto after = s;
  apply(after, *n.change);
  std::string out = after.at.phase == s.at.phase ? "stays" : std::string{to_string(after.at.phase)};
  for (const auto& e : n.effects)
    out += " + " + std::string{effect_name(e)};
  return out;
}

struct product_point {
  launch_state state;
  arrival what;
  std::string name;
};

// What every step keeps true (shown below): an attempt begins without doubt, and B and C never have
// one while a request of theirs is out. The template's `on_ambiguous: retry` is an exception, a
// launch that is looked for before it is sent (restored backup) another.
bool is_lawful(const launch_state& s) {
  auto ph = s.at.phase;
  if (s.at.look)
    return s.at.doubt && s.plan.cls != target_class::bare && s.plan.preflight
           && ph != phase::sending && ph != phase::confirmed && ph != phase::resending
           && (ph != phase::searching || s.plan.cls == target_class::searched);
  if (s.plan.retry_ambiguous || !s.at.doubt)
    return true;
  bool repeatable
    = s.plan.cls == target_class::deduplicated || s.plan.cls == target_class::idempotent;
  auto p = s.at.phase;
  return p != phase::prepared && p != phase::preflight && p != phase::absent
         && (p != phase::sending || repeatable);
}

// Every phase, class and event, in every variant of what else may be the case.
template <class F>
std::size_t over_product(F check) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < phase_count; ++i)
    for (auto cls : all_classes)
      for (const auto& e : event_cases())
        for (unsigned variant = 0; variant < 64; ++variant) {
          auto p = static_cast<phase>(i);
          auto s = state_of(p, cls);
          s.at.cancel = (variant & 1U) != 0;
          s.at.doubt = ((variant & 2U) != 0) != s.at.doubt;
          s.at.look = (variant & 32U) != 0;
          if ((variant & 4U) != 0)
            s.at.attempt = defaults.attempts_max;
          s.plan.preflight = (variant & 8U) == 0;
          s.plan.retry_ambiguous = (variant & 16U) != 0 && cls == target_class::bare;
          if (!is_lawful(s))
            continue;
          auto what = e.make(s);
          check(product_point{s, what,
                              std::string{to_string(p)} + " " + std::string{to_string(cls)} + ", "
                                + e.name + ", variant " + std::to_string(variant)});
          ++n;
        }
  return n;
}

bool sends(const step& n) {
  for (const auto& e : n.effects)
    if (std::holds_alternative<send>(e))
      return true;
  return false;
}

} // namespace

TEST_CASE("every phase, event and class does what the table in the README says", "[launch]") {
  auto table = documented();
  std::size_t checked = 0;
  for (const auto& e : event_cases()) {
    REQUIRE(table.count(e.name) == 1);
    for (std::size_t i = 0; i < phase_count; ++i)
      for (auto cls : all_classes) {
        auto p = static_cast<phase>(i);
        auto s = state_of(p, cls);
        auto what = e.make(s);
        auto n = next(s, what.event, at(what.now));
        INFO(e.name << " in " << to_string(p) << ", class " << to_string(cls) << " " << n.ignored);
        CHECK(happened(s, n) == for_class(table[e.name][column_of(p)], cls));
        ++checked;
      }
  }
  REQUIRE(table.size() == event_cases().size()); // nothing is documented that is not tested
  REQUIRE(checked == event_cases().size() * phase_count * std::size(all_classes));
}

TEST_CASE("nothing is sent unless the record says so, and no double can come of it", "[launch]") {
  std::size_t sent = 0;
  auto n_points = over_product([&](const product_point& p) {
    INFO(p.name);
    auto n = next(p.state, p.what.event, at(p.what.now));
    if (!sends(n))
      return;
    ++sent;
    REQUIRE(n.change);
    REQUIRE(n.change->at.phase == phase::sending);
    REQUIRE(n.change->at.sent_attempt == n.change->at.attempt);
    REQUIRE(n.effects.size() == 1);
    const auto& e = std::get<send>(n.effects.front());
    REQUIRE(e.attempt == n.change->at.attempt);
    REQUIRE(e.not_after - p.what.now == p.state.plan.send_deadline);
    auto cls = p.state.plan.cls;
    bool repeatable = cls == target_class::deduplicated || cls == target_class::idempotent;
    if (!repeatable)
      REQUIRE(p.state.at.sent_attempt != e.attempt); // one launch an attempt
    REQUIRE(e.again == (p.state.at.phase == phase::resending));
  });
  REQUIRE(n_points > phase_count * 4 * event_cases().size() * 16);
  REQUIRE(sent > 20);
}

TEST_CASE("class B never sends while an answer is missing, class C only where it was chosen",
          "[launch]") {
  over_product([](const product_point& p) {
    INFO(p.name);
    auto n = next(p.state, p.what.event, at(p.what.now));
    auto after = p.state;
    if (n.change)
      apply(after, *n.change);
    REQUIRE(is_lawful(after)); // so every state that can be reached is among those tried here
    auto cls = p.state.plan.cls;
    bool at_most_once = cls == target_class::searched
                        || (cls == target_class::bare && !p.state.plan.retry_ambiguous);
    if (at_most_once && sends(n))
      REQUIRE(!in_doubt(p.state));
    // Only proof or a person ends a doubt without a job.
    bool unresolved = is_open(after.at.phase) || after.at.phase == phase::failed
                      || after.at.phase == phase::canceled;
    if (at_most_once && in_doubt(p.state) && n.change && !in_doubt(after) && unresolved) {
      bool told = std::holds_alternative<send_not_done>(p.what.event)
                  || std::holds_alternative<declare_absent>(p.what.event)
                  || (std::holds_alternative<search_result>(p.what.event)
                      && p.state.at.phase == phase::searching);
      REQUIRE(told);
    }
  });
}

TEST_CASE("the launch id never changes, a confirmed id is final, an end is an end", "[launch]") {
  over_product([](const product_point& p) {
    INFO(p.name);
    auto n = next(p.state, p.what.event, at(p.what.now));
    REQUIRE(n.change.has_value() == n.ignored.empty());
    if (!n.change) {
      REQUIRE(n.effects.empty());
      return;
    }
    auto after = p.state;
    apply(after, *n.change);
    REQUIRE(after.plan == p.state.plan);
    REQUIRE(after.at.attempt >= p.state.at.attempt);
    REQUIRE(after.at.attempt <= p.state.at.attempt + 1);
    auto ph = p.state.at.phase;
    if (ph == phase::confirmed || is_ended(ph))
      REQUIRE(after.at.phase == ph);
    if (ph == phase::confirmed)
      REQUIRE(after.outcome.external_id == p.state.outcome.external_id);
    if (after.at.phase == phase::confirmed)
      REQUIRE(!after.outcome.external_id.empty());
    if (after.at.phase == phase::failed && ph != phase::failed)
      REQUIRE(!after.at.doubt);
    if (after.at.phase == phase::canceled && ph != phase::canceled && !after.plan.retry_ambiguous)
      REQUIRE(!after.at.doubt);
    if (p.state.at.cancel)
      REQUIRE(after.at.cancel);
  });
}

TEST_CASE("every state, before and after every event, reads back as it was written", "[launch]") {
  over_product([](const product_point& p) {
    INFO(p.name);
    auto n = next(p.state, p.what.event, at(p.what.now));
    auto after = p.state;
    if (n.change) {
      std::string text;
      json_writer out{text};
      encode(out, *n.change);
      auto read = decode(json::parse(text));
      REQUIRE(read);
      REQUIRE(*read == *n.change);
      apply(after, *read);
    }
    auto back = from_json(to_json(after));
    REQUIRE(back);
    REQUIRE(*back == after);
  });
}

TEST_CASE("whatever is open gets a time or waits for a person", "[launch]") {
  over_product([](const product_point& p) {
    INFO(p.name);
    auto n = next(p.state, p.what.event, at(p.what.now));
    if (!n.change)
      return;
    auto after = p.state;
    apply(after, *n.change);
    bool waits = is_open(after.at.phase) && after.at.phase != phase::parked;
    REQUIRE(due_in(after, at(p.what.now)).has_value() == (waits || after.at.sweep_pending));
  });
}

// Prints the table as the code has it: the way to write a changed one, to be read before it is
// believed.
TEST_CASE("print the table", "[.print]") {
  const phase columns[]
    = {phase::prepared, phase::preflight, phase::sending,   phase::resending, phase::searching,
       phase::absent,   phase::parked,    phase::confirmed, phase::failed};
  std::string text = "| event";
  for (auto p : columns)
    text += " | " + column_of(p);
  text += " |\n|---|---|---|---|---|---|---|---|---|---|\n";
  for (const auto& e : event_cases()) {
    text += "| " + e.name;
    for (auto p : columns) {
      std::vector<std::pair<std::string, std::string>> groups; // outcome, classes
      for (auto cls : all_classes) {
        auto s = state_of(p, cls);
        auto what = e.make(s);
        auto h = happened(s, next(s, what.event, at(what.now)));
        bool found = false;
        for (auto& g : groups)
          if (g.first == h) {
            g.second += to_string(cls);
            found = true;
          }
        if (!found)
          groups.emplace_back(h, to_string(cls));
      }
      text += " | ";
      for (std::size_t i = 0; i < groups.size(); ++i)
        text += (i == 0 ? "" : "; ")
                + (groups.size() == 1 ? groups[i].first : groups[i].second + " " + groups[i].first);
    }
    text += " |\n";
  }
  std::cout << text;
}
