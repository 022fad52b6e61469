// The `o3` command line. Everything but the commands its caller registers (`serve`, `worker`)
// speaks to a server by REST only.
//
//   int main(int argc, char** argv) {
//     std::string listen;
//     const o3::cli::local_command serve{
//       "serve", "Run a node",
//       [&](CLI::App& app) { app.add_option("--listen", listen, "HOST:PORT"); },
//       [&](o3::cli::local_context& c) {
//         if (!listen.empty())
//           c.config.overrides.push_back({"http.listen", listen, "--listen"});
//         return run_node(o3::config::load(c.config));
//       }};
//     return o3::cli::main(argc, argv, {{serve}});
//   }
//
// Exit codes: 0 successful, 1 failed, 2 usage or validation, 3 canceled, 4 needs operator, 130
// stopped by Ctrl-C. Errors go to stderr; with --json the server's document goes to stdout as it
// is. Threads: one, before any other is started.
#pragma once
#include "config/loader/loader.hpp"
#include "http/cli/environment.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): of CLI11
class App;
}

namespace o3::cli {

/// What a registered command gets: --config, --data-dir and --set are already in `config`.
struct local_context {
  config::input config;
  environment& env;
  bool json = false;
};

struct local_command {
  std::string name;
  std::string help;
  std::function<void(CLI::App&)> declare; ///< adds the command's own options; may be empty
  std::function<int(local_context&)> run; ///< the exit code
};

/// `args` without the program's name.
int run_cli(const std::vector<std::string>& args, environment& env,
            std::span<const local_command> local = {});

/// The same with the process's streams, terminal, libcurl and signals. Client commands take SIGINT
/// and SIGTERM by sigtimedwait; registered commands run with the signals as they were.
int main(int argc, char** argv, std::span<const local_command> local = {});

/// Of this build, e.g. "0.1.0".
std::string_view version();

} // namespace o3::cli
