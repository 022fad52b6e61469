#include "http/cli/bulk.hpp"

#include "http/cli/session.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

namespace o3::cli {
namespace {

/// How many there are, some of them, and how to go on.
int show_question(const context& c, const json& doc, const bulk_words& words,
                  const bulk_options& o) {
  const auto count = text_of(doc, "count", 32);
  if (count == "0") {
    c.env.out << "no workflows match\n";
    return exit_code::ok;
  }
  if (o.yes)
    c.env.err << "there are " << count << " now, not " << *o.yes << "; nothing was changed\n";
  std::size_t shown = 0;
  c.env.out << count << " to " << words.action << ":\n";
  if (doc.contains("ids") && doc["ids"].is_array())
    for (const auto& id : doc["ids"])
      if (id.is_string() && ++shown > 0)
        c.env.out << "  " << printable(id.get_ref<const std::string&>(), 64) << "\n";
  if (std::to_string(shown) != count)
    c.env.out << "  …\n";
  c.env.out << "nothing was changed; say the same with --yes " << count << "\n";
  return exit_code::usage;
}

int show_done(const context& c, const json& doc, const bulk_words& words) {
  const auto refused = text_of(doc, "refused", 32);
  c.env.out << text_of(doc, "done", 32) << " " << words.done
            << (refused == "0" ? "" : ", " + refused + " not:") << "\n";
  if (refused == "0" || !doc.contains("items") || !doc["items"].is_array())
    return exit_code::ok;
  for (const auto& one : doc["items"])
    if (one.is_object() && one.contains("code"))
      c.env.out << "  " << text_of(one, "id", 64) << " " << text_of(one, "detail", 256) << " ["
                << text_of(one, "code", 64) << "]\n";
  return exit_code::failed;
}

result<json> body_of(const context& c, const bulk_words& words, const bulk_options& o) {
  O3_TRY(const auto filters, filters_of(o.filters, c.env.time.wall()));
  json body = {{"action", words.action}, {"filter", json::object()}};
  for (const auto& [name, value] : filters)
    if (name == "state" || name == "label")
      body["filter"][name].push_back(value);
    else
      body["filter"][name] = value;
  if (o.yes)
    body["confirm"] = *o.yes;
  if (o.force)
    body["force"] = true;
  if (!o.reason.empty())
    body["reason"] = o.reason;
  return body;
}

} // namespace

void declare_bulk(CLI::App& app, bulk_options& o) {
  app.add_flag("--matching", o.all, "all that the filters find; says how many, changes nothing");
  app.add_option("--yes", o.yes, "with --matching: their number; now they are changed");
  declare_filters(app, o.filters);
}

std::optional<bool> means_many(const context& c, const bulk_options& o, const std::string& id) {
  const auto filters = filters_of(o.filters, c.env.time.wall());
  if (!filters) {
    c.print(filters.error());
    return std::nullopt;
  }
  if (o.all && id.empty())
    return true;
  if (!o.all && !id.empty() && filters->empty() && !o.yes)
    return false;
  c.print(make_error(fault::bad_value,
                     o.all        ? "either one workflow or --matching"
                     : id.empty() ? "which workflow?"
                                  : "filters and --yes go with --matching",
                     "",
                     "name one, or say --matching with filters: --state, --template, --label …"));
  return std::nullopt;
}

int change_all(const context& c, const bulk_words& words, const bulk_options& o) {
  const auto body = body_of(c, words, o);
  if (!body) {
    c.print(body.error());
    return exit_code::usage;
  }
  session s{c};
  auto got = s.ask_quietly({.method = "POST",
                            .path = "/api/v1/workflow/bulk/",
                            .body = body->dump(-1, ' ', false, json::error_handler_t::replace)});
  if (got && got->status == 409) {
    const auto doc = json::parse(got->body, nullptr, false);
    if (doc.is_object() && text_of(doc, "code", 64) == "confirmation_needed") {
      if (!c.g.json)
        return show_question(c, doc, words, o);
      c.print_json(doc);
      return exit_code::usage;
    }
  }
  const auto a = s.settle(std::move(got));
  if (!a)
    return a.code;
  if (!c.g.json)
    return show_done(c, a.doc, words);
  c.print_json(a.doc);
  return text_of(a.doc, "refused", 32) == "0" ? exit_code::ok : exit_code::failed;
}

} // namespace o3::cli
