#include "runtime/base/random.hpp"
#include "tests/runtime/dag/fixtures.hpp"

using namespace o3;
using namespace o3::testing;

namespace {

/// Breaks documents the way people and machines do, the same way for the same seed.
class mutator {
public:
  explicit mutator(std::uint64_t seed) : random_(seeded_random(seed)) {}

  json mutate(json doc) {
    for (auto n = 1 + random_->below(3); n > 0; --n)
      step(doc);
    return doc;
  }

private:
  /// A random value somewhere in `doc`, and its parent's.
  void step(json& doc) {
    json* at = &doc;
    for (auto depth = random_->below(8); depth > 0 && at->is_structured() && !at->empty();
         --depth) {
      auto child = at->begin();
      std::advance(child, static_cast<std::ptrdiff_t>(random_->below(at->size())));
      at = &*child;
    }
    change(doc, *at);
  }

  void change(const json& doc, json& at) {
    switch (random_->below(7)) {
    case 0: // another value
      at = pick();
      break;
    case 1: // a member or item lost
      if (at.is_structured() && !at.empty()) {
        auto child = at.begin();
        std::advance(child, static_cast<std::ptrdiff_t>(random_->below(at.size())));
        at.erase(child);
      }
      break;
    case 2: // one too many
      if (at.is_object())
        at[std::string{dictionary[random_->below(dictionary.size())]}] = pick();
      else if (at.is_array())
        at.push_back(at.empty() || random_->below(2) ? pick() : at.front());
      break;
    case 3: // a letter changed, lost or added
      if (at.is_string())
        at = bent(at.get<std::string>());
      break;
    case 4: // a name misspelt
      if (at.is_object() && !at.empty()) {
        auto child = at.begin();
        std::advance(child, static_cast<std::ptrdiff_t>(random_->below(at.size())));
        auto value = child.value();
        auto key = bent(child.key());
        at.erase(child);
        at[key] = std::move(value);
      }
      break;
    case 5: // a copy of the whole in a corner of itself
      if (random_->below(4) == 0)
        at = json(doc);
      break;
    default: // a text out of the dictionary
      at = std::string{dictionary[random_->below(dictionary.size())]};
    }
  }

  std::string bent(std::string s) {
    if (s.empty())
      return "x";
    const auto i = random_->below(s.size());
    const std::string_view letters = "a_$${}.[]0 \"\\/~\n\x01";
    switch (random_->below(3)) {
    case 0:
      s[i] = letters[random_->below(letters.size())];
      break;
    case 1:
      s.erase(i, 1);
      break;
    default:
      s.insert(i, 1, letters[random_->below(letters.size())]);
    }
    return s;
  }

  json pick() {
    switch (random_->below(8)) {
    case 0:
      return nullptr;
    case 1:
      return random_->below(2) == 0;
    case 2:
      return static_cast<std::int64_t>(random_->next());
    case 3:
      return random_->next();
    case 4:
      return -1.5e300;
    case 5:
      return json::array({1, "x"});
    case 6:
      return {{"input", json::object()}};
    default:
      return std::string{dictionary[random_->below(dictionary.size())]};
    }
  }

  std::unique_ptr<random_source> random_;
  static constexpr std::array<std::string_view, 16> dictionary{"noop_01",
                                                               "noop_03",
                                                               "ref_name",
                                                               "tasks",
                                                               "input",
                                                               "${noop_03.output.rand_no}",
                                                               "${workflow.input.delay}",
                                                               "${",
                                                               "$${",
                                                               "${a b}",
                                                               "",
                                                               "retry",
                                                               "schema_version",
                                                               "depends_on",
                                                               "$sealed",
                                                               "/~0~1\x7f"};
};

void require_sound(const findings& found, const json& doc) {
  for (const auto* list : {&found.errors, &found.warnings})
    for (const auto& e : *list) {
      INFO(fault_code(e.code) << " at " << e.pointer << ": " << e.message << "\n" << doc.dump());
      REQUIRE(e.code != fault::none);
      REQUIRE_FALSE(e.message.empty());
      REQUIRE(is_pointer(e.pointer));
      // What is missing points to where it would stand; all else leads to something.
      REQUIRE((e.code == fault::missing_input || leads_somewhere(doc, e.pointer)));
    }
}

} // namespace

TEST_CASE(
  "a broken template is refused with findings that lead into it, or it is a plan that loads again",
  "[dag][mutation]") {
  mutator m{7};
  const auto original = file_json("templates/noop/noop_template_run.json");
  int good = 0;
  for (int i = 0; i < 2500; ++i) {
    const auto doc = m.mutate(original);
    findings found;
    const auto p = planned(doc, found);
    INFO("round " << i << said(found));
    require_sound(found, doc);
    REQUIRE((p != nullptr) == found.ok());
    if (!p)
      continue;
    ++good;
    const auto loaded = load_plan(p->body, limits{});
    REQUIRE(loaded);
    REQUIRE((*loaded)->hash == p->hash);
  }
  REQUIRE(good > 50);
  REQUIRE(good < 2000);
}

TEST_CASE(
  "a broken request is refused with findings that lead into it, or every task can be resolved",
  "[dag][mutation]") {
  mutator m{11};
  const auto p = good_plan(file_json("templates/noop/noop_template_run.json"));
  const auto original = file_json("tests/runtime/template/data/noop_request.json");
  const std::map<std::uint32_t, json> outputs{{0, {{"rand_no", 1}}}, {1, {{"rand_no", 2}}}};
  int good = 0;
  for (int i = 0; i < 2500; ++i) {
    const auto doc = m.mutate(original);
    findings found;
    const auto r = parse_request(doc, limits{}, found);
    INFO("round " << i << said(found));
    require_sound(found, doc);
    const bool read = found.ok();
    const auto b = bind(*p, r, test_sealer(), limits{}, found);
    if (!read)
      continue;
    require_sound(found, doc);
    if (!found.ok())
      continue;
    ++good;
    for (std::uint32_t t = 0; t < 3; ++t)
      REQUIRE(resolved(*p, t, b.inputs, outputs));
  }
  REQUIRE(good > 50);
  REQUIRE(good < 2000);
}
