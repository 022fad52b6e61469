#include "actors/catalogue/found_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <system_error>

namespace o3::catalogue {
namespace {

namespace fs = std::filesystem;

class finder {
public:
  finder(std::vector<found_file>& files, std::vector<error>& problems)
      : files_(files), problems_(problems) {}

  void walk(const fs::path& dir, bool owned) {
    std::error_code ec;
    auto real = fs::canonical(dir, ec);
    if (ec) {
      if (ec == std::errc::too_many_symbolic_link_levels)
        problem(fault::file_symlink_loop, dir, "the symbolic link leads back to itself");
      else if (!owned
               || ec != std::errc::no_such_file_or_directory) // ours is made when first needed
        problem(fault::file_broken, dir, "cannot be opened: " + ec.message());
      return;
    }
    if (!on_path_.insert(real).second) {
      problem(fault::file_symlink_loop, dir, "the symbolic link leads back to " + real.string());
      return;
    }
    std::vector<fs::path> entries;
    for (fs::directory_iterator it{dir, ec}, end; !ec && it != end; it.increment(ec))
      entries.push_back(it->path());
    if (ec)
      problem(fault::file_broken, dir, "cannot be listed: " + ec.message());
    std::sort(entries.begin(), entries.end());
    for (const auto& e : entries)
      look_at(e, owned);
    on_path_.erase(real);
  }

private:
  void look_at(const fs::path& p, bool owned) {
    if (p.filename().string().starts_with("."))
      return;
    std::error_code ec;
    auto status = fs::status(p, ec);
    if (ec == std::errc::too_many_symbolic_link_levels)
      problem(fault::file_symlink_loop, p, "the symbolic link leads back to itself");
    else if (fs::is_directory(status))
      walk(p, owned);
    else if (p.extension() == ".json" && fs::is_regular_file(status))
      files_.push_back({p, owned});
    else if (p.extension() == ".json")
      problem(fault::file_broken, p, "is no readable file");
  }
  void problem(fault f, const fs::path& p, std::string what) {
    problems_.push_back(make_error(f, p.string() + ": " + what, p.string()));
  }

  std::vector<found_file>& files_;
  std::vector<error>& problems_;
  std::set<fs::path> on_path_; ///< directories being walked, by their real path
};

} // namespace

void find_files(const fs::path& dir, bool owned, std::vector<found_file>& files,
                std::vector<error>& problems) {
  finder{files, problems}.walk(dir, owned);
}

result<std::string> read_file(const fs::path& p, std::size_t bytes_max, std::string_view limit) {
  std::ifstream in{p, std::ios::binary};
  std::string text(bytes_max + 1, '\0');
  if (!in || (in.read(text.data(), static_cast<std::streamsize>(text.size())), in.bad()))
    return make_error(fault::file_broken,
                      "cannot be read: " + std::generic_category().message(errno));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > bytes_max)
    return make_error(fault::too_large, "is larger than " + std::string{limit} + " ("
                                          + std::to_string(bytes_max) + ")");
  return text;
}

std::string summed_up(const std::vector<error>& errors) {
  constexpr std::size_t shown = 3;
  std::string out;
  for (std::size_t i = 0; i < errors.size() && i < shown; ++i)
    out += (i == 0 ? "" : "; ") + (errors[i].pointer.empty() ? "" : errors[i].pointer + " ")
           + errors[i].message;
  if (errors.size() > shown)
    out += "; and " + std::to_string(errors.size() - shown) + " more";
  return out;
}

} // namespace o3::catalogue
