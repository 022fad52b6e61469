#include "actors/catalogue/class_files.hpp"

#include "actors/catalogue/found_files.hpp"

namespace o3::catalogue {

findings check_class(std::string_view text) {
  return tasks::check_class_file(text);
}

std::shared_ptr<const tasks::registry> class_source::read() {
  auto classes = tasks::registry::builtin();
  classes.insert(classes.end(), extra_.begin(), extra_.end());
  std::vector<error> problems;
  std::vector<found_file> files;
  for (const auto& d : dirs_)
    find_files(d, false, files, problems);
  std::map<std::string, tasks::installed_class> good;
  for (const auto& f : files) {
    auto path = f.path.string();
    findings found;
    auto text = read_file(f.path, lim_.template_bytes, "limits.template_bytes");
    auto c = text ? tasks::read_class_file(*text, found)
                  : result<tasks::installed_class>{std::move(text.error())};
    if (c) {
      good.emplace(path, *std::move(c));
      continue;
    }
    auto why = make_error(
      fault::file_broken,
      path + ": " + (found.errors.empty() ? c.error().message : summed_up(found.errors)), path);
    if (auto before = good_.find(path); before != good_.end()) {
      good.emplace(path, before->second);
      why.hint = "the version read before it broke is still used";
    }
    problems.push_back(std::move(why));
  }
  good_ = std::move(good);
  for (const auto& [path, c] : good_)
    classes.push_back(c);
  return std::make_shared<const tasks::registry>(std::move(classes), std::move(problems));
}

} // namespace o3::catalogue
