#include "http/cli/filters.hpp"

#include "http/cli/session.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

namespace o3::cli {
namespace {

/// RFC 3339, or a number with s, m, h or d: so long ago.
result<std::string> time_text(const char* option, const std::string& text, wall_time now) {
  if (text.empty() || parse_rfc3339(text))
    return text;
  std::int64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  const std::int64_t seconds = unit == "s"   ? 1
                               : unit == "m" ? 60
                               : unit == "h" ? 3600
                               : unit == "d" ? 86'400
                                             : 0;
  if (ec != std::errc{} || seconds == 0 || n < 0 || n > 1'000'000)
    return make_error(fault::bad_value,
                      std::string{option} + " '" + printable(text, 64) + "' is no time", "",
                      std::string{"e.g. "} + option + " 2h, " + option + " 7d or " + option
                        + " 2026-11-21T08:00:00Z");
  return to_rfc3339(now - millis{n * seconds * 1000});
}

} // namespace

void declare_filters(CLI::App& app, filter_options& o) {
  app.add_option("--state", o.states, "only these states; repeatable")
    ->allow_extra_args(false)
    ->delimiter(',');
  app.add_option("--template", o.template_ref, "only this template's");
  app.add_option("--label", o.labels, "only with this label: key=value, or key; repeatable")
    ->allow_extra_args(false);
  app.add_option("--trace-id", o.trace_id, "only this trace's");
  app.add_option("--ref", o.ref, "only with this ref");
  app.add_option("--principal", o.principal, "only those that this one submitted");
  app.add_option("--parent", o.parent, "only those that this workflow started");
  app.add_option("--root", o.root, "only those below this workflow, however deep");
  app
    .add_option("--nested", o.nested,
                "true: only those another workflow started; false: the others")
    ->check(CLI::IsMember({"true", "false"}));
  app.add_option("--since", o.since, "created since: a time, or 30m, 2h, 7d");
  app.add_option("--until", o.until, "created before: a time, or 30m, 2h, 7d ago");
  app.add_option("-q,--q", o.q, "text in name, ref, template, error, trace id or a label");
}

result<std::vector<std::pair<std::string, std::string>>> filters_of(const filter_options& o,
                                                                    wall_time now) {
  O3_TRY(const auto since, time_text("--since", o.since, now));
  O3_TRY(const auto until, time_text("--until", o.until, now));
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& state : o.states)
    out.emplace_back("state", state);
  for (const auto& [name, value] : {std::pair{"template", &o.template_ref},
                                    {"trace_id", &o.trace_id},
                                    {"ref", &o.ref},
                                    {"principal", &o.principal},
                                    {"parent", &o.parent},
                                    {"root", &o.root},
                                    {"nested", &o.nested},
                                    {"since", &since},
                                    {"until", &until},
                                    {"q", &o.q}})
    if (!value->empty())
      out.emplace_back(name, *value);
  for (const auto& label : o.labels)
    out.emplace_back("label", label);
  return out;
}

std::string labels_text_of(const json& workflow) {
  std::string out;
  if (workflow.is_object() && workflow.contains("labels") && workflow["labels"].is_object())
    for (const auto& [key, value] : workflow["labels"].items())
      out += (out.empty() ? "" : " ") + printable(key, 64) + "="
             + text_of(workflow["labels"], key.c_str(), 256);
  return out;
}

} // namespace o3::cli
