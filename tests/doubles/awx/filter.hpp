// Filters of list URLs as the field lookup backend has them: paths with lookups, not__, or__,
// chain__, __int. Unknown fields and bad values are refused (400), some are forbidden (403).
// Threads: pure; a `filter` lives for one request.
#pragma once
#include "tests/doubles/awx/model.hpp"

#include <functional>
#include <regex>

namespace o3::doubles::awx {

/// What a list can be filtered by. A time is milliseconds since 1970 in `get`.
struct fields {
  enum class type : std::uint8_t { text, whole, real, flag, time };
  /// The type of a path without lookup ("labels__name"); nullopt if there is no such field.
  std::function<std::optional<type>(std::string_view path)> type_of;
  /// The values of a path for a row; several for a relation to many, none for null.
  std::function<void(oid row, std::string_view path, std::vector<json>& out)> get;
};

class filter {
public:
  /// An answer instead of a filter if the query is refused. `reserved` names are left alone.
  static std::optional<http::response> read(const call& c, const fields& f, const names& reserved,
                                            filter& out);
  [[nodiscard]] bool passes(oid row, const fields& f) const;
  /// The ids of a plain id__in or id filter, if there is one: no need to look at others.
  [[nodiscard]] const std::optional<std::vector<oid>>& only() const { return only_; }
  /// Nothing but `only` filters.
  [[nodiscard]] bool trivial() const { return conditions_.empty(); }

private:
  struct condition {
    std::string path, lookup;
    bool negate = false, any = false;
    std::vector<json> want;
    std::optional<std::regex> pattern;
  };
  static std::string compile(std::string_view name, const std::string& value, const fields& f,
                             condition& out, bool& forbidden);
  static bool holds(const condition& c, const std::vector<json>& have);

  std::vector<condition> conditions_;
  std::optional<std::vector<oid>> only_;
};

/// An ISO 8601 date or date-time as milliseconds since 1970; without an offset it is UTC.
std::optional<std::int64_t> iso_ms(std::string_view text);

} // namespace o3::doubles::awx
