// The o3 program: `serve` and `worker` run here, every other command speaks REST (http/cli).
#include "cluster/node/serve.hpp"
#include "http/cli/cli.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace {

std::string own_path(const char* argv0) {
  std::error_code ec;
  auto self = std::filesystem::canonical("/proc/self/exe", ec);
  return ec ? std::string{argv0} : self.string();
}

} // namespace

int main(int argc, char** argv) {
  std::string listen;
  auto program = own_path(argv[0]);
  const std::vector<o3::cli::local_command> commands{
    {"serve", "run a node: engine, REST API and embedded store",
     [&](CLI::App& app) { app.add_option("--listen", listen, "HOST:PORT instead of http.listen"); },
     [&](o3::cli::local_context& c) {
       if (!listen.empty())
         c.config.overrides.push_back({"http.listen", listen, "--listen"});
       return o3::serve(o3::config::load(c.config), program);
     }},
    {"worker",
     "run task classes over stdin and stdout; started by a node",
     {},
     [](o3::cli::local_context&) { return o3::work(); }},
  };
  return o3::cli::main(argc, argv, commands);
}
