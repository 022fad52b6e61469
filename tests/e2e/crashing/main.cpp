// `o3` with one more task class, `test.crash`, which ends the process that runs it: what is crashed
// on purpose cannot be part of the program that is shipped.
//
//   how   segv | abort | terminate | overflow (of the stack) | exit (75, as a failed store does)
//   file  it crashes while this file exists; then it waits, or ends if `wait` is not true
#include "cluster/node/serve.hpp"
#include "http/cli/cli.hpp"
#include "tasks/api/task.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace {

using namespace o3;
using namespace o3::tasks;

int deeper(volatile int* above) { // NOLINT(misc-no-recursion): until there is no stack left
  volatile int here[1024];
  here[0] = above == nullptr ? 0 : *above;
  return deeper(here) + here[0];
}

void nobody_catches() noexcept {
  throw 7; // NOLINT: escapes on purpose
}

void crash(const std::string& how) {
  if (how == "abort")
    std::abort();
  if (how == "terminate")
    nobody_catches();
  if (how == "overflow")
    std::exit(deeper(nullptr)); // NOLINT(concurrency-mt-unsafe): not reached
  if (how == "exit")
    ::_exit(75);
  int* volatile nowhere = nullptr;
  *nowhere = 1;
}

// It waits once before it crashes: by then it was accepted.
step_result crash_step(const step_input& in) {
  if (in.verb == task_verb::task_init)
    return {};
  if (in.verb == task_verb::cancel)
    return end_canceled();
  constexpr millis look{200};
  if (in.verb == task_verb::run)
    return wait_until(in.now + look, "its crash");
  if (std::filesystem::exists(in.inputs.value("file", std::string{})))
    crash(in.inputs.value("how", std::string{"segv"}));
  if (in.inputs.value("wait", false))
    return wait_until(in.now + look, "its file");
  return end_successful({});
}

installed_class crash_class() {
  task_class c;
  c.name = "test.crash";
  c.description = "Crashes the process that runs it.";
  c.open_inputs = true;
  c.instant = true;
  c.runs_in = "engine";
  return {std::make_shared<const task_class>(std::move(c)), {crash_step}};
}

} // namespace

int main(int argc, char** argv) {
  std::string listen;
  const std::string program = std::filesystem::canonical("/proc/self/exe").string();
  const std::vector<cli::local_command> commands{
    {"serve", "run a node that has the class test.crash",
     [&](CLI::App& app) { app.add_option("--listen", listen, "HOST:PORT instead of http.listen"); },
     [&](cli::local_context& c) {
       if (!listen.empty())
         c.config.overrides.push_back({"http.listen", listen, "--listen"});
       return serve(config::load(c.config), program, {crash_class()});
     }},
    {"worker", "run task classes for it", {}, [](cli::local_context&) { return work(); }}};
  return cli::main(argc, argv, commands);
}
