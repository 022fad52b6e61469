#include "http/cli/context.hpp"

#include "runtime/base/text.hpp"

#include <ostream>

namespace o3::cli {

std::string environment::variable(std::string_view name) const {
  for (const auto& [n, v] : variables)
    if (n == name)
      return v;
  return {};
}

int code_of(std::string_view workflow_state) {
  if (workflow_state == "failed")
    return exit_code::failed;
  if (workflow_state == "canceled")
    return exit_code::canceled;
  return workflow_state == "needs_operator" ? exit_code::operator_needed : exit_code::ok;
}

result<config::input> context::config_input() const {
  config::input in;
  in.file = g.config;
  in.environment = env.variables;
  in.root = env.root;
  for (const auto& text : g.sets) {
    O3_TRY(auto one, config::parse_set(text));
    in.overrides.push_back(std::move(one));
  }
  if (!g.data_dir.empty())
    in.overrides.push_back({"data.dir", g.data_dir, "--data-dir"});
  return in;
}

void context::print(const error& e) const {
  env.err << "error: " << printable(e.message);
  if (!e.pointer.empty())
    env.err << " at " << printable(e.pointer);
  env.err << '\n';
  if (!e.hint.empty())
    env.err << "  hint: " << printable(e.hint) << '\n';
}

void context::print(const findings& found) const {
  for (const auto& e : found.errors)
    print(e);
}

void context::print_json(const json& document) const {
  env.out << document.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
}

} // namespace o3::cli
