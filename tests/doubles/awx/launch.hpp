// What a launch makes of its body: which fields are taken, which are dropped without a word, which
// refuse it. Pure: nothing is started here. Threads: the loop's.
#pragma once
#include "tests/doubles/awx/world.hpp"

namespace o3::doubles::awx {

struct prompts {
  json accepted = json::object();
  json ignored = json::object();
  json errors = json::object(); ///< not empty: 400 with it
  std::string forbidden;        ///< not empty: 403 with this detail
  bool survey_secret = false;   ///< a survey password was given
};

/// Judges a body against a template. `by` is who launches.
prompts judge_launch(const world& w, const job_template& t, const user& by, json body);
/// The pre-flight answer of GET …/launch/.
json preflight(const world& w, const job_template& t, const user& by);
/// What a job runs with: the template's values with the accepted prompts over them.
json effective(const job_template& t, const json& accepted);
/// The variables as AWX shows them: JSON text, survey passwords hidden.
std::string shown_vars(const job_template& t, const json& vars);
/// Slices a launch makes; 1 is an ordinary job.
int slices(const world& w, const json& values);

/// Name in the ask_… flags by launch field, for job templates or workflows.
const std::map<std::string, std::string>& prompt_fields(bool workflow);

// survey.cpp
/// Sentences about variables that break the survey.
std::vector<std::string> survey_errors(const json& survey, const json& vars);

} // namespace o3::doubles::awx
