// What the tests of this folder put in place of the machine. Threads: one owner.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/random.hpp"

#include <filesystem>
#include <stdexcept>
#include <stdlib.h>
#include <string>

namespace o3::test {

class hand_clock final : public clock {
public:
  explicit hand_clock(std::int64_t ms = 1'800'000'000'000) : ms_(ms) {}
  void set(std::int64_t ms) { ms_ = ms; }
  [[nodiscard]] wall_time wall() const override { return from_ms(ms_); }
  [[nodiscard]] steady_time steady() const override { return steady_time{millis{ms_}}; }

private:
  std::int64_t ms_;
};

/// A directory of its own, removed at the end.
class scratch_dir {
public:
  scratch_dir() {
    auto name = (std::filesystem::temp_directory_path() / "o3-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  scratch_dir(const scratch_dir&) = delete;
  scratch_dir& operator=(const scratch_dir&) = delete;
  ~scratch_dir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// Any bytes, so that most texts are not UTF-8.
inline std::string random_text(random_source& r, std::size_t size_max) {
  std::string out(r.below(size_max + 1), '\0');
  for (char& c : out)
    c = static_cast<char>(r.below(256));
  return out;
}

/// UTF-8 of one to four bytes a character, controls and quotes included.
inline std::string random_utf8(random_source& r, std::size_t chars_max) {
  static constexpr const char* pieces[] = {"a",
                                           "Z",
                                           "\"",
                                           "\\",
                                           "/",
                                           "~",
                                           "\n",
                                           "\x1b",
                                           "\x7f",
                                           "é",
                                           "\xc2\x85",
                                           "€",
                                           "\xe2\x80\xae",
                                           "\xf0\x9f\x98\x80",
                                           "\xed\x9f\xbf",
                                           "\xf4\x8f\xbf\xbf",
                                           " ",
                                           "$",
                                           "{"};
  std::string out;
  for (auto n = r.below(chars_max + 1); n > 0; --n)
    out += pieces[r.below(std::size(pieces))];
  return out;
}

inline json random_json(random_source& r, int depth) {
  switch (r.below(depth > 0 ? 8 : 6)) {
  case 0:
    return nullptr;
  case 1:
    return r.below(2) == 1;
  case 2:
    return static_cast<std::int64_t>(r.next() >> r.below(64));
  case 3:
    return r.next() >> r.below(64);
  case 4:
    return static_cast<double>(static_cast<std::int64_t>(r.next()))
           / static_cast<double>(1 + r.below(1'000'000));
  case 5:
    return random_utf8(r, 12);
  case 6: {
    json out = json::array();
    for (auto n = r.below(5); n > 0; --n)
      out.push_back(random_json(r, depth - 1));
    return out;
  }
  default: {
    json out = json::object();
    for (auto n = r.below(5); n > 0; --n)
      out[random_utf8(r, 6)] = random_json(r, depth - 1);
    return out;
  }
  }
}

} // namespace o3::test
