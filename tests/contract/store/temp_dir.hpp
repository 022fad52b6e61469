// A directory that is gone at the end of the test: on the disk, or in memory for tests of logic,
// which then pay for no flush. Threads: a value of one owner.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace o3::test {

enum class medium { disk, memory };

class temp_dir {
public:
  explicit temp_dir(medium on = medium::disk) {
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory = on == medium::memory && std::filesystem::is_directory(memory);
    const auto base = in_memory ? memory : std::filesystem::temp_directory_path();
    std::string name = (base / "o3-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error{"no temporary directory"};
    path_ = name;
  }
  ~temp_dir() {
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
  }
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace o3::test
