// o3_sim awx|tfe [--listen A:P] --dir D [--script F] [--world F] … : a double as a process.
#include "tests/doubles/base/exchange.hpp"
#include "tests/doubles/sim.hpp"

#include <iostream>

namespace {

constexpr const char* usage
  = "usage: o3_sim awx|tfe --dir DIR [--listen ADDRESS:PORT] [--script FILE] [--world FILE]\n"
    "       [--seed N] [--duration-ms N] [--token USER=TOKEN]… [--prefix PATH]\n"
    "       [--rate N] [--list-rate N]\n";

/// False if the option is unknown or its value cannot be read.
bool set(o3::doubles::sim_options& o, const std::string& name, const std::string& value) {
  const auto number = o3::doubles::whole_number(value);
  const bool counts = number && *number >= 0;
  if (name == "--dir")
    o.dir = value;
  else if (name == "--listen")
    o.listen = value;
  else if (name == "--script")
    o.script = value;
  else if (name == "--world")
    o.world = value;
  else if (name == "--prefix")
    o.prefix = value;
  else if (name == "--seed" && counts)
    o.seed = static_cast<std::uint64_t>(*number);
  else if (name == "--duration-ms" && counts)
    o.job_duration = o3::millis{*number};
  else if (name == "--rate" && counts)
    o.requests_per_second = static_cast<int>(*number);
  else if (name == "--list-rate" && counts)
    o.run_lists_per_minute = static_cast<int>(*number);
  else if (const auto mark = value.find('='); name == "--token" && mark != std::string::npos)
    o.tokens.emplace_back(value.substr(0, mark), value.substr(mark + 1));
  else
    return false;
  return true;
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  o3::doubles::sim_options o;
  bool ok = args.size() % 2 == 1;
  if (!args.empty())
    o.kind = args.front();
  for (std::size_t i = 1; ok && i + 1 < args.size(); i += 2)
    ok = set(o, args[i], args[i + 1]);
  if (!ok || o.dir.empty()) {
    std::cerr << usage;
    return 2;
  }
  return o3::doubles::run_sim(o);
}
