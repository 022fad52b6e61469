#include "tests/doubles/awx/page.hpp"

#include <algorithm>

namespace o3::doubles::awx {

namespace {

std::string encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                       || std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(digits[byte >> 4U]);
    out.push_back(digits[byte & 15U]);
  }
  return out;
}

/// Path and query of another page of the same list.
std::string page_url(const call& c, std::size_t page) {
  std::string out = c.path;
  char mark = '?';
  for (const auto& [name, value] : c.query) {
    if (name == "page")
      continue;
    out.append(1, mark).append(encoded(name)).append("=").append(encoded(value));
    mark = '&';
  }
  return out.append(1, mark).append("page=").append(std::to_string(page));
}

/// Sorts by the order_by names; an answer if one of them is no field.
std::optional<http::response> order(const call& c, const collection_view& v,
                                    std::vector<oid>& ids) {
  const auto by = c.query_value("order_by");
  if (!by || *by == "id")
    return std::nullopt;
  if (*by == "-id") {
    std::reverse(ids.begin(), ids.end());
    return std::nullopt;
  }
  std::vector<std::pair<std::string, bool>> wanted;
  for (std::size_t from = 0; from <= by->size();) {
    const std::size_t end = std::min(by->find(',', from), by->size());
    std::string one = by->substr(from, end - from);
    const bool down = !one.empty() && one.front() == '-';
    if (down)
      one.erase(0, 1);
    if (!v.by.type_of(one))
      return json_answer(400, {{"detail", "Cannot resolve keyword '" + one + "' into field."}});
    wanted.emplace_back(std::move(one), down);
    from = end + 1;
  }
  for (auto it = wanted.rbegin(); it != wanted.rend(); ++it) {
    std::vector<std::pair<json, oid>> keyed;
    std::vector<json> got;
    for (const oid id : ids) {
      got.clear();
      v.by.get(id, it->first, got);
      keyed.emplace_back(got.empty() ? json(nullptr) : got.front(), id);
    }
    const bool down = it->second;
    std::stable_sort(keyed.begin(), keyed.end(), [down](const auto& a, const auto& b) {
      return down ? b.first < a.first : a.first < b.first;
    });
    std::transform(keyed.begin(), keyed.end(), ids.begin(), [](const auto& k) { return k.second; });
  }
  return std::nullopt;
}

/// A query value as a positive number; `fallback` if absent, nullopt if it is anything else.
std::optional<std::size_t> positive(const call& c, std::string_view name, std::size_t fallback) {
  const auto text = c.query_value(name);
  if (!text)
    return fallback;
  const auto n = whole_number(*text);
  return n && *n > 0 ? std::optional(static_cast<std::size_t>(*n)) : std::nullopt;
}

} // namespace

http::response list_answer(const call& c, const collection_view& v, wall_time now) {
  names reserved{"page", "page_size", "order_by", "count_disabled", "format"};
  reserved.insert(v.reserved.begin(), v.reserved.end());
  filter f;
  if (auto refused = filter::read(c, v.by, reserved, f))
    return *std::move(refused);
  std::vector<oid> ids;
  const auto young
    = [&](oid id) { return c.lag > millis{0} && v.created && v.created(id) > now - c.lag; };
  for (const oid id : f.only() ? *f.only() : v.ids())
    if (v.has(id) && (f.trivial() || f.passes(id, v.by)) && !young(id))
      ids.push_back(id);
  if (auto refused = order(c, v, ids))
    return *std::move(refused);

  const auto limit
    = v.reserved.count("limit") != 0 ? c.query_value("limit") : std::optional<std::string>();
  const auto size = std::min(
    positive(c, limit ? "limit" : "page_size", page_size_default).value_or(page_size_default),
    page_size_max);
  const auto page = positive(c, "page", 1);
  const std::size_t first = page ? (*page - 1) * size : 0;
  if (!page || (first >= ids.size() && *page > 1))
    return json_answer(404, {{"detail", "Invalid page."}});
  const std::size_t from = std::min(ids.size(), first + (*page > 1 ? c.shift : 0));
  const std::size_t to = std::min(ids.size(), from + size);
  const bool no_count = limit || c.query_value("count_disabled").value_or("0") != "0";

  http::response r;
  json_writer w(r.body);
  w.begin_object();
  if (!no_count) {
    w.field("count", ids.size());
    to < ids.size() ? w.field("next", page_url(c, *page + 1)) : w.key("next").null();
    *page > 1 ? w.field("previous", page_url(c, *page - 1)) : w.key("previous").null();
  }
  w.key("results").begin_array();
  for (std::size_t i = from; i < to; ++i)
    v.write(w, ids[i]);
  w.end_array().end_object();
  return r;
}

http::response rows_answer(const call& c, const std::vector<json>& rows, const names& columns) {
  std::map<oid, const json*> by_id;
  for (const json& r : rows)
    by_id.emplace(r.at("id").get<oid>(), &r);
  collection_view v;
  v.ids = [&by_id] {
    std::vector<oid> ids;
    for (const auto& [id, row] : by_id)
      ids.push_back(id);
    return ids;
  };
  v.has = [&by_id](oid id) { return by_id.count(id) != 0; };
  v.by.type_of = [&](std::string_view path) -> std::optional<fields::type> {
    const std::string key(path);
    if (columns.count(key) == 0)
      return std::nullopt;
    const json sample = rows.empty() ? json("") : rows.front().value(key, json(""));
    return key == "id" || sample.is_number() ? fields::type::whole
           : sample.is_boolean()             ? fields::type::flag
                                             : fields::type::text;
  };
  v.by.get = [&by_id](oid id, std::string_view path, std::vector<json>& out) {
    if (const auto hit = by_id.at(id)->find(std::string(path));
        hit != by_id.at(id)->end() && !hit->is_null())
      out.push_back(*hit);
  };
  v.write = [&by_id](json_writer& w, oid id) { w.value(*by_id.at(id)); };
  return list_answer(c, v, {});
}

} // namespace o3::doubles::awx
