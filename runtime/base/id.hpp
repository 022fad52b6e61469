// 128-bit ids (RFC 9562): UUIDv7 for what the server makes, UUIDv8 for what a replay must make
// again. Stored as 16 bytes, shown as 32 lower-case hex digits. Random keys tripled the journal's
// CPU when measured, hence v7. Threads: `id` is a value; `id_maker` belongs to one owner.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace o3 {

struct id {
  std::array<std::uint8_t, 16> bytes{};

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the generated `< 0` for a pointer.
  auto operator<=>(const id&) const = default;
  [[nodiscard]] bool is_nil() const;
  [[nodiscard]] std::string hex() const; ///< 32 lower-case hex digits
  void append_hex(std::string& out) const;
  /// Accepts 32 hex digits (either case), with or without the four UUID dashes; nothing else.
  static std::optional<id> parse(std::string_view text);
  /// UUIDv8 (RFC 9562 section 5.8) of (parent, name): the same parent and name always make the same
  /// id. Built as v5 is, but from SHA-256: v5 prescribes SHA-1, which libsodium does not have.
  static id derived(const id& parent, std::string_view name);
  /// The same for a workflow that `parent` starts: its first 48 bits are the parent's, so that it
  /// stands beside it wherever ids are in order (lists, keys of the store).
  static id nested(const id& parent, std::string_view name);
};

/// Makes UUIDv7: 48 bits of wall-clock milliseconds, then a counter and random bits, strictly
/// increasing within one maker even if the wall clock steps back.
class id_maker {
public:
  id_maker(const clock& c, random_source& r) : clock_(c), random_(r) {}
  id next();

private:
  const clock& clock_;
  random_source& random_;
  std::int64_t last_ms_ = 0;
  std::uint32_t counter_ = 0; ///< 12 bits used
};

} // namespace o3

template <>
struct std::hash<o3::id> {
  std::size_t operator()(const o3::id& i) const noexcept;
};
