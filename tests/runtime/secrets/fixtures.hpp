// Stores of secrets for the tests. Threads: one test at a time.
#pragma once
#include "runtime/secrets/sealed_file.hpp"
#include "runtime/secrets/store.hpp"
#include "tests/harness/catch.hpp"

#include <filesystem>
#include <fstream>

namespace o3::testing {

inline const std::string canary = "canary-7f3K/\"9\u00e4+x";

/// Everything before the path, port added: enough for what tests write.
inline result<std::string> simple_origin(std::string_view url) {
  const auto start = url.find("://");
  if (start == std::string_view::npos)
    return make_error(fault::bad_value, "it is not a URL to ask");
  const auto end = std::min(url.find('/', start + 3), url.size());
  auto text = std::string{url.substr(0, end)};
  if (text.find(':', start + 3) == std::string::npos)
    text += text.starts_with("https") ? ":443" : ":80";
  return text;
}

inline std::shared_ptr<const sealer> some_sealer(char key = 'k') {
  return std::make_shared<const sealer>(sealer::from_key(std::string(32, key)));
}

inline wall_time at_second(int s) {
  return wall_time{std::chrono::seconds{1'790'000'000 + s}};
}

inline std::shared_ptr<secrets::credentials>
some_store(std::vector<std::shared_ptr<const secrets::source>> others = {}) {
  return std::make_shared<secrets::credentials>(secrets::in_memory(some_sealer()),
                                                std::move(others), simple_origin);
}

/// Stores `value` under `name` for `origins`.
inline void keep(secrets::credentials& store, const std::string& name, const std::string& value,
                 std::vector<std::string> origins = {"https://awx.example"},
                 std::vector<std::string> templates = {}) {
  findings found;
  secrets::change c;
  c.name = name;
  c.value = secret{value};
  c.origins = std::move(origins);
  c.templates = std::move(templates);
  auto e = store.put(std::move(c), at_second(0), found);
  INFO((found.ok() ? std::string{} : found.errors.front().message));
  REQUIRE(e);
}

/// A directory of its own, gone with it.
class scratch {
public:
  scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "o3-secrets-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ec;
    std::filesystem::remove_all(path, ec);
  }
  void write(const std::string& name, const std::string& text, unsigned mode = 0600) const {
    std::ofstream{path / name, std::ios::binary} << text;
    std::filesystem::permissions(path / name, static_cast<std::filesystem::perms>(mode));
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in{path / name, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  std::filesystem::path path;
};

} // namespace o3::testing
