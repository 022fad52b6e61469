#include "runtime/base/fault.hpp"
#include "runtime/base/result.hpp"
#include "tests/harness/catch.hpp"

#include <algorithm>
#include <fstream>
#include <memory>
#include <set>

using namespace o3;

namespace {

struct section {
  std::string code;
  bool happened = false;
  bool to_do = false;
};

std::vector<section> documented() {
  std::ifstream in{O3_FAULTS_MD};
  std::vector<section> out;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("## ", 0) == 0)
      out.push_back({line.substr(3), false, false});
    else if (line.rfind("- What happened: ", 0) == 0 && line.size() > 30)
      out.at(out.size() - 1).happened = true;
    else if (line.rfind("- What to do: ", 0) == 0 && line.size() > 20)
      out.at(out.size() - 1).to_do = true;
  }
  return out;
}

result<int> half(int n) {
  if (n % 2 != 0)
    return make_error(fault::bad_value, "The number " + std::to_string(n) + " is odd.", "/n");
  return n / 2;
}

result<std::string> quarter(int n) {
  O3_TRY(const int h, half(n));
  O3_TRY(const int q, half(h));
  return std::to_string(q);
}

} // namespace

TEST_CASE("every fault has exactly one section in faults.md and every section a fault", "[base]") {
  std::set<std::string> in_file;
  for (const auto& s : documented()) {
    INFO(s.code);
    CHECK(s.happened);
    CHECK(s.to_do);
    CHECK(in_file.insert(s.code).second);
  }
  std::set<std::string> in_code;
  for (const auto f : all_faults())
    in_code.emplace(fault_code(f));
  CHECK(in_file == in_code);
}

TEST_CASE("fault codes are unique, lower-case words and in order of their value", "[base]") {
  const auto all = all_faults();
  REQUIRE(all.size() > 50);
  std::set<std::string_view> texts;
  std::uint16_t last = 0;
  for (const auto f : all) {
    CHECK(static_cast<std::uint16_t>(f) > last);
    last = static_cast<std::uint16_t>(f);
    const auto text = fault_code(f);
    CHECK(texts.insert(text).second);
    CHECK(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == text.npos);
  }
  CHECK(std::find(all.begin(), all.end(), fault::none) == all.end());
}

TEST_CASE("fault codes and values that clients know stay as they are", "[base]") {
  CHECK(fault_code(fault::none) == "none");
  CHECK(fault_code(fault::json_malformed) == "json_malformed");
  CHECK(static_cast<int>(fault::json_malformed) == 100);
  CHECK(fault_code(fault::unknown_template) == "unknown_template");
  CHECK(static_cast<int>(fault::unknown_template) == 206);
  CHECK(fault_code(fault::workflow_ended) == "workflow_ended");
  CHECK(static_cast<int>(fault::workflow_ended) == 305);
  CHECK(fault_code(fault::store_corrupt) == "store_corrupt");
  CHECK(static_cast<int>(fault::store_corrupt) == 512);
}

TEST_CASE("a number that no fault has reads as internal", "[base]") {
  CHECK(fault_code(static_cast<fault>(65'000)) == "internal");
}

TEST_CASE("a prefix stands before the message and leaves the rest of an error alone", "[base]") {
  auto e = make_error(fault::bad_value, "no", "/a", "try b").prefixed("loading template vm");
  CHECK(e == make_error(fault::bad_value, "loading template vm: no", "/a", "try b"));
}

TEST_CASE("a result holds its value or its error, and O3_TRY hands the error on", "[base]") {
  const auto failed = quarter(6);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == fault::bad_value);
  CHECK(failed.error().message == "The number 3 is odd.");
  CHECK(failed.error().pointer == "/n");
  const auto good = quarter(12);
  REQUIRE(good);
  CHECK(*good == "3");
  CHECK(good->size() == 1);
}

TEST_CASE("a result moves out values that cannot be copied", "[base]") {
  result<std::unique_ptr<int>> r{std::make_unique<int>(7)};
  REQUIRE(r);
  const std::unique_ptr<int> p = *std::move(r);
  CHECK(*p == 7);
}

TEST_CASE("findings refuse for errors, not for warnings, and keep their order when joined",
          "[base]") {
  findings f;
  f.warn(fault::unused_global, "/globals/a", "The global 'a' is not used.");
  CHECK(f.ok());
  findings more;
  more.fail(fault::unknown_key, "/b", "Unknown key 'b'.", "did you mean 'c'?");
  more.warn(fault::ignored_input, "/d", "Ignored.");
  f.fail(fault::missing_key, "/a", "Missing 'a'.");
  f.append(std::move(more));
  CHECK_FALSE(f.ok());
  REQUIRE(f.errors.size() == 2);
  CHECK(f.errors[0].code == fault::missing_key);
  CHECK(f.errors[1]
        == make_error(fault::unknown_key, "Unknown key 'b'.", "/b", "did you mean 'c'?"));
  REQUIRE(f.warnings.size() == 2);
  CHECK(f.warnings[0].pointer == "/globals/a");
  CHECK(f.warnings[1].code == fault::ignored_input);
}
