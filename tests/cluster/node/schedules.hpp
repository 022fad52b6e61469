// Schedules and calendars of a whole node, asked by way of its API.
#pragma once
#include "tests/cluster/node/documents.hpp"

#include <map>
#include <set>

namespace o3::test {

inline constexpr auto put = http::method::put;
inline constexpr auto del = http::method::del;
inline const std::string schedule_path = "/api/v1/schedule/";
inline const std::string calendar_path = "/api/v1/calendar/";

inline json quick() {
  return document("quick", {task("a", "noop", {{"runtime_delay", 0}})});
}
inline json slow(double s) {
  return document("slow", {task("a", "noop", {{"runtime_delay", s}})});
}
inline json planned(const std::string& name, const std::string& cron, const std::string& tpl,
                    json more = json::object()) {
  json doc = {{"name", name}, {"cron", cron}, {"request", request(tpl)}};
  doc["request"]["workflow"]["meta"].erase("ref");
  doc.update(more);
  return doc;
}
inline harness::http_answer make(harness::node& o3, const json& doc) {
  return o3.request(post, schedule_path, doc.dump());
}
inline json show(harness::node& o3, const std::string& name, int next = 1) {
  return o3.request(get, schedule_path + name + "/?next=" + std::to_string(next)).document();
}
/// Every workflow there is, by its ref.
inline std::map<std::string, json> workflows(harness::node& o3) {
  std::map<std::string, json> all;
  std::string cursor;
  do {
    const auto page
      = o3.request(get, "/api/v1/workflow/?limit=200" + (cursor.empty() ? "" : "&cursor=" + cursor))
          .document();
    for (const auto& w : page["items"]) {
      const auto [at, fresh] = all.emplace(w["ref"], w);
      REQUIRE(fresh); // no ref twice
    }
    cursor = page["next_cursor"].is_null() ? "" : page["next_cursor"].get<std::string>();
  } while (!cursor.empty());
  return all;
}
inline std::set<std::string> refs(harness::node& o3) {
  std::set<std::string> out;
  for (const auto& [ref, w] : workflows(o3))
    out.insert(ref);
  return out;
}
inline std::set<std::string> codes(const harness::http_answer& a) {
  std::set<std::string> out;
  const auto doc = a.document();
  for (const auto& e : doc["errors"])
    out.insert(e.value("pointer", "") + " " + e["code"].get<std::string>());
  return out;
}
inline std::uint64_t skipped(const json& s) {
  std::uint64_t n = 0;
  for (const auto& [reason, count] : s["skipped"].items())
    n += count.get<std::uint64_t>();
  return n;
}

} // namespace o3::test
