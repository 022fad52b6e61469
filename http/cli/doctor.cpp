// doctor: the checks that ask the server, and the command.
#include "http/cli/doctor.hpp"

#include "http/cli/cli.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ostream>

namespace o3::cli {
namespace {

constexpr millis skew_warn{5'000}; ///< the Date header counts whole seconds
constexpr millis quick{5'000};

/// "Sat, 21 Nov 2026 09:07:11 GMT" (RFC 9110), the only form servers may send.
std::optional<wall_time> parse_http_date(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || text.substr(26) != "GMT")
    return {};
  const auto month = months.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0)
    return {};
  const auto number = std::to_string(month / 3 + 1);
  return parse_rfc3339(std::string{text.substr(12, 4)} + "-" + (number.size() < 2 ? "0" : "")
                       + number + "-" + std::string{text.substr(5, 2)} + "T"
                       + std::string{text.substr(17, 8)} + "Z");
}

finding_line check_clock(const http::client::response& r, const environment& env) {
  const auto theirs = parse_http_date(r.header("date"));
  if (!theirs)
    return {verdict::warn, "clock: the server sends no readable Date",
            "is it an O3 server, or something in front of it?"};
  const auto off = env.time.wall() - *theirs;
  if (off > skew_warn || off < -skew_warn)
    return {verdict::warn,
            "clock: this machine and the server differ by "
              + duration_text(millis{std::abs(off.count())}),
            "set both by NTP: schedules and times shown depend on it"};
  return {verdict::ok, "clock: agrees with the server's", ""};
}

std::string_view word(verdict v) {
  constexpr std::array<std::string_view, 3> words{"ok", "warn", "FAIL"};
  return words[static_cast<std::size_t>(v)];
}

int doctor(const context& c) {
  session s{c};
  bool up = false;
  auto all = check_config(c);
  const auto add = [&](diagnosis more) {
    all.insert(all.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  };
  add(check_server(s, c.env, up));
  if (!s.data_dir().empty())
    add(check_data_dir(c.env, s.data_dir(), up));
  add(check_open_files());
  bool failed = false;
  json list = json::array();
  for (const auto& line : all) {
    failed = failed || line.how == verdict::fail;
    list.push_back({{"verdict", word(line.how)}, {"what", line.what}, {"advice", line.advice}});
    if (!c.g.json)
      c.env.out << fit(word(line.how), 5) << line.what
                << (line.advice.empty() ? "" : "\n       -> " + line.advice) << "\n";
  }
  if (c.g.json)
    c.print_json({{"ok", !failed}, {"checks", list}});
  return failed ? exit_code::failed : exit_code::ok;
}

} // namespace

diagnosis check_server(session& s, const environment& env, bool& up) {
  const auto health = s.ask_quietly({.path = "/healthz", .timeout = quick});
  if (!health)
    return {{verdict::fail, "server: " + health.error().message, health.error().hint}};
  if (health->status != 200)
    return {{verdict::fail,
             "server: " + s.url() + "/healthz answered " + std::to_string(health->status),
             "is it an O3 server? check --url"}};
  up = true;
  diagnosis out{{verdict::ok, "server: " + printable(s.url()) + " answers", ""}};
  out.push_back(check_clock(*health, env));
  const auto ready = s.ask_quietly({.path = "/readyz", .timeout = quick});
  if (!ready || ready->status != 200)
    out.push_back({verdict::warn, "server: it is not ready, it starts or stops",
                   "look again in a moment, then at the server's log"});
  for (auto* check : {&check_token, &check_templates, &check_quarantine})
    for (auto& line : check(s))
      out.push_back(std::move(line));
  return out;
}

diagnosis check_token(session& s) {
  const auto info = s.ask_quietly({.path = "/api/v1/info/", .timeout = quick});
  if (!info)
    return {{verdict::fail, "token: " + info.error().message, info.error().hint}};
  if (s.token_source().empty())
    return {{verdict::fail, "token: none was found",
             "give --token or O3_TOKEN, or run as the user who can read " + printable(s.data_dir())
               + "/client-token"}};
  if (info->status == 401)
    return {{verdict::fail, "token: the server does not know the one from " + s.token_source(),
             "take the token of this server: each data directory has its own"}};
  if (info->status == 403)
    return {{verdict::warn, "token: accepted, but it may not read the server's information",
             "ask for a token with more permissions if something is refused"}};
  if (info->status != 200)
    return {{verdict::warn, "server: /api/v1/info/ answered " + std::to_string(info->status),
             "look at the server's log"}};
  diagnosis out{{verdict::ok, "token: accepted (from " + s.token_source() + ")", ""}};
  const auto theirs = text_of(json::parse(info->body, nullptr, false), "version", 64);
  if (theirs == version())
    out.push_back({verdict::ok, "version: " + theirs + ", as this command", ""});
  else
    out.push_back({verdict::warn,
                   "version: the server is " + (theirs.empty() ? "unknown" : theirs)
                     + ", this command " + std::string{version()},
                   "use the same version of both"});
  return out;
}

diagnosis check_templates(session& s) {
  const auto r = s.ask_quietly({.path = "/api/v1/template/", .timeout = quick});
  if (!r || r->status != 200)
    return {}; // the token's line says why
  const auto doc = json::parse(r->body, nullptr, false);
  diagnosis out;
  if (doc.is_object() && doc.contains("problems") && doc["problems"].is_array())
    for (const auto& p : doc["problems"])
      out.push_back({verdict::warn,
                     "template: "
                       + (p.is_string() ? printable(p.get<std::string>())
                                        : text_of(p, "file") + " " + text_of(p, "message")
                                            + text_of(p, "detail")),
                     "mend the file, then 'o3 template reload'"});
  if (out.empty())
    out.push_back({verdict::ok, "templates: no problems", ""});
  return out;
}

diagnosis check_quarantine(session& s) {
  constexpr std::size_t shown = 5;
  constexpr int pages_max = 50; // each may be empty and yet not the last one
  std::size_t count = 0;
  std::string cursor;
  diagnosis out;
  for (int page = 0; page == 0 || (!cursor.empty() && page < pages_max); ++page) {
    const auto r = s.ask_quietly(
      {.path = "/api/v1/quarantine/?limit=200" + (cursor.empty() ? "" : "&cursor=" + cursor),
       .timeout = quick});
    if (!r || r->status != 200)
      return out; // the token's line says why
    const auto doc = json::parse(r->body, nullptr, false);
    if (!doc.is_object() || !doc.contains("items") || !doc["items"].is_array())
      break;
    for (const auto& w : doc["items"])
      if (++count <= shown)
        out.push_back(
          {verdict::warn,
           "quarantine: workflow " + text_of(w, "id", 64) + " is " + text_of(w, "reason", 512),
           "mend the cause, then 'o3 quarantine release ID'; or cancel it"});
    cursor = percent_encoded(text_of(doc, "next_cursor", 256));
  }
  if (count > shown)
    out.push_back({verdict::warn, "quarantine: " + std::to_string(count - shown) + " more",
                   "'o3 quarantine ls' shows them"});
  if (count == 0)
    out.push_back({verdict::ok, "quarantine: empty", ""});
  return out;
}

void add_doctor_command(const registry& r) {
  auto& ctx = r.ctx;
  r.add(r.app, "doctor", "Look for what is wrong and say what to do",
        [&ctx] { return doctor(ctx); });
}

} // namespace o3::cli
