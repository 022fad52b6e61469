#include "tests/doubles/awx/launch.hpp"

#include "tests/doubles/awx/vars.hpp"

#include <algorithm>

namespace o3::doubles::awx {

const std::map<std::string, std::string>& prompt_fields(bool workflow) {
  static const std::map<std::string, std::string> of_job{
    {"extra_vars", "variables"},
    {"inventory", "inventory"},
    {"credentials", "credential"},
    {"scm_branch", "scm_branch"},
    {"diff_mode", "diff_mode"},
    {"job_tags", "tags"},
    {"job_type", "job_type"},
    {"skip_tags", "skip_tags"},
    {"limit", "limit"},
    {"verbosity", "verbosity"},
    {"execution_environment", "execution_environment"},
    {"labels", "labels"},
    {"forks", "forks"},
    {"job_slice_count", "job_slice_count"},
    {"timeout", "timeout"},
    {"instance_groups", "instance_groups"}};
  static const std::map<std::string, std::string> of_workflow{
    {"extra_vars", "variables"},  {"inventory", "inventory"}, {"limit", "limit"},
    {"scm_branch", "scm_branch"}, {"labels", "labels"},       {"skip_tags", "skip_tags"},
    {"job_tags", "tags"}};
  return workflow ? of_workflow : of_job;
}

namespace {

void complain(json& errors, const std::string& field, const std::string& what) {
  errors[field].push_back(what);
}

std::string bad_pk(const json& pk) {
  return "Invalid pk \"" + (pk.is_string() ? pk.get<std::string>() : pk.dump())
         + "\" - object does not exist.";
}

/// A whole number, also as text, as the serializers take it.
std::optional<std::int64_t> integer(const json& j) {
  if (j.is_number_integer())
    return j.get<std::int64_t>();
  return j.is_string() ? whole_number(j.get_ref<const std::string&>()) : std::nullopt;
}

template <class Map>
bool check_pk(const Map& in, const std::string& field, const json& pk, json& errors) {
  const auto id = integer(pk);
  if (!id) {
    complain(errors, field,
             "Incorrect type. Expected pk value, received "
               + std::string(pk.is_string() ? "str" : pk.type_name()) + ".");
    return false;
  }
  if (in.count(*id) == 0) {
    complain(errors, field, bad_pk(pk));
    return false;
  }
  return true;
}

/// Types and choices, whether the field is prompted or not. Turns numbers in text into numbers.
void check_type(const world& w, const std::string& field, json& value, json& errors) {
  const bool list = field == "credentials" || field == "labels" || field == "instance_groups";
  if (list) {
    if (!value.is_array())
      return complain(errors, field,
                      "Expected a list of items but got type \"" + std::string(value.type_name())
                        + "\".");
    for (json& pk : value) {
      const bool ok = field == "credentials" ? check_pk(w.credentials, field, pk, errors)
                      : field == "labels"    ? check_pk(w.labels, field, pk, errors)
                                             : integer(pk).has_value();
      if (ok)
        pk = *integer(pk);
    }
    return;
  }
  if (field == "inventory" || field == "execution_environment") {
    if (value.is_null())
      return;
    if (field == "inventory" && check_pk(w.inventories, field, value, errors))
      value = *integer(value);
    else if (field == "execution_environment")
      complain(errors, field, bad_pk(value)); // there are none here
    return;
  }
  if (field == "job_type" && value != "run" && value != "check")
    return complain(errors, field,
                    (value.is_string() ? "\"" + value.get<std::string>() + "\"" : value.dump())
                      + " is not a valid choice.");
  if (field == "forks" || field == "job_slice_count" || field == "timeout"
      || field == "verbosity") {
    const auto n = integer(value);
    if (!n)
      return complain(errors, field, "A valid integer is required.");
    if (field == "verbosity" && (*n < 0 || *n > 5))
      return complain(errors, field, "\"" + std::to_string(*n) + "\" is not a valid choice.");
    if (field != "timeout" && *n < 0)
      return complain(errors, field, "Ensure this value is greater than or equal to 0.");
    value = *n;
    return;
  }
  if (field == "diff_mode" && !value.is_boolean())
    return complain(errors, field, "Must be a valid boolean.");
  const bool text
    = field == "scm_branch" || field == "job_tags" || field == "skip_tags" || field == "limit";
  if (text && !value.is_string())
    complain(errors, field, "Not a valid string.");
}

names survey_variables(const json& survey) {
  names out;
  for (const json& q : survey)
    out.insert(get_or<std::string>(q, "variable", ""));
  return out;
}

void judge_vars(const job_template& t, const json& given, prompts& p) {
  const auto read = parse_vars(given);
  if (!read.error.empty())
    return complain(p.errors, "extra_vars", read.error);
  const names in_survey = survey_variables(t.survey);
  const json& mine = t.values["extra_vars"];
  json accepted = json::object(), ignored = json::object();
  for (const auto& [key, value] : read.vars.items()) {
    if (t.ask.count("variables") != 0 || in_survey.count(key) != 0)
      accepted[key] = value;
    else if (!mine.contains(key) || mine[key] != value)
      ignored[key] = value;
  }
  if (!ignored.empty())
    p.ignored["extra_vars"] = ignored;
  for (const json& q : t.survey)
    if (q.value("type", "") == "password" && accepted.contains(q.value("variable", "")))
      p.survey_secret = true;
  if (const auto wrong = survey_errors(t.survey, accepted); !wrong.empty())
    p.errors["variables_needed_to_start"] = wrong;
  if (!accepted.empty())
    p.accepted["extra_vars"] = accepted;
}

void judge_credentials(const world& w, const job_template& t, prompts& p) {
  const auto hit = p.accepted.find("credentials");
  if (hit == p.accepted.end())
    return;
  std::map<std::string, int> kinds;
  for (const json& id : *hit)
    ++kinds[w.credentials.at(id.get<oid>()).kind];
  for (const auto& [kind, n] : kinds)
    if (n > 1 && kind != "Vault")
      complain(p.errors, "credentials", "Cannot assign multiple " + kind + " credentials.");
  for (const json& id : t.values["credentials"]) {
    const auto have = w.credentials.find(id.get<oid>());
    if (have != w.credentials.end() && kinds.count(have->second.kind) == 0)
      complain(p.errors, "credentials",
               "Removing " + have->second.kind
                 + " credential at launch time without replacement is not supported. Provided "
                   "list lacked credential(s): "
                 + have->second.name + ".");
  }
}

void judge_resources(const world& w, const job_template& t, const json& values, prompts& p) {
  if (t.workflow)
    return;
  const auto project = w.projects.find(t.project);
  if (project == w.projects.end())
    complain(p.errors, "project", "A project is required to run a job.");
  else if (project->second.failed && !project->second.update_on_launch)
    complain(p.errors, "project",
             "The last update of the project failed and update on launch is off.");
  if (values["inventory"].is_null())
    complain(p.errors, "resources_needed_to_start",
             "Job Template inventory is missing or undefined.");
}

/// The prompted things must be usable by whoever launches.
std::string forbidden(const world& w, const user& by, const json& accepted) {
  constexpr const char* denied = "You do not have permission to perform this action.";
  if (by.superuser)
    return {};
  if (const auto i = accepted.find("inventory"); i != accepted.end() && !i->is_null())
    if (!allowed(w.inventories.at(i->get<oid>()).use, by.name))
      return denied;
  if (const auto list = accepted.find("credentials"); list != accepted.end())
    for (const json& id : *list)
      if (!allowed(w.credentials.at(id.get<oid>()).use, by.name))
        return denied;
  return {};
}

} // namespace

prompts judge_launch(const world& w, const job_template& t, const user& by, json body) {
  prompts p;
  if (body.contains("inventory_id") && !body.contains("inventory"))
    body["inventory"] = body["inventory_id"];
  const json passwords
    = body.contains("credential_passwords") ? body["credential_passwords"] : body;
  for (const auto& [field, ask] : prompt_fields(t.workflow)) {
    if (!body.contains(field) || field == "extra_vars")
      continue;
    json value = body[field];
    check_type(w, field, value, p.errors);
    if (p.errors.contains(field))
      continue;
    if (value == t.values[field])
      continue; // the same as the template's: no-op
    (t.ask.count(ask) != 0 ? p.accepted : p.ignored)[field] = value;
  }
  judge_vars(t, body.value("extra_vars", json::object()), p);
  judge_credentials(w, t, p);
  std::vector<std::string> missing;
  for (const auto& key : t.passwords)
    if (get_or<std::string>(passwords, key.c_str(), "").empty())
      missing.push_back(key);
  if (!missing.empty())
    p.errors["passwords_needed_to_start"] = missing;
  judge_resources(w, t, effective(t, p.accepted), p);
  if (p.errors.empty())
    p.forbidden = forbidden(w, by, p.accepted);
  return p;
}

json effective(const job_template& t, const json& accepted) {
  json out = t.values;
  for (const auto& [field, value] : accepted.items())
    if (field != "extra_vars")
      out[field] = value;
  // Precedence: the template's, the survey's defaults, the launch's.
  json vars = t.values["extra_vars"];
  for (const json& q : t.survey)
    if (const json d = q.value("default", json("")); d != "" && !d.is_null())
      vars[q.value("variable", "")] = d;
  if (accepted.contains("extra_vars"))
    vars.update(accepted["extra_vars"]);
  out["extra_vars"] = vars;
  return out;
}

std::string shown_vars(const job_template& t, const json& vars) {
  json out = vars;
  for (const json& q : t.survey)
    if (q.value("type", "") == "password" && out.contains(q.value("variable", "")))
      out[q.value("variable", "")] = "$encrypted$";
  return canonical(out);
}

int slices(const world& w, const json& values) {
  const int wanted = values.value("job_slice_count", 1);
  const json inventory = values.value("inventory", json(nullptr));
  if (inventory.is_null())
    return 1;
  const auto hit = w.inventories.find(inventory.get<oid>());
  const int hosts = hit == w.inventories.end()
                      ? 1
                      : static_cast<int>(std::max<std::size_t>(1, hit->second.hosts.size()));
  return std::max(1, std::min(wanted, hosts));
}

json preflight(const world& w, const job_template& t, const user& by) {
  json out;
  const prompts p = judge_launch(w, t, by, json::object());
  json defaults = json::object();
  for (const auto& [field, ask] : prompt_fields(t.workflow)) {
    out["ask_" + ask + "_on_launch"] = t.ask.count(ask) != 0;
    json value = t.values[field];
    if (field == "extra_vars")
      value = canonical(value);
    if (field == "inventory") {
      const auto i = value.is_null() ? w.inventories.end() : w.inventories.find(value.get<oid>());
      value = i == w.inventories.end() ? json::object()
                                       : json{{"id", i->first}, {"name", i->second.name}};
    }
    if (field == "labels" || field == "credentials") {
      json list = json::array();
      for (const json& id : value) {
        if (field == "labels" && w.labels.count(id.get<oid>()) != 0)
          list.push_back({{"id", id}, {"name", w.labels.at(id.get<oid>()).name}});
        if (field == "credentials" && w.credentials.count(id.get<oid>()) != 0)
          list.push_back({{"id", id}, {"name", w.credentials.at(id.get<oid>()).name}});
      }
      value = list;
    }
    defaults[field] = value;
  }
  std::vector<std::string> needed;
  for (const json& q : t.survey)
    if (get_or<bool>(q, "required", false))
      needed.push_back(get_or<std::string>(q, "variable", ""));
  out["defaults"] = defaults;
  out["survey_enabled"] = !t.survey.empty();
  out["variables_needed_to_start"] = needed;
  out["can_start_without_user_input"] = p.errors.empty() && needed.empty();
  const char* data = t.workflow ? "workflow_job_template_data" : "job_template_data";
  out[data] = {{"id", t.id}, {"name", t.name}, {"description", t.description}};
  if (!t.workflow) {
    out["passwords_needed_to_start"] = t.passwords;
    out["inventory_needed_to_start"] = t.values["inventory"].is_null();
    out["credential_needed_to_start"] = false;
  }
  return out;
}

} // namespace o3::doubles::awx
