#include "http/cli/cli.hpp"

#include "http/cli/session.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

namespace o3::cli {
namespace {

void add_globals(CLI::App& app, globals& g) {
  app.add_option("--url", g.url, "the server; default: O3_URL, else the local one");
  app.add_option("--token", g.token,
                 "who you are; default: O3_TOKEN, else <data-dir>/client-token");
  app.add_option("--data-dir", g.data_dir, "where a local server keeps its data");
  app.add_option("--config", g.config, "configuration file; default: O3_CONFIG");
  app.add_option("--set", g.sets, "a setting: section.key=value; repeatable")
    ->allow_extra_args(false);
  app.add_flag("--json", g.json, "print the server's documents as they are");
  app.add_flag("--no-color", g.no_color, "no colours");
}

void add_local(const registry& r, const local_command& command) {
  auto& ctx = r.ctx;
  auto* app = r.add(r.app, command.name, command.help, [&ctx, &command] {
    auto in = ctx.config_input();
    if (!in) {
      ctx.print(in.error());
      return exit_code::usage;
    }
    local_context local{std::move(*in), ctx.env, ctx.g.json};
    return command.run(local);
  });
  if (command.declare)
    command.declare(*app);
}

int show_version(const context& c) {
  if (c.g.json)
    c.print_json({{"version", version()}});
  else
    c.env.out << "o3 " << version() << "\n";
  return exit_code::ok;
}

/// CLI11 says "arguments were not expected"; people want the nearest command.
// The first word that is neither a global option nor an option's value.
std::optional<std::string> command_word(const CLI::App& app, const std::vector<std::string>& args) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    const auto& word = args[i];
    if (word.empty() || word[0] != '-')
      return word;
    const auto* option = app.get_option_no_throw(word.substr(0, word.find('=')));
    if (option == nullptr)
      return {}; // CLI11 has the better words for it
    if (option->get_items_expected_max() > 0 && word.find('=') == std::string::npos)
      ++i;
  }
  return {};
}

std::optional<error> unknown_command(const CLI::App& app, const std::vector<std::string>& args) {
  const auto word = command_word(app, args);
  if (!word || word->empty())
    return {};
  std::vector<std::string> names;
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
    if (sub->get_name() == *word)
      return {};
  }
  auto hint = nearest_hint(*word, names);
  return make_error(fault::bad_value, "there is no command '" + printable(*word, 64) + "'", "",
                    hint.empty() ? "'o3 --help' lists the commands" : hint);
}

int parse(CLI::App& app, std::vector<std::string> args, const context& c) {
  if (const auto bad = unknown_command(app, args)) {
    c.print(*bad);
    return exit_code::usage;
  }
  std::reverse(args.begin(), args.end()); // CLI11 takes them from the back
  try {
    app.parse(std::move(args));
  } catch (const CLI::ParseError& e) {
    return app.exit(e, c.env.out, c.env.err) == 0 ? -1 : exit_code::usage;
  }
  return exit_code::ok;
}

} // namespace

CLI::App* registry::add(CLI::App& parent, const std::string& name, const std::string& help,
                        std::function<int()> run) const {
  auto* sub = parent.add_subcommand(name, help);
  sub->fallthrough(); // global options may stand behind the command
  sub->callback([&slot = chosen, run = std::move(run)] { slot = run; });
  return sub;
}

CLI::App* registry::group(const std::string& name, const std::string& help) const {
  auto* sub = app.add_subcommand(name, help);
  sub->fallthrough();
  sub->require_subcommand(1);
  return sub;
}

int run_cli(const std::vector<std::string>& args, environment& env,
            std::span<const local_command> local) {
  context ctx{env, {}};
  std::function<int()> chosen;
  CLI::App app{"O3 runs workflows of tasks and survives crashes.", "o3"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "o3 " + std::string{version()});
  add_globals(app, ctx.g);
  const registry r{app, ctx, chosen};
  for (const auto& command : local)
    add_local(r, command);
  add_run_commands(r);
  add_show_commands(r);
  add_find_commands(r);
  add_stream_commands(r);
  add_catalogue_commands(r);
  add_rerun_commands(r);
  add_people_commands(r);
  add_secret_commands(r);
  add_schedule_commands(r);
  add_quarantine_commands(r);
  add_config_commands(r);
  add_doctor_command(r);
  r.add(app, "version", "Show the version", [&ctx] { return show_version(ctx); });
  if (const int code = parse(app, args, ctx); code != exit_code::ok)
    return code < 0 ? exit_code::ok : code; // help or version was printed
  return chosen ? chosen() : exit_code::usage;
}

std::string_view version() {
  return O3_VERSION;
}

} // namespace o3::cli
