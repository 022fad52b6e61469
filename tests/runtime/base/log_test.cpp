#include "runtime/base/log.hpp"
#include "tests/harness/catch.hpp"
#include "tests/runtime/base/fakes.hpp"

#include <stdexcept>
#include <vector>

using namespace o3;

namespace {

struct log_stage {
  test::hand_clock now{1'795'250'248'123};
  std::vector<std::string> lines;
  std::vector<log_level> levels;

  logger make(log_level threshold) {
    return {threshold, now, [this](log_level l, std::string_view line) {
              levels.push_back(l);
              lines.emplace_back(line);
            }};
  }
};

} // namespace

TEST_CASE_METHOD(log_stage, "a sink that throws does not harm who logs", "[base][log]") {
  const logger log{log_level::info, now,
                   [](log_level, std::string_view) { throw std::runtime_error("disk full"); }};
  CHECK_NOTHROW(log.write(log_level::error, "journal", "lost its disk"));
}

TEST_CASE("a logger without a sink drops everything", "[base][log]") {
  const logger log;
  CHECK_FALSE(log.enabled(log_level::error));
  CHECK_NOTHROW(log.write(log_level::error, "journal", "failed"));
}

TEST_CASE_METHOD(log_stage, "a line is time, level, subject, message and fields", "[base][log]") {
  make(log_level::info)
    .write(log_level::info, "journal", "committed batch", {{"rows", "3"}, {"ref", "a b"}});
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "2026-11-21T08:37:28.123Z info journal committed batch rows=3 ref=\"a b\"");
  CHECK(levels[0] == log_level::info);
}

TEST_CASE_METHOD(log_stage, "lines below the threshold are dropped", "[base][log]") {
  const auto log = make(log_level::warning);
  CHECK_FALSE(log.enabled(log_level::info));
  CHECK(log.enabled(log_level::warning));
  log.write(log_level::debug, "a", "b");
  log.write(log_level::info, "a", "b");
  CHECK(lines.empty());
  log.write(log_level::error, "a", "b");
  CHECK(lines.size() == 1);
  make(log_level::off).write(log_level::error, "a", "b");
  make(log_level::debug).write(log_level::off, "a", "b");
  CHECK(lines.size() == 1);
}

TEST_CASE_METHOD(log_stage, "nothing from outside can forge a second line or a colour",
                 "[base][log]") {
  make(log_level::info)
    .write(log_level::warning, "gate\x1b[2J", "refused\r\n2026 info root ok",
           {{"ref", "x\n\xc2\x9b\xe2\x80\xae\xff"}});
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]
        == "2026-11-21T08:37:28.123Z warning gate\\x1B[2J refused\\x0D\\x0A2026 info root ok "
           "ref=x\\x0A\\u{009B}\\u{202E}\xEF\xBF\xBD");
}

TEST_CASE("level names are read back and others refused", "[base][log]") {
  for (const auto l :
       {log_level::debug, log_level::info, log_level::warning, log_level::error, log_level::off})
    CHECK(parse_log_level(to_string(l)) == l);
  for (const char* bad : {"", "warn", "INFO", "info ", "trace", "0"})
    CHECK_FALSE(parse_log_level(bad));
}
