// ustar as POSIX has it: heads and contents in blocks of 512 bytes, two empty blocks at the end.
#include "tasks/packs/archive.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace o3::packs {
namespace {

constexpr std::size_t block = 512;
constexpr std::size_t name_max = 100;
// Where the fields of a head stand: offset and length.
struct field {
  std::size_t at, length;
};
constexpr field f_name{0, 100}, f_mode{100, 8}, f_uid{108, 8}, f_gid{116, 8}, f_size{124, 12},
  f_time{136, 12}, f_sum{148, 8}, f_link{157, 100}, f_magic{257, 8}, f_prefix{345, 155};
constexpr std::size_t type_at = 156;

error bad(std::string what) {
  return make_error(fault::input_invalid, std::move(what));
}

std::string octal(std::size_t n, std::size_t digits) {
  std::string out(digits, '0');
  for (auto i = digits; i > 0 && n > 0; n /= 8)
    out[--i] = static_cast<char>('0' + n % 8);
  return out;
}

std::optional<std::size_t> number(std::string_view text) {
  std::size_t n = 0;
  bool any = false;
  for (const char c : text) {
    if (c == ' ' || c == '\0') {
      if (any)
        break;
      continue;
    }
    if (c < '0' || c > '7' || n > archive_bytes_max * 8)
      return std::nullopt;
    n = n * 8 + static_cast<std::size_t>(c - '0');
    any = true;
  }
  return n;
}

std::size_t sum_of(std::string_view head) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < block; ++i) // the sum's own field counts as blanks
    sum += i >= f_sum.at && i < f_sum.at + f_sum.length ? std::size_t{' '}
                                                        : static_cast<unsigned char>(head[i]);
  return sum;
}

std::string_view text_in(std::string_view head, field f) {
  const auto all = head.substr(f.at, f.length);
  return all.substr(0, all.find('\0'));
}

std::string padded(std::string_view content) {
  std::string out{content};
  out.resize((content.size() + block - 1) / block * block, '\0');
  return out;
}

std::string head_of(const archive_file& f) {
  std::string head(block, '\0');
  const auto put
    = [&head](field at, std::string_view text) { head.replace(at.at, text.size(), text); };
  put(f_name, f.name);
  put(f_mode, octal(0644, 7));
  put(f_uid, octal(0, 7));
  put(f_gid, octal(0, 7));
  put(f_size, octal(f.content.size(), 11));
  put(f_time, octal(0, 11));
  head[type_at] = '0';
  put(f_magic, std::string_view{"ustar\00000", 8});
  put(f_sum, octal(sum_of(head), 6) + '\0' + ' ');
  return head;
}

bool climbs(std::string_view name) {
  if (name.starts_with('/'))
    return true;
  for (std::size_t i = 0; i <= name.size();) {
    const auto end = std::min(name.find('/', i), name.size());
    if (name.substr(i, end - i) == "..")
      return true;
    i = end + 1;
  }
  return false;
}

// Does a link at `name` to `target` lead out? Symbolic ones start from their directory.
bool leads_out(std::string_view name, std::string_view target, bool symbolic) {
  if (target.starts_with('/'))
    return true;
  std::ptrdiff_t depth = symbolic ? std::count(name.begin(), name.end(), '/') : 0;
  for (std::size_t i = 0; i <= target.size();) {
    const auto end = std::min(target.find('/', i), target.size());
    const auto part = target.substr(i, end - i);
    depth += part == ".." ? -1 : part.empty() || part == "." ? 0 : 1;
    if (depth < 0)
      return true;
    i = end + 1;
  }
  return false;
}

// A record of a pax head: "27 path=some/long/name\n".
std::string pax_record(std::string_view records, std::string_view key) {
  const auto at = records.find(key);
  if (at == std::string_view::npos)
    return {};
  const auto from = at + key.size();
  return std::string{
    records.substr(from, std::min(records.find('\n', from), records.size()) - from)};
}

// Name and link target of an entry; what heads before it said comes first.
std::pair<std::string, std::string> names_of(std::string_view head, std::string long_name,
                                             std::string long_link) {
  auto name = std::string{text_in(head, f_name)};
  const bool posix = head.substr(f_magic.at, 6) == std::string_view{"ustar\0", 6}; // not GNU
  if (const auto prefix = text_in(head, f_prefix); posix && !prefix.empty())
    name = std::string{prefix} + "/" + name;
  auto target = std::string{text_in(head, f_link)};
  return {long_name.empty() ? std::move(name) : std::move(long_name),
          long_link.empty() ? std::move(target) : std::move(long_link)};
}

} // namespace

bool is_archive_name(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(),
                                 [](char c) { return c > ' ' && c < 0x7F && c != '\\'; });
  if (name.empty() || name.size() > name_max || !plain || climbs(name))
    return false;
  for (std::size_t i = 0; i <= name.size();) {
    const auto end = std::min(name.find('/', i), name.size());
    const auto part = name.substr(i, end - i);
    if (part.empty() || part == ".")
      return false;
    i = end + 1;
  }
  return true;
}

result<std::string> make_tar(const std::vector<archive_file>& files) {
  if (files.size() > archive_files_max)
    return bad("an archive takes " + std::to_string(archive_files_max) + " files at most");
  std::set<std::string_view> names;
  std::string out;
  for (const auto& f : files) {
    if (!is_archive_name(f.name))
      return bad("'" + printable(f.name, 120) + "' cannot be the name of a file in an archive");
    if (!names.insert(f.name).second)
      return bad("the file '" + f.name + "' would be in the archive twice");
    if (out.size() + f.content.size() > archive_bytes_max)
      return bad("an archive takes " + std::to_string(archive_bytes_max >> 20) + " MiB at most");
    out += head_of(f) + padded(f.content);
  }
  return out + std::string(2 * block, '\0');
}

bool looks_like_tar(std::string_view bytes) {
  return bytes.size() >= block && number(bytes.substr(f_sum.at, f_sum.length)) == sum_of(bytes);
}

result<std::vector<std::string>> names_in_tar(std::string_view tar) {
  std::vector<std::string> names;
  std::string long_name, long_link; // of the next entry
  std::size_t entries = 0;
  for (std::size_t at = 0; at + block <= tar.size();) {
    const auto head = tar.substr(at, block);
    if (head.find_first_not_of('\0') == std::string_view::npos)
      return names; // the end
    const auto size = number(head.substr(f_size.at, f_size.length));
    if (!looks_like_tar(head) || !size || *size > tar.size() - at - block)
      return bad("the tar archive is damaged or cut off");
    if (++entries > archive_files_max)
      return bad("the archive has more than " + std::to_string(archive_files_max) + " entries");
    const auto content = tar.substr(at + block, *size);
    at += block + (*size + block - 1) / block * block;
    const char type = head[type_at];
    if (type == 'x' || type == 'L' || type == 'K' || type == 'g') {
      const auto text = std::string{content.substr(0, content.find('\0'))};
      if (type == 'x')
        long_name = pax_record(content, " path="), long_link = pax_record(content, " linkpath=");
      else if (type != 'g')
        (type == 'L' ? long_name : long_link) = text;
      continue;
    }
    const auto [name, target]
      = names_of(head, std::exchange(long_name, {}), std::exchange(long_link, {}));
    const bool link = type == '1' || type == '2';
    if (climbs(name) || (link && leads_out(name, target, type == '2')))
      return bad("the archive has '" + printable(name, 120)
                 + "', which leads out of the directory it is unpacked in");
    if (type == '0' || type == '\0')
      names.push_back(name.starts_with("./") ? name.substr(2) : name);
    else if (!link && type != '5')
      return bad("the archive has '" + printable(name, 120)
                 + "', which is no file and no directory");
  }
  return names;
}

} // namespace o3::packs
