// The o3 program: `serve`, `worker` and `sim` run here, every other command speaks REST (http/cli).
#include "cluster/node/serve.hpp"
#include "http/cli/cli.hpp"
#include "tests/doubles/sim.hpp"

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

void declare_sim(CLI::App& app, o3::doubles::sim_options& o, std::int64_t& duration) {
  app.add_option("kind", o.kind, "awx or tfe")->required()->check(CLI::IsMember({"awx", "tfe"}));
  app.add_option("--listen", o.listen, "ADDRESS:PORT; port 0 takes any free one");
  app.add_option("--dir", o.dir, "where its ledger is written")->required();
  app.add_option("--script", o.script, "faults to play, a JSON file")->check(CLI::ExistingFile);
  app.add_option("--world", o.world, "objects beside its own, a JSON file")
    ->check(CLI::ExistingFile);
  app.add_option("--seed", o.seed, "of everything random");
  app.add_option("--duration-ms", duration, "of a job, a plan, an apply")
    ->check(CLI::NonNegativeNumber);
}

} // namespace

int main(int argc, char** argv) {
  std::string listen;
  o3::doubles::sim_options sim;
  std::int64_t sim_duration = sim.job_duration.count();
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
    {"sim", "run a simulated AWX or Terraform Enterprise to try templates against",
     [&](CLI::App& app) { declare_sim(app, sim, sim_duration); },
     [&](o3::cli::local_context&) {
       sim.job_duration = o3::millis{sim_duration};
       return o3::doubles::run_sim(sim);
     }},
  };
  return o3::cli::main(argc, argv, commands);
}
