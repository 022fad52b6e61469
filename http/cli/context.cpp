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

std::string context::same_o3() const {
  std::string out = "o3";
  const auto add = [&out](std::string_view option, std::string_view given) {
    if (given.empty())
      return;
    const bool plain
      = given.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~/:@%+,=[]")
        == std::string_view::npos;
    out.append(" ").append(option).append(" ");
    if (plain) {
      out.append(given);
      return;
    }
    out += '\'';
    for (const char ch : printable(given, 4096))
      out += ch == '\'' ? std::string{"'\\''"} : std::string{ch};
    out += '\'';
  };
  add("--config", g.config);
  add("--data-dir", g.data_dir);
  add("--url", g.url);
  return out;
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
