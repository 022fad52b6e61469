// config explain.
#include "config/loader/explain.hpp"
#include "http/cli/context.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

namespace o3::cli {
namespace {

int explain(const context& c, const std::string& only) {
  const auto in = c.config_input();
  if (!in) {
    c.print(in.error());
    return exit_code::usage;
  }
  const auto loaded = config::load(*in);
  if (!only.empty() && !config::find_field(only) && config::names_in(only).empty()) {
    const auto dot = std::min(only.find('.'), only.size());
    c.print(config::unknown_key(only.substr(0, dot), dot < only.size() ? only.substr(dot + 1) : "",
                                only));
    return exit_code::usage;
  }
  if (c.g.json) {
    c.print_json(config::explain_json(loaded, only));
  } else {
    c.env.out << (loaded.file.empty() ? "no configuration file (--config or O3_CONFIG names one)"
                                      : "file " + printable(loaded.file))
              << "\n";
    c.env.out << config::explain_text(loaded, only);
  }
  c.print(loaded.found);
  return loaded.found.ok() ? exit_code::ok : exit_code::usage;
}

} // namespace

void add_config_commands(const registry& r) {
  auto& ctx = r.ctx;
  auto only = std::make_shared<std::string>();
  auto* group = r.group("config", "Settings");
  auto* app = r.add(*group, "explain", "Show every setting, where it came from and what it may be",
                    [&ctx, only] { return explain(ctx, *only); });
  app->add_option("key", *only, "a section or section.key");
}

} // namespace o3::cli
