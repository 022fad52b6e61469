#include "runtime/schedule/progress.hpp"

#include <algorithm>

namespace o3::schedule {
namespace {

constexpr std::array<std::string_view, reason_count> reason_texts{
  "overlap", "replaced", "queue_full", "missed", "paused", "refused"};
constexpr int version = 1;

json to_json(const note& n) {
  json out{{"first", to_ms(n.first)}, {"last", to_ms(n.last)}, {"count", n.count}};
  if (n.skipped)
    out["skipped"] = to_text(*n.skipped);
  if (!n.detail.empty())
    out["detail"] = n.detail;
  return out;
}

note read_note(const json& doc) {
  note n;
  n.first = from_ms(doc.at("first").get<std::int64_t>());
  n.last = from_ms(doc.at("last").get<std::int64_t>());
  n.count = doc.at("count").get<std::uint64_t>();
  n.detail = doc.value("detail", "");
  if (const auto skipped = doc.find("skipped"); skipped != doc.end()) {
    const auto* const at
      = std::find(reason_texts.begin(), reason_texts.end(), skipped->get_ref<const std::string&>());
    if (at == reason_texts.end())
      throw std::out_of_range{"an unknown reason"};
    n.skipped = static_cast<reason>(at - reason_texts.begin());
  }
  return n;
}

firing read_firing(const json& doc) {
  firing f;
  f.planned = from_ms(doc.at("planned").get<std::int64_t>());
  f.cancel = doc.value("cancel", false);
  if (const auto w = doc.find("workflow"); w != doc.end()) {
    f.workflow = id::parse(w->get_ref<const std::string&>());
    if (!f.workflow)
      throw std::out_of_range{"no id"};
  }
  return f;
}

} // namespace

std::string_view to_text(reason r) {
  return reason_texts.at(static_cast<std::size_t>(r));
}

void progress::add(note n, std::size_t keep) {
  (n.skipped ? skipped.at(static_cast<std::size_t>(*n.skipped)) : started) += n.count;
  recent.push_back(std::move(n));
  while (recent.size() > keep)
    recent.pop_front();
}

json to_json(const progress& p) {
  json out{{"v", version}, {"through", to_ms(p.through)}, {"started", p.started}};
  if (p.paused)
    out["paused"] = true;
  for (const auto t : p.waiting)
    out["waiting"].push_back(to_ms(t));
  if (p.active) {
    auto& a = out["active"] = json{{"planned", to_ms(p.active->planned)}};
    if (p.active->workflow)
      a["workflow"] = p.active->workflow->hex();
    if (p.active->cancel)
      a["cancel"] = true;
  }
  for (std::size_t r = 0; r < reason_count; ++r)
    if (p.skipped.at(r) != 0)
      out["skipped"][std::string{reason_texts.at(r)}] = p.skipped.at(r);
  for (const auto& n : p.recent)
    out["recent"].push_back(to_json(n));
  return out;
}

result<progress> read_progress(const json& doc) {
  try {
    progress p;
    if (doc.at("v") != version)
      throw std::out_of_range{"version " + doc.at("v").dump() + " is not known"};
    p.through = from_ms(doc.at("through").get<std::int64_t>());
    p.started = doc.at("started").get<std::uint64_t>();
    p.paused = doc.value("paused", false);
    for (const auto& t : doc.value("waiting", json::array()))
      p.waiting.push_back(from_ms(t.get<std::int64_t>()));
    if (const auto a = doc.find("active"); a != doc.end())
      p.active = read_firing(*a);
    const auto skipped = doc.value("skipped", json::object());
    for (std::size_t r = 0; r < reason_count; ++r)
      p.skipped.at(r) = skipped.value(std::string{reason_texts.at(r)}, std::uint64_t{0});
    for (const auto& n : doc.value("recent", json::array()))
      p.recent.push_back(read_note(n));
    return p;
  } catch (const std::exception& e) {
    return make_error(fault::store_corrupt,
                      std::string{"the progress of a schedule cannot be read: "} + e.what());
  }
}

} // namespace o3::schedule
