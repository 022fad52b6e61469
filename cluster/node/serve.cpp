#include "cluster/node/serve.hpp"

#include "cluster/node/crash_notes.hpp"
#include "cluster/node/credentials.hpp"
#include "cluster/node/installation.hpp"
#include "cluster/node/node.hpp"
#include "cluster/node/open_files.hpp"
#include "cluster/node/options.hpp"
#include "runtime/secrets/sources.hpp"
#include "tasks/worker/worker.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <poll.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace o3 {
namespace {

constexpr int exit_start = 1, exit_config = 2, exit_service = 70, exit_store = 75;

int complain(const error& e, int code) {
  std::cerr << "o3: " << fault_code(e.code) << ": " << e.message << "\n";
  if (!e.hint.empty())
    std::cerr << "    " << e.hint << "\n";
  return code;
}

logger make_logger(const config::options& o) {
  auto sink = spdlog::stderr_logger_mt("o3");
  sink->set_pattern("%v"); // lines are complete when they come
  sink->flush_on(spdlog::level::info);
  return {parse_log_level(o.log.level).value_or(log_level::info), system_clock(),
          [sink](log_level, std::string_view line) { sink->info("{}", line); }};
}

// Signals are blocked before any thread starts and read from here, so that nothing is interrupted.
class signals {
public:
  signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int s : {SIGINT, SIGTERM, SIGHUP})
      sigaddset(&set, s);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;
  ~signals() { ::close(fd_); }

  /// The next signal, or 0 if none came in time; a negative time waits for ever.
  [[nodiscard]] int wait(int timeout_ms) const {
    pollfd p{fd_, POLLIN, 0};
    signalfd_siginfo info{};
    if (::poll(&p, 1, timeout_ms) <= 0 || ::read(fd_, &info, sizeof info) != sizeof info)
      return 0;
    return static_cast<int>(info.ssi_signo);
  }
  [[nodiscard]] bool asked_to_stop() const {
    int s = wait(0);
    return s == SIGINT || s == SIGTERM;
  }

private:
  int fd_;
};

// Ends the process at once, whatever is going on: the store cannot be trusted any more. Not a
// crash.
[[noreturn]] void store_is_gone(fault code, const std::string& what) {
  auto text = "o3: " + std::string{fault_code(code)} + ": " + what
              + "\n    nothing more was accepted or started; mend the cause and start again: it "
                "goes on where it was\n";
  [[maybe_unused]] auto n = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(exit_store);
}

// Secrets are in memory: no core dumps, no debugger of the same user. The limit is inherited by the
// workers and also holds where a core pattern pipes dumps of undumpable processes.
void keep_memory_private() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ // the leak checker attaches to its own process
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

// Taken out of the environment, so that workers and what they start do not inherit it.
std::vector<std::pair<std::string, std::string>> take_secret_variables() {
  std::vector<std::pair<std::string, std::string>> taken;
  for (char** v = environ; v != nullptr && *v != nullptr; ++v) {
    std::string_view text{*v};
    if (const auto equal = text.find('=');
        text.starts_with(secrets::environment_prefix) && equal != std::string_view::npos)
      taken.emplace_back(text.substr(0, equal), text.substr(equal + 1));
  }
  for (const auto& [name, value] : taken)
    ::unsetenv(name.c_str()); // NOLINT(concurrency-mt-unsafe): no other thread yet
  return taken;
}

// How far the store is, told to the file beside it every now and then: a backup that is put back is
// known by it.
class bookmark {
public:
  bookmark(const installation& i, const node& n) : i_(i), n_(n), in_(i.store->make_reader()) {}
  void look() {
    if (++looks_ % every != 0)
      return;
    try {
      auto at = in_->last_pos();
      if (at != written_ && remember_epoch(i_, n_.epoch()))
        written_ = at;
    } catch (const store::storage_failure&) { // whoever writes will say so
    }
  }

private:
  static constexpr unsigned every = 4; ///< looks, of half a second each
  const installation& i_;
  const node& n_;
  std::unique_ptr<store::reader> in_;
  unsigned looks_ = 0;
  std::uint64_t written_ = 0;
};

int run(node& n, const signals& sig, const std::atomic<bool>& escalated, const config::options& o,
        const installation& where, const crash_notes& notes) {
  constexpr int look_ms = 500;
  bookmark mark{where, n};
  const auto calm_at = std::chrono::steady_clock::now() + o.engine.crash_calm;
  bool calm = false;
  while (!escalated) {
    int s = sig.wait(look_ms);
    mark.look();
    if (!calm && std::chrono::steady_clock::now() >= calm_at) {
      notes.calm();
      calm = true;
    }
    if (s == SIGHUP)
      n.catalogue().reload({}, [](const engine::answer&) {});
    else if (s != 0)
      break;
  }
  auto begin = std::chrono::steady_clock::now();
  std::cerr << "o3: stopping\n";
  bool settled = n.stop(o.shutdown.deadline);
  auto ms = std::chrono::duration_cast<millis>(std::chrono::steady_clock::now() - begin).count();
  std::cerr << "o3: stopped after " << ms << " ms"
            << (settled ? "" : ", not everything had settled; the next start goes on with it")
            << "\n";
  if (!settled)
    ::_exit(escalated ? exit_service : 0);
  return escalated ? exit_service : 0;
}

} // namespace

int serve(const config::loaded& c, const std::string& program,
          std::vector<tasks::installed_class> extra_classes) {
  if (!c.found.ok()) {
    for (const auto& e : c.found.errors)
      complain(e, exit_config);
    return exit_config;
  }
  const auto& o = c.values;
  signals sig;
  if (!o.secrets.core_dumps)
    keep_memory_private();
  const auto variables = take_secret_variables();
  ::signal(SIGPIPE, SIG_IGN); // NOLINT(cert-err33-c): cannot fail for these arguments
  ::signal(SIGXFSZ,
           SIG_IGN); // NOLINT(cert-err33-c): a file size limit is then an error of the write
  const auto files_max = raise_open_files();
  const char* token = std::getenv("O3_TOKEN"); // NOLINT(concurrency-mt-unsafe): no other thread yet
  auto where = open_installation(o, token == nullptr ? "" : token);
  if (!where)
    return complain(where.error(), exit_start);
  auto notes = crash_notes::open(where->dir);
  if (!notes)
    return complain(notes.error(), exit_start);
  notes->install();
  if (sig.asked_to_stop())
    return 0;
  std::atomic<bool> escalated{false};
  auto options = node_options_of(o, *where, program);
  if (!options)
    return complain(options.error(), exit_config);
  options->extra_classes = std::move(extra_classes);
  options->suspects = {notes->suspects(), o.engine.crashes_max,
                       [&notes](const id& workflow) { notes->forget(workflow); }};
  options->log = make_logger(o);
  auto kept = open_credentials(o, *where, variables, options->log);
  if (!kept)
    return complain(kept.error(), exit_start);
  options->secrets = *std::move(kept);
  if (auto fits = fit_connections(*options->http, o, files_max, options->log); !fits)
    return complain(fits.error(), exit_start);
  options->on_fatal = store_is_gone;
  options->on_escalate = [&](const std::string& service, const std::string& reason) {
    std::cerr << "o3: service " << service << " could not be kept running: " << reason << "\n";
    escalated = true;
  };
  options->remember_epoch = [&](std::uint64_t epoch) { return remember_epoch(*where, epoch); };
  auto started = node::start(*std::move(options));
  if (!started)
    return complain(started.error(), exit_start);
  auto& n = **started;
  auto address = listen_host(o) + ":" + std::to_string(n.http_port());
  announce_listen(*where, address);
  if (where->new_token)
    std::cout << "token: " << *where->new_token << "\n";
  std::cout << "o3 listens on http://" << address << "/ (docs at /docs), data in " << o.data.dir
            << std::endl;
  auto code = run(n, sig, escalated, o, *where, *notes);
  if (!escalated) // without it the next start only knows less of how far the store was
    std::ignore = remember_epoch(*where, n.epoch());
  retract_listen(*where);
  return code;
}

int work() {
  auto random = secure_random();
  rlimit core{};
  if (::getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0) // as its node does
    keep_memory_private();
  tasks::registry classes{tasks::registry::native()};
  return tasks::run_worker(STDIN_FILENO, STDOUT_FILENO, classes, system_clock(), *random);
}

} // namespace o3
