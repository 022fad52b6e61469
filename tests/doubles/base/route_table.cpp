#include "tests/doubles/base/route_table.hpp"

#include <algorithm>

namespace o3::doubles {

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> out;
  std::size_t from = 0;
  while (from < path.size()) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    if (slash > from)
      out.push_back(path.substr(from, slash - from));
    from = slash + 1;
  }
  return out;
}

std::string route_row::allow() const {
  std::string out;
  for (const auto& [method, handler] : verbs)
    out.append(out.empty() ? "" : ", ").append(method);
  return out;
}

void route_table::on(std::string_view method, std::string_view pattern, sync_handler h) {
  on_async(method, pattern,
           [h = std::move(h)](const call_ptr& c, const reply_fn& reply) { reply(h(*c)); });
}

void route_table::on_async(std::string_view method, std::string_view pattern, async_handler h) {
  auto hit = std::find_if(rows_.begin(), rows_.end(),
                          [pattern](const route_row& r) { return r.pattern == pattern; });
  if (hit == rows_.end()) {
    route_row& row = rows_.emplace_back();
    row.pattern = pattern;
    for (const auto s : segments_of(pattern))
      row.segments.emplace_back(s);
    hit = rows_.end() - 1;
  }
  hit->verbs.emplace_back(std::string(method), std::move(h));
}

const route_row* route_table::find(call& c) const {
  const auto path = segments_of(c.path);
  for (const route_row& row : rows_) {
    if (row.segments.size() != path.size())
      continue;
    const auto fits = [](const std::string& want, std::string_view have) {
      return want.front() == '{' || want == have;
    };
    if (!std::equal(row.segments.begin(), row.segments.end(), path.begin(), fits))
      continue;
    c.params.clear();
    for (std::size_t i = 0; i < path.size(); ++i)
      if (row.segments[i].front() == '{')
        c.params.emplace_back(row.segments[i].substr(1, row.segments[i].size() - 2),
                              std::string(path[i]));
    return &row;
  }
  return nullptr;
}

const route_table::async_handler* route_table::handler(const route_row& row,
                                                       std::string_view method) {
  const std::string_view want = method == "HEAD" ? "GET" : method;
  for (const auto& [have, h] : row.verbs)
    if (have == want)
      return &h;
  return nullptr;
}

} // namespace o3::doubles
