// quarantine ls|release: workflows that were parked because they could not be run.
#include "http/cli/session.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

namespace o3::cli {
namespace {

constexpr std::size_t page_max = 200;

int list(const context& c) {
  session s{c};
  table t{{"ID", "TEMPLATE", "NAME", "PARKED", "REASON"}, {}, -1};
  const auto now = c.env.time.wall();
  for (std::string cursor;;) { // a page may be empty and yet not the last one
    const auto a = s.ask({.path = "/api/v1/quarantine/?limit=" + std::to_string(page_max)
                                  + (cursor.empty() ? "" : "&cursor=" + percent_encoded(cursor))});
    if (!a)
      return a.code;
    if (c.g.json)
      c.print_json(a.doc);
    if (a.doc.is_object() && a.doc.contains("items") && a.doc["items"].is_array())
      for (const auto& w : a.doc["items"])
        t.rows.push_back({text_of(w, "id", 64), text_of(w, "template", 160),
                          text_of(w, "name", 160), age_text(time_of(w, "since"), now),
                          text_of(w, "reason", 512)});
    cursor = text_of(a.doc, "next_cursor");
    if (cursor.empty())
      break;
  }
  if (c.g.json)
    return exit_code::ok;
  const bool color = c.env.screen.present && !c.g.no_color && c.env.variable("NO_COLOR").empty();
  c.env.out << (t.rows.empty()
                  ? "nothing is quarantined\n"
                  : to_text(t, color, c.env.screen.present ? c.env.screen.columns : 0));
  return exit_code::ok;
}

int release(const context& c, const std::string& id) {
  session s{c};
  const auto a = s.ask({.method = "POST", .path = workflow_path(id) + "release/"});
  if (!a)
    return a.code;
  if (c.g.json)
    c.print_json(a.doc);
  else
    c.env.out << "workflow " << printable(id, 64) << " is released: " << text_of(a.doc, "state", 32)
              << "\nlook again: " << c.same_o3() << " status " << printable(id, 64) << "\n";
  return exit_code::ok;
}

} // namespace

void add_quarantine_commands(const registry& r) {
  auto& ctx = r.ctx;
  auto* quarantine = r.group(
    "quarantine", "Workflows parked because they could not be run, or crashed the server");
  r.add(*quarantine, "ls", "List them, with the reason", [&ctx] { return list(ctx); });
  const auto id = std::make_shared<std::string>();
  r.add(*quarantine, "release", "Let one run again", [&ctx, id] { return release(ctx, *id); })
    ->add_option("id", *id, "the workflow")
    ->required();
}

} // namespace o3::cli
