// A declarative class, read and compiled: what the JSON of FORMAT.md says, with every value and
// condition ready to be evaluated. Threads: immutable once read.
#pragma once
#include "runtime/template/task_class.hpp"
#include "tasks/declarative/answers.hpp"
#include "tasks/declarative/helpers.hpp"
#include "tasks/declarative/value.hpp"

#include <memory>

namespace o3::declarative {

using named_values = std::vector<std::pair<std::string, value>>;
using status_ranges = std::vector<std::pair<unsigned, unsigned>>;

struct refuse_row {
  condition when;
  value say;
  fault code = fault::target_refused;
};

/// "again": the answer is fine but says "not yet".
struct again_spec {
  std::optional<condition> when;
  status_ranges statuses;
  millis every{2000};
  unsigned times = 60;
  bool go_on = false; ///< after so many times: as if it were fine
  std::optional<value> say;
};

/// One request and what is made of its answer; without `path` and `url` it only thinks.
struct step_spec {
  std::string name;
  std::optional<condition> when;
  std::optional<value> method, path, url, headers, body, bytes, ok_value;
  named_values query, lets;
  bool auth = true;
  bool optional = false;
  bool text = false; ///< the answer need not be JSON
  status_ranges ok{{200, 299}};
  status_ranges absent;
  std::vector<error_row> errors;
  std::vector<refuse_row> refuse;
  std::optional<again_spec> again;
  std::size_t bytes_max = 16 << 20;
  [[nodiscard]] bool asks() const { return path || url; }
};

struct steps_section {
  std::vector<step_spec> steps;
  std::optional<value> set;
};

struct preflight_section : steps_section {
  std::optional<value> identity, newest;
};

struct send_section : steps_section {
  std::vector<step_spec> requests; ///< the first whose `when` holds
  value id;
  std::optional<value> details;
  std::optional<condition> skip_when; ///< nothing need be started: confirmed without a request
  std::optional<value> ignored, ignored_allowed, ignored_say;
};

/// A listing in which ours is looked for.
struct list_section {
  std::optional<condition> when;
  step_spec page;
  value items, id;
  std::optional<value> next, kind, until;
  std::vector<value> marked;     ///< texts that may hold our marker
  std::optional<condition> ours; ///< besides, or instead of, a marker
  bool only_one = false;         ///< several hits prove nothing
  bool shows_newest = true;
  unsigned pages_max = 1000;
};

struct search_section : steps_section {
  std::optional<value> identity, newest;
  std::vector<list_section> lists;
  std::optional<step_spec> witness; ///< looks for the witness by its id
  std::optional<condition> witness_shown;
};

struct log_section {
  std::optional<condition> when;
  std::vector<step_spec> steps;
  value lines;
  std::optional<value> cursor;
  std::optional<condition> more;
  unsigned rounds = 20;
};

struct rule {
  condition when;
  std::string is;
};
struct batch_section {
  std::string name;
  step_spec page;
  value rows, id;
  std::size_t most = 200;
};
struct watch_section {
  std::optional<condition> when; ///< does not hold: it is over as soon as it was started
  std::vector<step_spec> steps;
  value row;
  std::optional<value> status, waits_for, set;
  std::vector<rule> rules;
  std::map<std::string, std::string, std::less<>> states;
  std::optional<batch_section> batch;
  millis every{5000};
  unsigned missing_times = 3;
  std::optional<value> missing_say;
};

struct failure_row {
  condition when;
  fault code = fault::task_failed;
  std::string is = "failed";
  std::optional<value> say;
};

struct target_section {
  std::optional<value> url, auth_header, auth_value, headers, verify, ca_file;
};

struct delivery_rule {
  condition when;
  delivery_class is = delivery_class::bare;
};

struct document {
  std::shared_ptr<const task_class> about;
  json defaults = json::object(); ///< of inputs, from their schemas
  std::vector<delivery_rule> delivery_when;
  target_section target;
  std::vector<error_row> errors;
  std::optional<steps_section> read;
  std::optional<preflight_section> preflight;
  std::optional<send_section> send;
  std::optional<search_section> search;
  std::optional<watch_section> watch;
  std::optional<log_section> log;
  std::optional<steps_section> finish;
  std::optional<steps_section> cancel;
  std::vector<failure_row> failures;
  helper_set helpers;
};

/// Reads a document; nothing is left unsaid in `found`, warnings included. The result is usable
/// only while `found` has no errors.
document read_document(const json& doc, const helper_set& helpers, findings& found);

/// How a thing stands, as rules and tables of states say it.
bool is_terminal_word(std::string_view state);

} // namespace o3::declarative
