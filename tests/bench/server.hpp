// The real `o3 serve` as a child process in a fresh directory: started, asked, killed, started
// again. The process dies with this object and with this program; its directory goes too. Errors:
// bench_error with the end of the server's log. Threads: one (the child is bound to the thread that
// starts it).
#pragma once
#include "tests/bench/http_client.hpp"
#include "tests/bench/process.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace o3::bench {

class server {
public:
  /// Makes the directories; nothing runs yet.
  explicit server(std::filesystem::path program);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Starts it and waits until /readyz says 200; the seconds that took.
  double start();
  /// SIGKILL, and waits for the end.
  void kill();
  /// Waits this long; throws if the server ended meanwhile.
  void idle(milliseconds time);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& token() const { return token_; }
  [[nodiscard]] std::filesystem::path data_dir() const { return root_ / "data"; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::filesystem::path scratch_dir() const { return root_; }
  [[nodiscard]] const std::filesystem::path& program() const { return program_; }

  /// A control call outside the load: JSON in, body out; other statuses than `expected` throw.
  std::string call(std::string_view method, std::string_view path, std::string_view body = {},
                   int expected = 200);
  /// The status, and the body if it is wanted.
  int status_of(std::string_view path, std::string* body = nullptr);
  void put_template(std::string_view ref, std::string_view document);

  /// All samples of /metrics by name, labels included.
  using metrics = std::map<std::string, double, std::less<>>;
  metrics measured();

  /// CPU of the server and of its worker processes since they started.
  [[nodiscard]] double cpu() const { return cpu_ms(pid_); }
  [[nodiscard]] double worker_cpu() const;
  /// PSS of the server, without and with its workers.
  [[nodiscard]] memory resident_alone() const { return memory_of(pid_); }
  [[nodiscard]] memory resident() const;

private:
  [[noreturn]] void fail(const std::string& what) const;
  bool running();

  std::filesystem::path program_, root_;
  std::uint16_t port_ = 0;
  std::string token_;
  pid_t pid_ = -1;
  std::unique_ptr<http_line> control_;
};

/// A sample that must be there.
double sample(const server::metrics& m, std::string_view name);
/// Workflows in this state by the store, 0 if none.
double in_state(const server::metrics& m, std::string_view state);
/// All workflows of the store.
double in_store(const server::metrics& m);

} // namespace o3::bench
