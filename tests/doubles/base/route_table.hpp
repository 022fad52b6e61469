// Method and path pattern to handler; patterns have "{name}" segments. The first row that fits
// counts, so literal paths go before those with parameters. Threads: filled by one owner before the
// first look-up.
#pragma once
#include "tests/doubles/base/exchange.hpp"

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace o3::doubles {

struct route_row {
  std::string pattern; ///< with a trailing slash
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::function<void(const call_ptr&, const reply_fn&)>>> verbs;
  [[nodiscard]] std::string allow() const;
};

class route_table {
public:
  using sync_handler = std::function<http::response(const call&)>;
  using async_handler = std::function<void(const call_ptr&, const reply_fn&)>;

  void on(std::string_view method, std::string_view pattern, sync_handler h);
  void on_async(std::string_view method, std::string_view pattern, async_handler h);
  /// The row of this path, whatever the method; fills the call's `params`. nullptr: unknown path.
  [[nodiscard]] const route_row* find(call& c) const;
  /// The handler of this method in a row (HEAD is GET); nullptr: the method is not allowed.
  static const async_handler* handler(const route_row& row, std::string_view method);

private:
  std::deque<route_row> rows_; ///< a deque: handlers keep pointing at their rows
};

/// The segments of a path between its slashes.
std::vector<std::string_view> segments_of(std::string_view path);

} // namespace o3::doubles
