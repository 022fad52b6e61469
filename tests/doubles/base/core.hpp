// What every double is made of: the loop, the front, the ledger, the faults, the counters, and the
// endpoints below /_sim/. A `service` is the imitated API itself and knows nothing of the rest.
// Threads: `core` from one owner; services and everything below on the loop's thread only.
#pragma once
#include "runtime/base/random.hpp"
#include "runtime/base/result.hpp"
#include "tests/doubles/base/agenda.hpp"
#include "tests/doubles/base/faults.hpp"
#include "tests/doubles/base/front.hpp"
#include "tests/doubles/base/ledger.hpp"
#include "tests/doubles/base/outgoing.hpp"

#include <atomic>
#include <map>
#include <thread>

namespace o3::doubles {

/// What a service is given to work with.
struct surroundings {
  const clock& time;
  agenda& later;
  ledger& book;
  random_source& random;
  boost::asio::io_context& io;
  /// "host:port" of a door as the client of `c` would write it.
  std::function<std::string(const call& c, int door)> origin;
};

class service {
public:
  virtual ~service() = default;
  /// The pattern of the route a request takes, "" if there is none; may fill the call's params.
  virtual std::string route_of(call& c) = 0;
  /// Answers once, now or later.
  virtual void handle(const call_ptr& c, const reply_fn& reply) = 0;
  /// Below /_sim/ what is the service's own: jobs, world. nullopt: unknown.
  virtual std::optional<http::response> control(const call& c, const json& body) = 0;
  /// Every token is invalid, for so long (0: for good).
  virtual void expire_tokens(millis time) = 0;
  /// Deletes everything that has ended.
  virtual void purge() = 0;
  /// The body of an error the simulator makes itself.
  [[nodiscard]] virtual json error_body(unsigned status) const = 0;
  /// What a user wants to know at the start: tokens, names.
  [[nodiscard]] virtual json about() const = 0;
};

struct core_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  bool file_store = false; ///< a second door on a free port
  std::filesystem::path ledger;
  std::uint64_t seed = 1;
};

class core {
public:
  using make_service = std::function<result<std::unique_ptr<service>>(surroundings)>;
  static result<std::unique_ptr<core>> start(const core_options& o, const json& script,
                                             const make_service& make, const clock& c);
  ~core();
  core(const core&) = delete;
  core& operator=(const core&) = delete;

  [[nodiscard]] std::uint16_t port(int door = 0) const { return ports_.at(door); }
  [[nodiscard]] json about() const;
  /// A request below /_sim/ without a socket; the body of the answer, or its text.
  json control(const std::string& method, const std::string& target, const json& body = nullptr);
  /// Runs what is due; needed after an injected clock was advanced.
  void tick();
  void stop();

private:
  core(const core_options& o, const clock& c);
  result<done> open(const core_options& o, const json& script, const make_service& make);
  void run_on_loop(const std::function<void()>& f);
  void arm();
  void turn();

  // core_requests.cpp
  void take(call_ptr c, const send_fn& send);
  void ask_service(const call_ptr& c, const reply_fn& reply);
  bool instead(const std::vector<fault_spec>& met, const call_ptr& c, const send_fn& send);
  void finish(const std::vector<fault_spec>& met, const call_ptr& c, http::response r,
              const send_fn& send);
  void send_synced(http::response r, const send_plan& plan, const send_fn& send);
  void flush();
  void count(const call& c, unsigned status);
  void happen(const fault_spec& f);
  // core_control.cpp
  http::response control(call& c);
  [[nodiscard]] json stats() const;

  const clock& clock_;
  std::string host_;
  std::unique_ptr<random_source> random_;
  boost::asio::io_context io_;
  agenda later_;
  fault_script faults_;
  std::unique_ptr<ledger> book_;
  std::unique_ptr<service> service_;
  std::unique_ptr<front> front_;
  boost::asio::steady_timer timer_;
  std::map<int, std::uint16_t> ports_;
  std::vector<std::function<void()>> unsynced_; ///< answers that wait for the ledger
  bool flushing_ = false;
  struct tally {
    std::uint64_t count = 0;
    std::map<unsigned, std::uint64_t> statuses;
  };
  std::map<std::string, tally, std::less<>> tallies_;
  std::uint64_t requests_ = 0;
  std::thread thread_;
};

} // namespace o3::doubles
