// ls, cancel: many workflows by what they have in common.
#include "http/cli/bulk.hpp"
#include "http/cli/session.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

namespace o3::cli {
namespace {

constexpr std::size_t page_max = 200;

std::string body_text(const json& body) {
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

struct list_options {
  filter_options filters;
  std::string sort;
  std::size_t limit = 50;
};

/// A column of labels only where somebody uses them.
table list_table(const std::vector<json>& pages, wall_time now) {
  table t{{"ID", "STATE", "TEMPLATE", "NAME", "CREATED", "TOOK", "LABELS", "ERROR"}, {}, 1};
  bool labels = false;
  for (const auto& page : pages)
    for (const auto& w : page["items"]) {
      t.rows.push_back({text_of(w, "id", 64), text_of(w, "state", 32), text_of(w, "template", 160),
                        text_of(w, "name", 160), age_text(time_of(w, "created_at"), now),
                        span_text(time_of(w, "started_at"), time_of(w, "ended_at"), now),
                        labels_text_of(w), text_of(w, "error", 256)});
      labels = labels || !t.rows.back()[6].empty();
    }
  if (!labels) {
    t.headings.erase(t.headings.begin() + 6);
    for (auto& row : t.rows)
      row.erase(row.begin() + 6);
  }
  return t;
}

int list(const context& c, const list_options& o) {
  session s{c};
  const auto filters = filters_of(o.filters, c.env.time.wall());
  if (!filters) {
    c.print(filters.error());
    return exit_code::usage;
  }
  std::string query;
  for (const auto& [name, value] : *filters)
    query += "&" + name + "=" + percent_encoded(value);
  if (!o.sort.empty())
    query += "&sort=" + percent_encoded(o.sort);
  std::vector<json> pages;
  std::string cursor;
  std::size_t left = o.limit;
  do {
    const auto page = std::min(left, page_max);
    auto a = s.ask({.path = "/api/v1/workflow/?limit=" + std::to_string(page) + query
                            + (cursor.empty() ? "" : "&cursor=" + percent_encoded(cursor))});
    if (!a)
      return a.code;
    cursor = text_of(a.doc, "next_cursor");
    if (c.g.json)
      c.print_json(a.doc);
    // A page may be empty and yet not the last one: the server looks at so many at a time.
    if (!a.doc.is_object() || !a.doc.contains("items") || !a.doc["items"].is_array())
      break;
    left -= std::min(left, a.doc["items"].size());
    pages.push_back(std::move(a.doc));
  } while (left > 0 && !cursor.empty());
  if (c.g.json)
    return exit_code::ok;
  const auto t = list_table(pages, c.env.time.wall());
  if (t.rows.empty())
    c.env.out << "no workflows\n";
  else
    c.env.out << to_text(
      t, c.env.screen.present && !c.g.no_color && c.env.variable("NO_COLOR").empty(),
      c.env.screen.present ? c.env.screen.columns : 0);
  if (!cursor.empty())
    c.env.err << "there are more: raise --limit, or narrow with --state, --template, --since, -q\n";
  return exit_code::ok;
}

struct cancel_options {
  std::string id;
  bulk_options many;
};

int cancel_one(const context& c, const cancel_options& o) {
  session s{c};
  const auto& reason = o.many.reason;
  const auto body = reason.empty() ? std::string{} : body_text({{"reason", reason}});
  const auto a
    = s.ask({.method = "POST",
             .path = workflow_path(o.id) + "cancel/" + (o.many.force ? "?force=true" : ""),
             .body = body});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(a.doc);
    return exit_code::ok;
  }
  const auto state = text_of(a.doc, "state", 32);
  c.env.out << "workflow " << printable(o.id, 64)
            << (state == "canceled" ? " is canceled" : " is being canceled: " + state) << "\n";
  if (state != "canceled")
    c.env.out << "look again: " << c.same_o3() << " status " << printable(o.id, 64) << "\n";
  return exit_code::ok;
}

int cancel(const context& c, const cancel_options& o) {
  const auto many = means_many(c, o.many, o.id);
  if (!many)
    return exit_code::usage;
  return *many ? change_all(c, {"cancel", "canceled or about to be"}, o.many) : cancel_one(c, o);
}

} // namespace

void add_find_commands(const registry& r) {
  auto& ctx = r.ctx;
  auto ls = std::make_shared<list_options>();
  auto* list_app
    = r.add(r.app, "ls", "Find workflows, the newest first", [&ctx, ls] { return list(ctx, *ls); });
  declare_filters(*list_app, ls->filters);
  list_app->add_option("--sort", ls->sort, "-created (default), created, -ended, ended or name")
    ->check(CLI::IsMember({"-created", "created", "-ended", "ended", "name"}));
  list_app->add_option("--limit", ls->limit, "most rows")->check(CLI::Range(1, 1'000'000));

  auto ca = std::make_shared<cancel_options>();
  auto* cancel_app = r.add(r.app, "cancel", "Stop a workflow, or all that filters find",
                           [&ctx, ca] { return cancel(ctx, *ca); });
  cancel_app->add_option("id", ca->id, "the workflow");
  declare_bulk(*cancel_app, ca->many);
  cancel_app->add_flag("--all", ca->many.all, "the same as --matching");
  cancel_app->add_flag("--force", ca->many.force, "do not wait for what runs to stop");
  cancel_app->add_option("--reason", ca->many.reason, "why, for those who look later");
}

} // namespace o3::cli
