// gzip and tar for packs that hand files to a target: what is written has regular files with
// checked names and fixed modes, what is read is never unpacked, only looked through. Errors are
// told to people. Threads: pure functions.
#pragma once
#include "runtime/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace o3::packs {

inline constexpr std::size_t archive_files_max = 10'000;
inline constexpr std::string_view gzip_magic = "\x1f\x8b";
inline constexpr std::size_t archive_bytes_max = 64 << 20; ///< unpacked

struct archive_file {
  std::string name; ///< relative, at most 100 bytes, parts divided by '/'
  std::string content;
};

/// ustar: mode 0644, owner 0, time 0, so that the same files make the same bytes.
result<std::string> make_tar(const std::vector<archive_file>& files);
/// The names of the regular files. Refuses what would leave the directory it is unpacked in
/// (absolute names, "..", links that point out) and what is neither file, directory nor link.
result<std::vector<std::string>> names_in_tar(std::string_view tar);
bool looks_like_tar(std::string_view bytes);

result<std::string> gzip(std::string_view bytes);
/// Refuses what is broken, cut off, or larger than archive_bytes_max when unpacked.
result<std::string> gunzip(std::string_view bytes);

/// "network.tf", "modules/a/main.tf"; not "/x", "../x", "a//b", "a\b" nor anything unprintable.
bool is_archive_name(std::string_view name);

} // namespace o3::packs
