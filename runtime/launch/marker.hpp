// The text a launch leaves in its target, so that it can be found again: "o3-<install8>-<launch
// id>-<attempt>", at most 60 characters of [a-z0-9-], never secret. All attempts of a launch share
// everything before the last dash. Threads: pure functions.
#pragma once
#include "runtime/base/id.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace o3::launch {

inline constexpr std::size_t marker_bytes_max = 60;

struct marker {
  std::string install8; ///< 8 lower-case hex digits: which installation
  id launch_id;
  std::uint32_t attempt = 1;

  bool operator==(const marker&) const = default;
};

/// 8 lower-case hex digits.
bool is_install8(std::string_view text);
std::string to_text(const marker& m);
/// What all attempts share, without the last dash; also the key a class A target deduplicates by.
std::string key_text(std::string_view install8, const id& launch_id);
/// Exactly a marker and nothing else; leading zeros, capitals and attempt 0 are refused.
std::optional<marker> parse_marker(std::string_view text);
/// The first marker of this launch (any attempt) anywhere in `text`, such as a list of tags or a
/// message a target shows.
std::optional<marker> find_marker(std::string_view text, std::string_view install8,
                                  const id& launch_id);

} // namespace o3::launch
