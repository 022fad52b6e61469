// An O3 node inside a test or another program's test: real engine, no threads, no sockets, time
// that passes when the test says so.
//
//   o3::harness::node o3;                                   // memory store, virtual clock, seed 1
//   auto id = o3.submit(R"({"workflow": {"meta": {"template": "three_noops"}}})"_json);
//   o3.advance(std::chrono::hours{24});                     // a day passes in milliseconds
//   assert(o3.state(id) == "successful");
//
// Errors: what a test must not ignore is thrown as std::runtime_error with the answer's text;
// `request` returns everything. Threads: one owner.
#pragma once
#include "cluster/node/node.hpp"
#include "tests/harness/faults.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace o3::harness {

struct options {
  std::uint64_t seed = 1;                       ///< of everything random in the node
  std::filesystem::path sqlite_dir;             ///< empty: memory store
  wall_time start = from_ms(1'800'000'000'000); ///< 2027-01-15T08:00:00Z
  std::vector<std::filesystem::path>
    templates;                          ///< directories; O3's own are not loaded by themselves
  std::filesystem::path own_templates;  ///< where templates stored by API lie; empty: nowhere
  std::vector<json> template_documents; ///< given as they are
  std::vector<tasks::installed_class> classes; ///< besides the built-in ones
  std::shared_ptr<outside::caller> targets;    ///< who answers tasks that call out; absent: nobody
  limits lim;
  engine::engine_options engine;
  preflight::options preflight;
  std::size_t template_revisions_max = 100;
  fault_plan faults;
  /// What crashes of earlier processes say; looked at by each start.
  std::shared_ptr<engine::suspects> suspects;
  log_level log = log_level::off; ///< of the node's own log, to stderr
  /// Who may ask besides admin: name, which is the token as well, and roles.
  std::vector<std::pair<std::string, std::vector<std::string>>> people;
};

struct http_answer {
  unsigned status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  [[nodiscard]] json document() const; ///< of the body
};

class node {
public:
  explicit node(options o = {});
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  // -- the REST API without a socket, as admin or as one of options::people
  http_answer request(http::method verb, const std::string& path, const std::string& body = {},
                      std::vector<std::pair<std::string, std::string>> headers = {},
                      const std::string& as = {});
  /// Registers a template until the node is restarted; options::template_documents are there after
  /// each start.
  void add_template(const json& doc);
  /// Submits; the workflow's id. Throws if it is not accepted.
  std::string submit(const json& body);
  json workflow(const std::string& id);
  json task(const std::string& id, const std::string& ref);
  std::string state(const std::string& id); ///< "running", "successful", …
  std::string task_state(const std::string& id, const std::string& ref);
  http_answer cancel(const std::string& id);
  /// The records of a workflow as JSON, in order: what a restart would see.
  json journal(const std::string& id);
  std::string log(const std::string& id);

  // -- time
  void run(); ///< until nothing happens without time passing
  void advance(millis d);
  void away(millis d); ///< time passes while the node is down: after stop() or crash()
  /// Lets time pass, timer by timer, until the workflow has ended; throws after `most` of virtual
  /// time.
  void await_end(const std::string& id, millis most = std::chrono::hours{24 * 400});
  [[nodiscard]] wall_time now() const;

  // -- life and death
  void crash();                            ///< as kill -9: nothing more is written; start() goes on
  void stop();                             ///< as SIGTERM
  void start();                            ///< with the same store, clock and directory
  [[nodiscard]] bool dead() const;         ///< a fault point or the store ended it
  [[nodiscard]] std::string death() const; ///< why
  [[nodiscard]] std::uint64_t rows() const; ///< journal rows committed so far
  void set_faults(const fault_plan& f);
  o3::node& inner(); ///< the ports

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace o3::harness
