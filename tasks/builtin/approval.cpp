// A person's (or several persons') yes or no. It holds nothing while it waits: what was said stands
// in its attributes, and the engine wakes it by a decision or at its time.
#include "runtime/template/schema.hpp"
#include "tasks/builtin/builtin.hpp"

#include <algorithm>
#include <set>

namespace o3::tasks {
namespace {

constexpr std::size_t names_max = 1000;
constexpr std::size_t comment_bytes_max = 4096;

std::vector<std::string> names(const json& inputs, const char* key) {
  std::set<std::string> unique;
  if (const auto at = inputs.find(key); at != inputs.end())
    for (const auto& n : *at)
      unique.insert(n.get<std::string>());
  return {unique.begin(), unique.end()};
}

bool holds(std::span<const std::string> list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

json list_of(const json& attributes, const char* key) {
  const auto at = attributes.find(key);
  return at != attributes.end() && at->is_array() ? *at : json::array();
}

struct rules {
  explicit rules(const step_input& in)
      : users(names(in.inputs, "users")), roles(names(in.inputs, "roles")),
        quorum(in.inputs.value("quorum", 1U)), four_eyes(in.inputs.value("four_eyes", true)),
        approve_late(in.inputs.value("on_timeout", "reject") == "approve") {
    if (const auto at = in.inputs.find("expires_s"); at != in.inputs.end())
      until = in.started_at + seconds(at->get<double>());
  }
  std::vector<std::string> users, roles;
  unsigned quorum;
  bool four_eyes, approve_late;
  std::optional<wall_time> until;
};

step_result begin(const step_input& in, const rules& r) {
  if (in.inputs.contains("on_timeout") && !r.until)
    return end_failed("'on_timeout' goes with 'expires_s' only", fault::input_invalid);
  if (const auto form = in.inputs.find("form"); form != in.inputs.end())
    if (auto check = value_check::compile(*form); !check)
      return end_failed("'form' is no JSON Schema that can be used: " + check.error().message,
                        fault::input_invalid);
  const auto able = std::count_if(r.users.begin(), r.users.end(), [&](const std::string& u) {
    return !r.four_eyes || !holds(in.requesters, u);
  });
  if (!r.users.empty() && r.roles.empty() && static_cast<std::size_t>(able) < r.quorum)
    return end_failed("the quorum of " + std::to_string(r.quorum) + " can never be reached: "
                        + std::to_string(able) + " of 'users' may decide"
                        + (r.four_eyes ? " (four_eyes: not whoever asked for the workflow)" : ""),
                      fault::input_invalid);
  step_result out;
  out.set = {{"decision", "pending"},
             {"decided_by", json::array()},
             {"decisions", json::array()},
             {"comments", json::array()},
             {"form", json::object()},
             {"evidence", in.evidence ? in.evidence->shown : json{}},
             {"evidence_hash", in.evidence ? in.evidence->hash : std::string{}}};
  return out;
}

step_result wait(const step_input& in, const rules& r, std::size_t approvals) {
  step_result out;
  out.listens = true;
  out.wake_at = r.until;
  out.waits_for = "an approval";
  const auto missing = r.quorum - std::min<std::size_t>(r.quorum, approvals);
  json asks = {{"kind", "approval"},
               {"message", in.inputs.value("message", "")},
               {"users", r.users},
               {"roles", r.roles},
               {"quorum", r.quorum},
               {"missing", missing},
               {"four_eyes", r.four_eyes},
               {"form", in.inputs.value("form", json{})},
               {"until", r.until ? json(to_rfc3339(*r.until)) : json{}}};
  out.set["_asks"] = std::move(asks);
  return out;
}

step_result look(const step_input& in, const rules& r) {
  const auto given = list_of(in.attributes, "decisions").size();
  if (!r.until || in.now < *r.until)
    return wait(in, r, given);
  const auto text = std::to_string(given) + " of " + std::to_string(r.quorum)
                    + " had approved when the time was over (expires_s)";
  if (!r.approve_late) {
    auto out = end_failed(text, fault::decision_timeout);
    out.set["decision"] = "rejected";
    return out;
  }
  auto out = end_successful({{"decision", "approved"}});
  say(out, log_level::warning, text + "; on_timeout says approve");
  return out;
}

step_result refuse(fault code, std::string message, std::string pointer = {}) {
  step_result out;
  out.refused.push_back({code, std::move(message), std::move(pointer), ""});
  return out;
}

/// May `in.signal->by` decide, and is there still something to decide?
std::optional<step_result> barred(const step_input& in, const rules& r) {
  const auto by = std::string{in.signal->by};
  if (r.until && in.now >= *r.until)
    return refuse(fault::task_ended, "the time to decide was over at " + to_rfc3339(*r.until));
  if (r.four_eyes && holds(in.requesters, by))
    return refuse(fault::forbidden,
                  "whoever asked for the workflow may not approve it (four_eyes): " + by);
  const bool named = holds(r.users, by)
                     || std::any_of(in.signal->roles.begin(), in.signal->roles.end(),
                                    [&](const std::string& role) { return holds(r.roles, role); });
  if (!named && !(r.users.empty() && r.roles.empty()))
    return refuse(fault::forbidden, by + " is not among those whose approval is asked for");
  for (const auto& d : list_of(in.attributes, "decisions"))
    if (d.value("by", "") == by)
      return refuse(fault::already_decided, by + " has decided at " + d.value("at", ""));
  return std::nullopt;
}

struct decision_form {
  bool approve = false;
  std::string comment;
  json form;
  std::vector<error> wrong;
};

void check_form(decision_form& d, const step_input& in) {
  const auto schema = in.inputs.find("form");
  if (schema == in.inputs.end()) {
    if (!d.form.is_null() && !d.form.empty())
      d.wrong.push_back({fault::bad_value, "this approval has no form", "/form", "leave it out"});
    return;
  }
  if (!d.approve && d.form.is_null())
    return; // whoever refuses need not fill it in
  if (d.form.is_null())
    d.form = json::object();
  const auto check = value_check::compile(*schema);
  if (!check)
    return;
  for (const auto& v : (*check)->violations(d.form))
    d.wrong.push_back({v.code, "the form " + v.message, "/form" + v.pointer,
                       "its schema stands at the task, in asks.form"});
}

decision_form read_decision(const step_input& in) {
  decision_form d;
  const auto& body = in.signal->body;
  if (!body.is_object()) {
    d.wrong.push_back({fault::wrong_type, "a decision must be an object", "", ""});
    return d;
  }
  std::string word;
  for (const auto& [key, value] : body.items()) {
    if (key == "form") {
      d.form = value;
    } else if (key != "decision" && key != "comment" && key != "evidence_hash") {
      d.wrong.push_back({fault::unknown_key, "a decision has no key '" + printable(key, 64) + "'",
                         pointer_join("", key), "known: decision, comment, form, evidence_hash"});
    } else if (!value.is_string()) {
      d.wrong.push_back({fault::wrong_type,
                         "'" + key + "' must be text, not " + std::string{type_name(value)},
                         "/" + key, ""});
    } else if (key != "evidence_hash") {
      (key == "decision" ? word : d.comment) = value.get<std::string>();
    }
  }
  d.approve = word == "approve";
  if (!d.approve && word != "reject")
    d.wrong.push_back({fault::bad_value, "'decision' must be approve or reject", "/decision", ""});
  if (d.comment.size() > comment_bytes_max)
    d.wrong.push_back({fault::too_large,
                       "'comment' is longer than " + std::to_string(comment_bytes_max) + " bytes",
                       "/comment", ""});
  check_form(d, in);
  return d;
}

/// What was shown to whoever decides must be what stands here.
std::optional<step_result> other_evidence(const step_input& in) {
  const auto hash = in.attributes.value("evidence_hash", "");
  const auto said = in.signal->body.find("evidence_hash");
  if (said == in.signal->body.end()) {
    if (hash.empty())
      return std::nullopt;
    return refuse(fault::missing_key,
                  "a decision says which evidence it was made on: 'evidence_hash' is missing",
                  "/evidence_hash");
  }
  if (*said == json(hash))
    return std::nullopt;
  return refuse(fault::evidence_changed, "the decision was made on other evidence than is shown now"
                                         " ("
                                           + hash + ")");
}

step_result decide(const step_input& in, const rules& r) {
  if (auto no = barred(in, r))
    return *std::move(no);
  auto d = read_decision(in);
  if (!d.wrong.empty()) {
    step_result out;
    out.refused = std::move(d.wrong);
    return out;
  }
  if (auto no = other_evidence(in))
    return *std::move(no);
  const auto by = std::string{in.signal->by};
  auto decisions = list_of(in.attributes, "decisions");
  json one = {{"by", by},
              {"at", to_rfc3339(in.now)},
              {"decision", d.approve ? "approve" : "reject"},
              {"comment", d.comment},
              {"evidence_hash", in.attributes.value("evidence_hash", "")}};
  if (!d.form.is_null())
    one["form"] = d.form;
  decisions.push_back(std::move(one));
  auto decided_by = list_of(in.attributes, "decided_by");
  decided_by.push_back(by);
  json set = {{"decided_by", d.approve ? std::move(decided_by) : json::array({by})},
              {"decisions", decisions}};
  if (!d.comment.empty()) {
    auto comments = list_of(in.attributes, "comments");
    comments.push_back({{"by", by}, {"comment", d.comment}});
    set["comments"] = std::move(comments);
  }
  if (d.form.is_object())
    set["form"] = d.form;
  step_result out;
  if (!d.approve) {
    out = end_failed("rejected by " + by + (d.comment.empty() ? "" : ": " + d.comment),
                     fault::rejected);
    set["decision"] = "rejected";
  } else if (decisions.size() >= r.quorum) {
    out = end_successful();
    set["decision"] = "approved";
  } else {
    out = wait(in, r, decisions.size());
  }
  out.set.update(set);
  return out;
}

step_result approval_step(const step_input& in) {
  if (in.verb == task_verb::cancel)
    return end_canceled();
  const rules r{in};
  switch (in.verb) {
  case task_verb::task_init:
    return begin(in, r);
  case task_verb::signal:
    return decide(in, r);
  default:
    return look(in, r);
  }
}

json list_schema() {
  return {{"type", "array"},
          {"maxItems", names_max},
          {"items", {{"type", "string"}, {"minLength", 1}, {"maxLength", 256}}}};
}

} // namespace

installed_class approval_class() {
  task_class c;
  c.name = "approval";
  c.description
    = "Waits for people to approve or reject what it shows them; one rejection rejects. A task "
      "with \"approved_by\" starts only on what was approved. 'o3 approve ID TASK' decides.";
  c.inputs = {
    {"users", "names of those who may decide", list_schema(), false, false},
    {"roles", "roles, each of whose members may decide; no users and no roles: anybody",
     list_schema(), false, false},
    {"quorum",
     "how many must approve (1)",
     {{"type", "integer"}, {"minimum", 1}, {"maximum", names_max}},
     false,
     false},
    {"four_eyes",
     "whoever asked for the workflow may not decide (true)",
     {{"type", "boolean"}},
     false,
     false},
    {"form", "JSON Schema of what those who approve fill in", {{"type", "object"}}, false, false},
    {"evidence", "what is to be approved; decisions carry its hash", json::object(), false, false},
    {"message", "what is asked, in words", {{"type", "string"}, {"maxLength", 4096}}, false, false},
    {"expires_s",
     "how long it waits; without it, for as long as the task may take",
     {{"type", "number"}, {"exclusiveMinimum", 0}},
     false,
     false},
    {"on_timeout",
     "what it means if nobody decided until then (reject)",
     {{"enum", {"reject", "approve"}}},
     false,
     false}};
  const json list = {{"type", "array"}};
  c.outputs
    = {{"decision", "approved or rejected", {{"type", "string"}}, true, false},
       {"decided_by", "who approved, or the one who rejected", list, true, false},
       {"decisions", "who, when, what, on which evidence, in order", list, true, false},
       {"comments", "what they added: [{by, comment}]", list, true, false},
       {"form", "the form as filled in last", {{"type", "object"}}, true, false},
       {"evidence", "what was shown", json::object(), true, false},
       {"evidence_hash", "of what was shown, 64 hex digits", {{"type", "string"}}, true, false}};
  c.runs_in = "people";
  return {std::make_shared<const task_class>(std::move(c)), {approval_step}};
}

} // namespace o3::tasks
