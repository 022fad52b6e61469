#include "runtime/secrets/sources.hpp"

#include "runtime/base/text.hpp"
#include "runtime/secrets/small_file.hpp"
#include "runtime/template/secret_ref.hpp"

#include <algorithm>
#include <fstream>
#include <map>

namespace o3::secrets {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> words(std::string_view text) {
  constexpr std::string_view blanks = " ,\t\r\n";
  std::vector<std::string> list;
  for (std::size_t i = text.find_first_not_of(blanks); i != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(blanks, i), text.size());
    list.emplace_back(text.substr(i, end - i));
    i = text.find_first_not_of(blanks, end);
  }
  return list;
}

/// What is no URL leads nowhere: it is left out.
std::vector<std::string> origins_in(std::string_view text, const origin_reader& origin) {
  std::vector<std::string> list;
  for (auto& word : words(text)) {
    if (word == any_origin)
      list.push_back(std::move(word));
    else if (auto o = origin(word))
      list.push_back(*std::move(o));
  }
  return list;
}

class environment_source final : public source {
public:
  explicit environment_source(std::map<std::string, held> all) : all_(std::move(all)) {}

  [[nodiscard]] std::vector<entry> list() const override {
    std::vector<entry> entries;
    for (const auto& [name, h] : all_)
      entries.push_back(h.about);
    return entries;
  }
  [[nodiscard]] std::optional<entry> find(std::string_view project,
                                          std::string_view name) const override {
    const auto at = all_.find(std::string{name});
    return at == all_.end() || project != default_project ? std::nullopt
                                                          : std::optional{at->second.about};
  }
  [[nodiscard]] result<held> open(std::string_view project, std::string_view name) const override {
    if (!find(project, name))
      return make_error(fault::not_found, "there is no such secret in the environment");
    return all_.at(std::string{name});
  }

private:
  std::map<std::string, held> all_;
};

class file_source final : public source {
public:
  file_source(fs::path dir, origin_reader origin)
      : dir_(std::move(dir)), origin_(std::move(origin)) {}

  [[nodiscard]] std::vector<entry> list() const override {
    std::vector<entry> entries;
    std::error_code ec;
    for (fs::directory_iterator at{dir_, ec}, end; !ec && at != end; at.increment(ec))
      if (auto e = find(default_project, at->path().filename().string()))
        entries.push_back(*std::move(e));
    std::sort(entries.begin(), entries.end(),
              [](const entry& a, const entry& b) { return a.name < b.name; });
    return entries;
  }

  [[nodiscard]] std::optional<entry> find(std::string_view project,
                                          std::string_view name) const override {
    std::error_code ec;
    const auto file = dir_ / std::string{name};
    if (project != default_project || !is_secret_label(name) || !fs::is_regular_file(file, ec))
      return std::nullopt;
    entry e;
    e.name = name;
    e.source = "file";
    const auto origins = beside(file, ".origins");
    const auto templates = beside(file, ".templates");
    if (!origins.safe || !templates.safe)
      return e; // somebody else may have widened it: it goes nowhere
    e.origins = origins_in(origins.text, origin_);
    e.templates = words(templates.text);
    return e;
  }

  [[nodiscard]] result<held> open(std::string_view project, std::string_view name) const override {
    auto e = find(project, name);
    if (!e)
      return make_error(fault::not_found, "there is no such file");
    auto text = read_private(dir_ / e->name, value_bytes_max + 1);
    if (!text)
      return make_error(fault::secret_unreadable, text.error().message, "", text.error().hint);
    if (!*text)
      return make_error(fault::not_found, "there is no such file");
    auto& plain = **text;
    if (plain.ends_with('\n'))
      plain.pop_back();
    if (plain.ends_with('\r'))
      plain.pop_back();
    if (auto wrong = value_problem(plain); !wrong.empty())
      return make_error(fault::secret_unreadable, (dir_ / e->name).string() + ": " + wrong);
    return held{*std::move(e), secret::consume(plain)};
  }

private:
  struct listing {
    bool safe = true; ///< nobody but its owner can change it; also if there is none
    std::string text{};
  };
  static listing beside(const fs::path& file, const char* ending) {
    std::error_code ec;
    const fs::path list{file.string() + ending};
    const auto about = fs::status(list, ec);
    if (about.type() == fs::file_type::not_found)
      return {};
    const auto writable = fs::perms::group_write | fs::perms::others_write;
    std::ifstream in{list};
    if (ec || !in || (about.permissions() & writable) != fs::perms::none)
      return {false};
    listing l;
    l.text.resize(value_bytes_max);
    in.read(l.text.data(), static_cast<std::streamsize>(l.text.size()));
    l.text.resize(static_cast<std::size_t>(in.gcount()));
    return l;
  }

  fs::path dir_;
  origin_reader origin_;
};

} // namespace

std::shared_ptr<const source>
from_environment(const std::vector<std::pair<std::string, std::string>>& variables,
                 const origin_reader& origin, std::vector<error>& problems) {
  std::map<std::string, held> all;
  std::map<std::string, std::string> lists;
  const auto lower = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
  };
  for (const auto& [variable, text] : variables) {
    if (!variable.starts_with(environment_prefix))
      continue;
    auto name = lower(variable.substr(environment_prefix.size()));
    if (name.ends_with("__origins") || name.ends_with("__templates")) {
      lists[name] = text;
      continue;
    }
    auto wrong = is_secret_label(name) ? value_problem(text) : "that is no name for a secret";
    if (!wrong.empty()) {
      problems.push_back(
        make_error(fault::config_invalid, printable(variable, 128) + " is not taken: " + wrong));
      continue;
    }
    held h;
    h.about.name = name;
    h.about.source = "environment";
    h.value = secret{text};
    all.insert_or_assign(std::move(name), std::move(h));
  }
  for (auto& [name, h] : all) {
    h.about.origins = origins_in(lists[name + "__origins"], origin);
    h.about.templates = words(lists[name + "__templates"]);
    if (h.about.origins.empty())
      problems.push_back(make_error(fault::config_invalid,
                                    "the secret '" + name + "' of the environment may go nowhere",
                                    "", "name the systems it is for in O3_SECRET_<NAME>__ORIGINS"));
  }
  return std::make_shared<environment_source>(std::move(all));
}

std::shared_ptr<const source> from_files(fs::path dir, origin_reader origin) {
  return std::make_shared<file_source>(std::move(dir), std::move(origin));
}

} // namespace o3::secrets
