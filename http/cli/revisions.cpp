#include "http/cli/revisions.hpp"

#include "http/cli/session.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>

namespace o3::cli {
namespace {

constexpr auto replace = json::error_handler_t::replace;

struct revision_options {
  std::string ref, reason;
  std::uint32_t number = 0, other = 0;
};

/// null if there is none.
json member(const json& doc, const char* key) {
  return doc.is_object() ? doc.value(key, json()) : json();
}

std::string shown_action(const json& r) {
  const auto from = text_of(r, "from", 16);
  return text_of(r, "action", 32) + (from.empty() ? "" : " to " + from);
}

int history(const context& c, const revision_options& o) {
  session s{c};
  const auto a = s.ask({.path = template_path(o.ref) + "revision/"});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(a.doc);
    return exit_code::ok;
  }
  table t{{"REVISION", "BY", "AT", "HOW", "TASKS", "IN USE", "REASON"}, {}, -1};
  if (a.doc.is_object() && a.doc.contains("items"))
    for (const auto& r : a.doc["items"])
      t.rows.push_back({text_of(r, "revision", 16), text_of(r, "by", 64), text_of(r, "at", 40),
                        shown_action(r), text_of(r, "tasks", 16),
                        member(r, "current") == json(true) ? "yes" : "",
                        text_of(r, "reason", 160)});
  const auto origin = text_of(a.doc, "origin", 256);
  if (t.rows.empty())
    c.env.out << "nothing was stored by the API"
              << (origin.empty() ? "" : "; the template comes from " + origin) << "\n";
  else
    c.env.out << to_text(t, false, c.env.screen.present ? c.env.screen.columns : 0);
  if (!t.rows.empty() && !origin.empty() && member(a.doc, "current").is_null())
    c.env.out << "in use is " << origin << ", which is none of these\n";
  return exit_code::ok;
}

/// The revision before `number`; 0 if there is none.
std::uint32_t before(const json& list, std::uint32_t number) {
  std::uint32_t found = 0;
  if (list.is_object() && list.contains("items") && list["items"].is_array())
    for (const auto& r : list["items"])
      if (const auto n = member(r, "revision"); n.is_number_unsigned() && n < number)
        found = std::max(found, n.get<std::uint32_t>());
  return found;
}

int diff(const context& c, revision_options o) {
  session s{c};
  if (o.other == 0) { // with the one before
    const auto all = s.ask({.path = template_path(o.ref) + "revision/"});
    if (!all)
      return all.code;
    o.other = o.number;
    o.number = before(all.doc, o.other);
    if (o.number == 0) {
      c.print(make_error(fault::not_found,
                         "template " + printable(o.ref, 160) + " has no revision before "
                           + std::to_string(o.other),
                         "", "'o3 template history' shows what there is"));
      return exit_code::failed;
    }
  }
  const auto a = s.ask({.path = template_path(o.ref) + "revision/" + std::to_string(o.other)
                                + "/?diff=" + std::to_string(o.number)});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(a.doc);
    return exit_code::ok;
  }
  c.env.out << "template " << printable(o.ref, 160) << ", revision " << o.number << " to "
            << o.other << " by " << text_of(a.doc, "by", 128) << " at " << text_of(a.doc, "at", 64)
            << "\n";
  show_changes(c.env.out, member(a.doc, "changes"), "  no difference\n");
  return exit_code::ok;
}

int rollback(const context& c, const revision_options& o) {
  session s{c};
  json body = {{"revision", o.number}};
  if (!o.reason.empty())
    body["reason"] = o.reason;
  const auto a = s.ask({.method = "POST",
                        .path = template_path(o.ref) + "rollback/",
                        .body = body.dump(-1, ' ', false, replace)});
  if (!a)
    return a.code;
  if (c.g.json)
    c.print_json(a.doc);
  else
    c.env.out << "template " << printable(o.ref, 160) << " is as it was at revision " << o.number
              << "; that is revision " << text_of(a.doc, "revision", 16)
              << " now; workflows already accepted are not affected\n";
  return exit_code::ok;
}

} // namespace

std::string template_path(const std::string& ref) {
  return "/api/v1/template/" + percent_encoded(ref) + "/";
}

void show_changes(std::ostream& out, const json& changes, const char* none) {
  if (!changes.is_array() || changes.empty()) {
    out << none;
    return;
  }
  for (const auto& change : changes)
    out << "  " << text_of(change, "op", 16) << " " << text_of(change, "path", 256)
        << (change.contains("value")
              ? " = " + printable(change["value"].dump(-1, ' ', false, replace), 256)
              : "")
        << "\n";
}

void add_revision_commands(const registry& r, CLI::App& templates) {
  auto& ctx = r.ctx;
  const auto positive = CLI::Range(std::uint32_t{1}, UINT32_MAX);
  auto h = std::make_shared<revision_options>();
  r.add(templates, "history", "Who stored what under a template's name, and when",
        [&ctx, h] { return history(ctx, *h); })
    ->add_option("ref", h->ref, "the template's ref_name")
    ->required();
  auto d = std::make_shared<revision_options>();
  auto* diff_app = r.add(templates, "diff", "Show what changed between two revisions",
                         [&ctx, d] { return diff(ctx, *d); });
  diff_app->add_option("ref", d->ref, "the template's ref_name")->required();
  diff_app->add_option("from", d->number, "a revision; alone: with the one before it")
    ->required()
    ->check(positive);
  diff_app->add_option("to", d->other, "another one")->check(positive);
  auto b = std::make_shared<revision_options>();
  auto* back_app = r.add(templates, "rollback", "Go back to an earlier revision of a template",
                         [&ctx, b] { return rollback(ctx, *b); });
  back_app->add_option("ref", b->ref, "the template's ref_name")->required();
  back_app->add_option("revision", b->number, "the revision to go back to")
    ->required()
    ->check(positive);
  back_app->add_option("--reason", b->reason, "why, for those who look later");
}

} // namespace o3::cli
