// Lists: filtered, ordered, cut into pages. Threads: pure.
#pragma once
#include "runtime/base/json_writer.hpp"
#include "tests/doubles/awx/filter.hpp"

namespace o3::doubles::awx {

struct collection_view {
  std::function<std::vector<oid>()> ids; ///< ascending; not asked when the filter names ids
  /// Whether a row is there at all and the caller may see it.
  std::function<bool(oid)> has;
  fields by;
  std::function<wall_time(oid)> created; ///< for listings that lag; may be empty
  std::function<void(json_writer&, oid)> write;
  names reserved{}; ///< further query names that are no filters
};

/// The answer to a GET of a list; `now` is for listings that lag.
http::response list_answer(const call& c, const collection_view& v, wall_time now);

/// The same for rows that are JSON already and have an "id"; `columns` are what they can be
/// filtered by, as whole numbers, texts or flags by what stands in the first row.
http::response rows_answer(const call& c, const std::vector<json>& rows, const names& columns);

constexpr std::size_t page_size_default = 25;
constexpr std::size_t page_size_max = 200;

} // namespace o3::doubles::awx
