// What jobs print: stdout in its formats, events, summaries of hosts.
#include "tests/doubles/awx/api.hpp"
#include "tests/doubles/awx/events.hpp"

#include <algorithm>

namespace o3::doubles::awx {

namespace {

constexpr std::size_t display_bytes_max = 1 << 20;
/// Ids of events and host summaries: those of their job with room for its rows.
constexpr oid rows_per_job = 1'000'000;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size() - 1) + 1;
    out.push_back(text.substr(from, end - from));
    from = end;
  }
  return out;
}

std::string html_text(std::string_view text) {
  std::string out = "<pre>";
  for (const char c : text)
    c == '<' ? out.append("&lt;") : c == '&' ? out.append("&amp;") : out.append(1, c);
  return out + "</pre>";
}

} // namespace

template <kind K>
http::response api::output(const ask& a) {
  const job* j = job_of(a, K);
  if (j == nullptr)
    return missing();
  if (!may_read(a.me, *j))
    return denied();
  const auto format = a.c.query_value("format").value_or("api");
  const names known{"txt", "ansi", "json", "html", "api", "txt_download", "ansi_download"};
  if (known.count(format) == 0)
    return missing();
  std::string text = output_of(*j, s_.time.steady());
  if (format == "txt" || format == "txt_download")
    text = plain_text(text);
  if (format == "txt_download" || format == "ansi_download") {
    auto r = text_answer(200, "text/plain; charset=utf-8", std::move(text));
    set_header(r, "Content-Disposition",
               "attachment; filename=\"" + std::string(type_name(K)) + "_" + std::to_string(j->id)
                 + ".txt\"");
    return r;
  }
  const bool large = text.size() > display_bytes_max;
  if (large)
    text = "Standard Output too large to display (" + std::to_string(text.size())
           + " bytes), only download supported for sizes over 1048576 bytes.";
  if (format == "txt" || format == "ansi")
    return text_answer(200, "text/plain; charset=utf-8", std::move(text));
  auto lines = lines_of(text);
  const auto end_of_all = static_cast<std::int64_t>(lines.size());
  std::int64_t start = 0, end = end_of_all;
  if (!large) {
    start = whole_number(a.c.query_value("start_line").value_or("0")).value_or(0);
    end = whole_number(a.c.query_value("end_line").value_or("")).value_or(end_of_all);
    if (start < 0)
      start = std::max<std::int64_t>(0, end_of_all + start);
    end = std::clamp<std::int64_t>(end, 0, end_of_all);
    start = std::min(start, end);
  }
  std::string content;
  for (std::int64_t i = start; i < end; ++i)
    content += lines[static_cast<std::size_t>(i)];
  if (format == "html" || format == "api")
    return text_answer(200, "text/html; charset=utf-8", html_text(plain_text(content)));
  if (a.c.query_value("content_encoding") == "base64")
    content = to_base64(content);
  const json range = large ? json{{"start", 0}, {"end", 1}, {"absolute_end", 1}}
                           : json{{"start", start}, {"end", end}, {"absolute_end", end_of_all}};
  return json_answer(200, {{"range", range}, {"content", content}});
}

http::response api::job_events(const ask& a) {
  const job* j = job_of(a, kind::job);
  if (j == nullptr)
    return missing();
  if (!may_read(a.me, *j))
    return denied();
  const auto all = script_of(*j);
  const auto now = s_.time.steady();
  const auto row = [&all](oid id) -> const event& {
    return all[static_cast<std::size_t>(id % rows_per_job - 1)];
  };
  collection_view v;
  v.ids = [&] {
    std::vector<oid> ids;
    for (const event& e : all)
      ids.push_back(j->id * rows_per_job + e.counter);
    return ids;
  };
  v.has = [&](oid id) {
    const oid at = id % rows_per_job;
    return id / rows_per_job == j->id && at > 0 && at <= static_cast<oid>(all.size())
           && visible(*j, row(id), now);
  };
  using type = fields::type;
  const std::map<std::string, type, std::less<>> columns{
    {"id", type::whole},       {"counter", type::whole}, {"event", type::text},
    {"host_name", type::text}, {"task", type::text},     {"play", type::text},
    {"failed", type::flag},    {"changed", type::flag},  {"start_line", type::whole},
    {"end_line", type::whole}, {"stdout", type::text}};
  v.by.type_of = [&columns](std::string_view path) {
    const auto hit = columns.find(path);
    return hit == columns.end() ? std::nullopt : std::optional(hit->second);
  };
  v.by.get = [&](oid id, std::string_view path, std::vector<json>& out) {
    const event& e = row(id);
    if (path == "id")
      out.emplace_back(id);
    else if (path == "counter")
      out.emplace_back(e.counter);
    else if (path == "event")
      out.emplace_back(e.name);
    else if (path == "host_name")
      out.emplace_back(e.host);
    else if (path == "task")
      out.emplace_back(e.task);
    else if (path == "play")
      out.emplace_back("all");
    else if (path == "failed" || path == "changed")
      out.emplace_back(path == "failed" ? e.failed : e.changed);
    else if (path == "start_line" || path == "end_line")
      out.emplace_back(path == "start_line" ? e.start_line : e.end_line);
    else
      out.emplace_back(e.text);
  };
  v.write = [&](json_writer& w, oid id) {
    const event& e = row(id);
    const std::string uuid = "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + id);
    w.begin_object().field("id", id).field("type", "job_event").field("job", j->id);
    w.field("counter", e.counter).field("event", e.name).field("event_display", e.name);
    w.key("event_data").begin_object();
    if (!e.task.empty())
      w.field("task", e.task);
    if (!e.host.empty())
      w.field("host", e.host);
    w.end_object().field("failed", e.failed).field("changed", e.changed);
    w.field("uuid", uuid).field("parent_uuid", "").key("host").null();
    w.field("host_name", e.host).field("play", "all").field("task", e.task).field("role", "");
    w.field("stdout", e.text).field("start_line", e.start_line).field("end_line", e.end_line);
    w.field("verbosity", 0);
    w.field("created", to_rfc3339(j->started.value_or(j->created) + e.offset)).end_object();
  };
  v.reserved = {"limit"};
  return list_answer(a.c, v, s_.time.wall());
}

http::response api::job_host_summaries(const ask& a) {
  const job* j = job_of(a, kind::job);
  if (j == nullptr)
    return missing();
  if (!may_read(a.me, *j))
    return denied();
  std::vector<std::pair<std::string, json>> rows;
  if (events_done(*j, s_.time.steady()) && j->ran_at)
    for (const auto& [name, h] : host_stats(*j))
      rows.emplace_back(name, h);
  collection_view v;
  v.ids = [&] {
    std::vector<oid> ids;
    for (std::size_t i = 1; i <= rows.size(); ++i)
      ids.push_back(static_cast<oid>(i));
    return ids;
  };
  v.has = [&](oid id) { return id > 0 && id <= static_cast<oid>(rows.size()); };
  v.by.type_of = [](std::string_view path) -> std::optional<fields::type> {
    if (path == "id")
      return fields::type::whole;
    return path == "host_name" ? std::optional(fields::type::text)
           : path == "failed"  ? std::optional(fields::type::flag)
                               : std::nullopt;
  };
  const auto failed = [&rows](oid id) {
    const json& h = rows[static_cast<std::size_t>(id - 1)].second;
    return get_or<int>(h, "failures", 0) + get_or<int>(h, "dark", 0) > 0;
  };
  v.by.get = [&](oid id, std::string_view path, std::vector<json>& out) {
    if (path == "id")
      out.emplace_back(id);
    else if (path == "failed")
      out.emplace_back(failed(id));
    else
      out.emplace_back(rows[static_cast<std::size_t>(id - 1)].first);
  };
  v.write = [&](json_writer& w, oid id) {
    const auto& [name, h] = rows[static_cast<std::size_t>(id - 1)];
    w.begin_object().field("id", j->id * rows_per_job + id).field("type", "job_host_summary");
    w.field("job", j->id).key("host").null().field("host_name", name);
    for (const auto& [key, value] : h.items())
      w.field(key, value);
    w.field("failed", failed(id)).end_object();
  };
  return list_answer(a.c, v, s_.time.wall());
}

template http::response api::output<kind::job>(const ask&);
template http::response api::output<kind::project_update>(const ask&);
template http::response api::output<kind::inventory_update>(const ask&);

} // namespace o3::doubles::awx
