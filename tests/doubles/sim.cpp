#include "tests/doubles/sim.hpp"

#include "tests/doubles/awx/awx.hpp"
#include "tests/doubles/base/core.hpp"
#include "tests/doubles/tfe/tfe.hpp"

#include <fstream>
#include <iostream>
#include <pthread.h>
#include <signal.h>
#include <sstream>
#include <unistd.h>

namespace o3::doubles {

namespace {

result<json> read_json(const std::filesystem::path& file, const json& instead) {
  if (file.empty())
    return instead;
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return make_error(fault::file_broken, file.string() + " cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  auto read = parse_json(text.str(), limits{});
  if (!read)
    return std::move(read.error()).prefixed(file.string());
  return read;
}

result<std::pair<std::string, std::uint16_t>> address_of(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  const auto port
    = colon == std::string::npos ? std::nullopt : whole_number(listen.substr(colon + 1));
  constexpr std::int64_t port_max = 65535;
  if (!port || *port < 0 || *port > port_max)
    return make_error(fault::config_invalid,
                      "'" + listen + "' is not an address to listen on, such as 127.0.0.1:0");
  std::string host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return std::pair(host, static_cast<std::uint16_t>(*port));
}

} // namespace

simulator::simulator(std::unique_ptr<core> c) : core_(std::move(c)) {
}

simulator::~simulator() = default;

result<std::unique_ptr<simulator>> simulator::start(const sim_options& o, const clock& c) {
  if (o.kind != "awx" && o.kind != "tfe")
    return make_error(fault::config_invalid, "'" + o.kind + "' is not simulated", {},
                      "known: awx, tfe");
  if (o.dir.empty())
    return make_error(fault::config_invalid, "a directory for the ledger is needed");
  O3_TRY(const auto address, address_of(o.listen));
  O3_TRY(const json script, read_json(o.script, o.script_json));
  O3_TRY(const json world, read_json(o.world, o.world_json));
  core_options co;
  co.host = address.first;
  co.port = address.second;
  co.ledger = o.dir / "ledger.jsonl";
  co.seed = o.seed;
  co.file_store = o.kind == "tfe";
  const core::make_service make = [&](surroundings s) -> result<std::unique_ptr<service>> {
    if (o.kind == "awx")
      return make_awx(std::move(s), {o.prefix, o.job_duration, world, o.tokens});
    return make_tfe(std::move(s), {o.job_duration, world, o.tokens, o.requests_per_second,
                                   o.run_lists_per_minute});
  };
  O3_TRY(auto started, core::start(co, script, make, c));
  return std::unique_ptr<simulator>(new simulator(std::move(started)));
}

std::uint16_t simulator::port() const {
  return core_->port();
}

std::uint16_t simulator::file_port() const {
  return core_->port(1);
}

std::string simulator::url() const {
  return core_->about().value("url", "");
}

json simulator::about() const {
  return core_->about();
}

json simulator::control(const std::string& method, const std::string& target, const json& body) {
  return core_->control(method, target, body);
}

std::vector<json> simulator::ledger() {
  std::vector<json> out;
  const json text = core_->control("GET", "/_sim/ledger/");
  if (text.is_object()) // a single line is a JSON document by itself
    return {text};
  std::istringstream in(text.get<std::string>());
  for (std::string line; std::getline(in, line);)
    out.push_back(json::parse(line));
  return out;
}

void simulator::tick() {
  core_->tick();
}

void simulator::stop() {
  core_->stop();
}

int run_sim(const sim_options& o) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  const auto s = simulator::start(o);
  if (!s) {
    std::cerr << "sim: " << s.error().message
              << (s.error().pointer.empty() ? "" : " (at " + s.error().pointer + ")")
              << (s.error().hint.empty() ? "" : "; " + s.error().hint) << "\n";
    return 2;
  }
  json line = (*s)->about();
  line["pid"] = ::getpid();
  std::cout << canonical(line) << std::endl; // NOLINT: somebody waits for this line
  int got = 0;
  while (sigwait(&ends, &got) != 0) {
  }
  (*s)->stop();
  return 0;
}

} // namespace o3::doubles
