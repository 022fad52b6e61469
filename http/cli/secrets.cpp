// secret set|ls|rm. A value is read from a file, from standard input or from a terminal that does
// not show it; never from the command line, where everybody on the machine could read it.
#include "http/cli/session.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/secret.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <memory>
#include <termios.h>
#include <unistd.h>

namespace o3::cli {
namespace {

constexpr std::size_t value_bytes_max = 64 << 10;

/// Echo off while it lives, if standard input is a terminal.
class silent_terminal {
public:
  silent_terminal() : active_(isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!active_)
      return;
    auto quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  silent_terminal(const silent_terminal&) = delete;
  silent_terminal& operator=(const silent_terminal&) = delete;
  ~silent_terminal() {
    if (active_)
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  [[nodiscard]] bool active() const { return active_; }

private:
  termios before_{};
  bool active_;
};

result<std::string> read_all(std::istream& in, const std::string& shown) {
  std::string text;
  char piece[1 << 12];
  while (in.read(piece, sizeof piece) || in.gcount() > 0) {
    text.append(piece, static_cast<std::size_t>(in.gcount()));
    if (text.size() > value_bytes_max + 2)
      return make_error(fault::too_large, shown + " is larger than 64 KiB");
  }
  if (text.ends_with('\n')) // the end of the line is no part of it
    text.pop_back();
  if (text.ends_with('\r'))
    text.pop_back();
  return text;
}

result<std::string> read_value(const context& c, const std::string& name, const std::string& file) {
  if (!file.empty()) {
    std::ifstream in{file, std::ios::binary};
    if (!in)
      return make_error(fault::not_found, "the file " + file + " cannot be opened");
    return read_all(in, file);
  }
  if (&c.env.in == &std::cin) {
    const silent_terminal quiet;
    if (quiet.active()) {
      c.env.err << "value of " << printable(name, 64) << " (not shown): " << std::flush;
      std::string line;
      std::getline(c.env.in, line);
      c.env.err << "\n";
      return line;
    }
  }
  return read_all(c.env.in, "standard input");
}

std::string secret_path(const std::string& name) {
  return "/api/v1/secret/" + percent_encoded(name) + "/";
}

std::string joined(const json& doc, const char* key, const char* none) {
  std::string text;
  if (doc.is_object() && doc.contains(key) && doc[key].is_array())
    for (const auto& item : doc[key])
      if (item.is_string())
        text += (text.empty() ? "" : " ") + printable(item.get<std::string>(), 256);
  return text.empty() ? none : text;
}

struct set_options {
  std::string name, file;
  std::vector<std::string> origins, templates;
  bool keep = false;
};

int set(const context& c, const set_options& o) {
  json body = json::object();
  if (!o.keep) {
    auto value = read_value(c, o.name, o.file);
    if (!value) {
      c.print(value.error());
      return exit_code::usage;
    }
    body["value"] = *std::move(value);
  }
  if (!o.origins.empty())
    body["origins"] = o.origins;
  if (!o.templates.empty())
    body["templates"] = o.templates;
  session s{c};
  auto text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  const auto a = s.ask({.method = "PUT", .path = secret_path(o.name), .body = text});
  wipe(text);
  if (!a)
    return a.code;
  if (c.g.json)
    c.print_json(a.doc);
  else
    c.env.out << "secret " << printable(o.name, 64) << " stored for "
              << joined(a.doc, "origins", "no system") << "; refer to it by ${secret."
              << printable(o.name, 64) << "}\n";
  return exit_code::ok;
}

int list(const context& c) {
  session s{c};
  const auto a = s.ask({.path = "/api/v1/secret/"});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(a.doc);
    return exit_code::ok;
  }
  table t{{"SECRET", "SOURCE", "ORIGINS", "TEMPLATES", "UPDATED"}, {}, -1};
  if (a.doc.is_object() && a.doc.contains("items") && a.doc["items"].is_array())
    for (const auto& item : a.doc["items"])
      t.rows.push_back({text_of(item, "name", 64), text_of(item, "source", 32),
                        joined(item, "origins", "none"), joined(item, "templates", "all"),
                        text_of(item, "updated_at", 64)});
  const bool color = c.env.screen.present && !c.g.no_color && c.env.variable("NO_COLOR").empty();
  c.env.out << (t.rows.empty()
                  ? "no secrets\n"
                  : to_text(t, color, c.env.screen.present ? c.env.screen.columns : 0));
  return exit_code::ok;
}

int remove(const context& c, const std::string& name) {
  session s{c};
  const auto a = s.ask({.method = "DELETE", .path = secret_path(name)});
  if (!a)
    return a.code;
  if (c.g.json)
    c.print_json({{"removed", name}});
  else
    c.env.out << "secret " << printable(name, 64) << " removed\n";
  return exit_code::ok;
}

} // namespace

void add_secret_commands(const registry& r) {
  auto& ctx = r.ctx;
  auto* secret = r.group("secret", "Named secrets: what templates refer to by ${secret.NAME}");
  const auto o = std::make_shared<set_options>();
  auto* set_command = r.add(*secret, "set", "Store a secret; its value is read from standard input",
                            [&ctx, o] { return set(ctx, *o); });
  set_command->add_option("name", o->name, "1 to 64 letters, digits, '_' and '-'")->required();
  set_command
    ->add_option("--origin", o->origins,
                 "a system it may be sent to, e.g. https://awx.example; '*' for any; repeatable")
    ->allow_extra_args(false);
  set_command
    ->add_option("--template", o->templates, "a template that may use it; default: all; repeatable")
    ->allow_extra_args(false);
  auto* file = set_command->add_option("--from-file", o->file, "read the value from this file");
  set_command->add_flag("--keep-value", o->keep, "change only where it may go")->excludes(file);
  r.add(*secret, "ls", "List the secrets, without their values", [&ctx] { return list(ctx); });
  const auto name = std::make_shared<std::string>();
  r.add(*secret, "rm", "Remove a secret", [&ctx, name] { return remove(ctx, *name); })
    ->add_option("name", *name, "its name")
    ->required();
}

} // namespace o3::cli
