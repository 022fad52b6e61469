// What the commands share: global options, exit codes, how they register. Internal to http/cli.
// Threads: one owner.
#pragma once
#include "config/loader/loader.hpp"
#include "http/cli/environment.hpp"
#include "runtime/base/json.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): of CLI11
class App;
}

namespace o3::cli {

namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int failed = 1;
inline constexpr int usage = 2; ///< or the request did not pass validation
inline constexpr int canceled = 3;
inline constexpr int operator_needed = 4;
inline constexpr int interrupted = 130;
} // namespace exit_code

/// The code for a workflow that is in this state; `ok` while it goes on.
int code_of(std::string_view workflow_state);

struct globals {
  std::string url, token, data_dir, config;
  std::vector<std::string> sets;
  bool json = false;
  bool no_color = false;
};

struct context {
  environment& env;
  globals g;

  /// The loader's input with --config, --data-dir and --set; refuses a malformed --set.
  [[nodiscard]] result<config::input> config_input() const;
  /// "o3" with the options given that name the server and its data: what a shown command begins
  /// with.
  [[nodiscard]] std::string same_o3() const;
  void print(const error& e) const;            ///< to stderr
  void print(const findings& found) const;     ///< its errors, to stderr
  void print_json(const json& document) const; ///< one line, to stdout
};

/// Where commands are declared: the one that was given is left in `chosen`.
struct registry {
  CLI::App& app;
  context& ctx;
  std::function<int()>& chosen;

  /// A subcommand of `parent`; `run` is called after all arguments are known.
  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help,
                std::function<int()> run) const;
  /// A subcommand that only groups others.
  CLI::App* group(const std::string& name, const std::string& help) const;
};

void add_run_commands(const registry& r);        ///< run, submit, validate
void add_show_commands(const registry& r);       ///< status, resolve
void add_find_commands(const registry& r);       ///< ls, cancel
void add_stream_commands(const registry& r);     ///< logs, events
void add_catalogue_commands(const registry& r);  ///< template, task
void add_rerun_commands(const registry& r);      ///< rerun, revise, revisions, pause, resume, why
void add_people_commands(const registry& r);     ///< approve, signal
void add_secret_commands(const registry& r);     ///< secret
void add_schedule_commands(const registry& r);   ///< schedule, calendar
void add_quarantine_commands(const registry& r); ///< quarantine
void add_config_commands(const registry& r);     ///< config explain
void add_doctor_command(const registry& r);

} // namespace o3::cli
