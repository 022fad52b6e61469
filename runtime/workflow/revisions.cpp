// The history of a workflow's inputs, for people.
#include "runtime/workflow/rerun.hpp"

namespace o3::workflow {
namespace {

kept_revision revision_of(const state& s, std::uint32_t number) {
  for (const auto& r : s.revisions)
    if (r.number == number)
      return r;
  auto who = s.revised;
  if (who.by.empty())
    who = {s.principal, "", s.created_at};
  return {s.revision, std::move(who), s.name, s.description, s.inputs};
}

void write_fields(json_writer& out, const state& s, kept_revision r) {
  if (r.who.by.empty()) // the first one: made with the workflow
    r.who = {s.principal, "", s.created_at};
  out.field("revision", r.number).field("by", std::string_view{r.who.by});
  out.key("at").time(r.who.at);
  out.field("name", std::string_view{r.name});
  out.field("description", std::string_view{r.description});
  out.field("ran_last", r.number == s.ran_revision);
  out.key("inputs").value(redacted(r.inputs));
}

} // namespace

void write_revisions(json_writer& out, const state& s) {
  out.begin_object().key("items").begin_array();
  for (std::uint32_t n = 1; n <= s.revision; ++n) {
    out.begin_object();
    write_fields(out, s, revision_of(s, n));
    out.end_object();
  }
  out.end_array().key("next_cursor").null().end_object();
}

void write_revision(json_writer& out, const state& s, std::uint32_t number,
                    std::optional<std::uint32_t> against) {
  const auto one = revision_of(s, number);
  out.begin_object();
  write_fields(out, s, one);
  if (against) {
    out.field("against", *against);
    out.key("changes").value(
      json::diff(redacted(revision_of(s, *against).inputs), redacted(one.inputs)));
  }
  out.end_object();
}

} // namespace o3::workflow
