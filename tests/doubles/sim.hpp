// A simulated AWX or Terraform Enterprise to try templates against and to test with: strict, with a
// ledger of what it accepted and a script of faults. README.md here says what it imitates.
//
// `run_sim` is the program (`o3_sim`, `o3 sim`); `simulator` is the same inside a test's process.
// Threads: a simulator has one owner; its own work is done on a thread of its own. Errors: results.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace o3::doubles {

struct sim_options {
  std::string kind;                   ///< "awx" or "tfe"
  std::string listen = "127.0.0.1:0"; ///< address:port; port 0 is any free one
  std::filesystem::path dir;          ///< the ledger is <dir>/ledger.jsonl; made if missing
  std::filesystem::path script;       ///< fault script (JSON); none if empty
  std::filesystem::path world; ///< objects beside the default catalogue (JSON); none if empty
  json script_json = nullptr;  ///< instead of the file, for tests
  json world_json = nullptr;
  std::uint64_t seed = 1;    ///< of everything that is random
  millis job_duration{2000}; ///< of a job, a plan, an apply, unless the world says otherwise
  std::vector<std::pair<std::string, std::string>> tokens; ///< user, and a token beside its own
  std::string prefix = "/api/v2"; ///< AWX: "/api/controller/v2" behind a gateway
  int requests_per_second = 30;   ///< TFE: of one user; 0 is no limit
  int run_lists_per_minute = 30;  ///< TFE: of one user; 0 is no limit
};

class core;

class simulator {
public:
  static result<std::unique_ptr<simulator>> start(const sim_options& o,
                                                  const clock& c = system_clock());
  ~simulator();
  simulator(const simulator&) = delete;
  simulator& operator=(const simulator&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// TFE: where uploads and logs go, another origin than the API.
  [[nodiscard]] std::uint16_t file_port() const;
  [[nodiscard]] std::string url() const; ///< "http://127.0.0.1:PORT"
  /// Addresses, tokens, templates or workspaces.
  [[nodiscard]] json about() const;
  /// A request below /_sim/ without a socket: "GET", "/_sim/stats/".
  json control(const std::string& method, const std::string& target, const json& body = nullptr);
  /// The lines of the ledger.
  [[nodiscard]] std::vector<json> ledger();
  /// Does what is due; call it after an injected clock was advanced.
  void tick();
  void stop();

private:
  explicit simulator(std::unique_ptr<core> c);
  std::unique_ptr<core> core_;
};

/// Serves until SIGTERM or SIGINT. Prints one JSON line to stdout when it listens:
/// {"kind","listen","url","file_store","tokens",…}. Returns 0, or 2 with a line on stderr when the
/// options, the files or the address are wrong. Blocks these two signals in the calling thread.
int run_sim(const sim_options& o);

} // namespace o3::doubles
