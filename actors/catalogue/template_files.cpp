#include "actors/catalogue/template_files.hpp"

#include "actors/catalogue/found_files.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace o3::catalogue {
namespace {

namespace fs = std::filesystem;
using engine::catalogue_snapshot;

void keep_previous(catalogue_snapshot& out, const catalogue_snapshot& before,
                   const std::string& path, error why) {
  for (const auto& [ref, entry] : before.templates)
    if (entry.origin == path && !out.templates.contains(ref)) {
      out.templates.emplace(ref, entry);
      why.hint = "the version read before it broke is still used";
    }
  out.problems.push_back(std::move(why));
}

void add_file(catalogue_snapshot& out, const found_file& f, const limits& lim,
              const catalogue_snapshot& before) {
  auto path = f.path.string();
  auto broken = [&](const error& e) {
    keep_previous(out, before, path, make_error(e.code, path + ": " + e.message, path));
  };
  auto text = read_file(f.path, lim.template_bytes, "limits.template_bytes");
  if (!text)
    return broken(text.error());
  auto doc = parse_json(*text, lim);
  if (!doc)
    return broken(make_error(fault::file_broken, doc.error().message));
  findings found;
  auto plan = check_template(*doc, *out.classes, lim, found);
  if (!plan)
    return broken(make_error(fault::file_broken, summed_up(found.errors)));
  const std::string ref = plan->graph->doc.ref; // a copy: `plan` is replaced below
  if (auto it = out.templates.find(ref); it != out.templates.end()) {
    bool replaces = f.owned && !it->second.owned;
    out.problems.push_back(make_error(fault::file_duplicate,
                                      path + ": ref_name '" + ref + "' is also that of "
                                        + it->second.origin + "; "
                                        + (replaces ? path : it->second.origin) + " is used",
                                      path));
    if (!replaces)
      return;
  }
  if (auto it = before.templates.find(ref);
      it != before.templates.end() && it->second.plan->graph->hash == plan->graph->hash)
    plan = it->second.plan; // unchanged: keep what is known of it
  out.templates[ref] = {plan, path, f.owned};
}

} // namespace

catalogue_snapshot load_templates(const std::vector<template_dir>& dirs,
                                  std::shared_ptr<const tasks::registry> classes, const limits& lim,
                                  const catalogue_snapshot& before) {
  catalogue_snapshot out;
  out.classes = std::move(classes);
  out.problems = out.classes->problems();
  std::vector<found_file> files;
  for (const auto& d : dirs)
    find_files(d.path, d.owned, files, out.problems);
  for (const auto& f : files)
    add_file(out, f, lim, before);
  for (const auto& [ref, entry] : before.templates)
    if (entry.origin.empty()) // given as a document by the embedding program
      out.templates.insert_or_assign(ref, entry);
  return out;
}

namespace {

error failed(const char* what, const fs::path& file) {
  const auto code = errno == ENOSPC ? fault::storage_full : fault::storage_failed;
  return make_error(code, std::string{what} + " " + file.string() + ": "
                            + std::generic_category().message(errno));
}

} // namespace

result<done> sync_directory_of(const fs::path& file) {
  const int d = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = d >= 0 && ::fsync(d) == 0;
  const int why = errno;
  if (d >= 0)
    ::close(d);
  errno = why;
  return synced ? result<done>{done{}} : failed("cannot fsync the directory of", file);
}

result<done> store_template(const fs::path& file, const std::string& text) {
  std::error_code ec;
  fs::create_directories(file.parent_path(), ec); // whatever went wrong shows at open
  const auto temporary = file.parent_path() / ("." + file.filename().string() + ".new");
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return failed("cannot write", file);
  bool ok = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size())
            && ::fsync(fd) == 0;
  ok = ::close(fd) == 0 && ok;
  if (!ok || ::rename(temporary.c_str(), file.c_str()) != 0) {
    auto e = failed("cannot write", file);
    ::unlink(temporary.c_str());
    return e;
  }
  return sync_directory_of(file);
}

result<done> remove_template(const fs::path& file) {
  if (::unlink(file.c_str()) != 0 && errno != ENOENT)
    return failed("cannot remove", file);
  return sync_directory_of(file);
}

} // namespace o3::catalogue
