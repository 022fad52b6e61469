#include "tests/doubles/base/faults.hpp"

#include "runtime/base/text.hpp"
#include "tests/doubles/base/route_table.hpp"

#include <array>

namespace o3::doubles {

namespace {

constexpr std::array<std::string_view, 18> kind_names{
  "drop_answer", "commit_late", "error_after_commit", "status",   "rate_limited", "redirect",
  "truncate",    "slow",        "wrong_length",       "not_json", "huge",         "delay",
  "lag",         "page_shift",  "token_expired",      "purge",    "refuse",       "close_early"};

error wrong(const std::string& where, const std::string& what, std::string hint = {}) {
  return make_error(fault::bad_value, what, where, std::move(hint));
}

/// Refuses keys that nothing reads: a typing mistake must not become a fault-free run.
result<done> only_keys(const json& j, const std::string& where,
                       const std::vector<std::string>& known) {
  if (!j.is_object())
    return wrong(where, "an object is needed here");
  for (const auto& [key, value] : j.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return wrong(pointer_join(where, key), "unknown key '" + key + "'", nearest_hint(key, known));
  return done{};
}

std::optional<fault_kind> kind_of(std::string_view name) {
  for (std::size_t i = 0; i < kind_names.size(); ++i)
    if (kind_names[i] == name)
      return static_cast<fault_kind>(i);
  return std::nullopt;
}

void defaults(fault_spec& f) {
  switch (f.kind) {
  case fault_kind::error_after_commit:
    f.status = 500;
    break;
  case fault_kind::status:
    f.status = 502;
    break;
  case fault_kind::redirect:
    f.status = 302;
    f.location = "/migrations_notran/";
    break;
  case fault_kind::slow:
    f.bytes = 1;
    f.ms = millis{1000};
    break;
  case fault_kind::truncate:
    f.bytes = 20;
    break;
  case fault_kind::wrong_length:
    f.delta = 100;
    break;
  case fault_kind::huge:
    f.bytes = 64 << 20;
    break;
  case fault_kind::page_shift:
    f.bytes = 1;
    break;
  default:
    break;
  }
}

} // namespace

std::string_view to_string(fault_kind k) {
  return kind_names[static_cast<std::size_t>(k)];
}

result<fault_spec> fault_spec::parse(const json& j, const std::string& where) {
  O3_TRY(const done ok, only_keys(j, where,
                                  {"kind", "ms", "status", "body", "content_type", "bytes", "delta",
                                   "location", "retry_after", "hang"}));
  static_cast<void>(ok);
  const auto name = get_or<std::string>(j, "kind", "");
  const auto kind = kind_of(name);
  if (!kind) {
    const std::vector<std::string> known(kind_names.begin(), kind_names.end());
    return wrong(where + "/kind", "unknown fault '" + name + "'", nearest_hint(name, known));
  }
  fault_spec f;
  f.kind = *kind;
  defaults(f);
  f.ms = millis{get_or<std::int64_t>(j, "ms", f.ms.count())};
  f.status = get_or<unsigned>(j, "status", f.status);
  f.bytes = get_or<std::size_t>(j, "bytes", f.bytes);
  f.delta = get_or<std::ptrdiff_t>(j, "delta", f.delta);
  f.location = get_or<std::string>(j, "location", f.location);
  f.retry_after = get_or<double>(j, "retry_after", f.retry_after);
  f.hang = get_or<bool>(j, "hang", false);
  if (const auto body = j.find("body"); body != j.end())
    f.body = body->is_string() ? body->get<std::string>() : canonical(*body);
  f.content_type = get_or<std::string>(
    j, "content_type",
    !f.body.empty() && (f.body.front() == '{' || f.body.front() == '[') ? "application/json"
                                                                        : "text/html");
  if (f.ms < millis{0} || (f.status != 0 && (f.status < 200 || f.status > 599)))
    return wrong(where, "'ms' must not be negative and 'status' must be 200 to 599");
  if (f.kind == fault_kind::slow && (f.bytes == 0 || f.ms == millis{0}))
    return wrong(where, "'slow' needs bytes and ms above 0");
  return f;
}

result<fault_rule> fault_rule::parse(const json& j, const std::string& where) {
  O3_TRY(const done ok, only_keys(j, where,
                                  {"match", "on", "nth", "every", "skip", "times", "probability",
                                   "from_ms", "until_ms", "fault"}));
  static_cast<void>(ok);
  fault_rule r;
  const auto on = get_or<std::string>(j, "on", "request");
  if (on != "request" && on != "connection")
    return wrong(where + "/on", "'on' is request or connection");
  r.on_connection = on == "connection";
  if (const auto match = j.find("match"); match != j.end()) {
    O3_TRY(const done fine, only_keys(*match, where + "/match", {"method", "route", "contains"}));
    static_cast<void>(fine);
    r.method = get_or<std::string>(*match, "method", "");
    r.pattern = get_or<std::string>(*match, "route", "");
    r.contains = get_or<std::string>(*match, "contains", "");
  }
  if (const auto nth = j.find("nth"); nth != j.end())
    for (const json& n : nth->is_array() ? *nth : json::array({*nth})) {
      if (!n.is_number_integer() || n.get<std::int64_t>() < 1)
        return wrong(where + "/nth", "'nth' is a number from 1, or a list of them");
      r.nth.insert(n.get<std::uint64_t>());
    }
  r.every = get_or<std::uint64_t>(j, "every", 0);
  r.skip = get_or<std::uint64_t>(j, "skip", 0);
  r.times = get_or<std::uint64_t>(j, "times", 0);
  r.probability = get_or<double>(j, "probability", 1);
  r.from = millis{get_or<std::int64_t>(j, "from_ms", 0)};
  r.until = millis{get_or<std::int64_t>(j, "until_ms", 0)};
  if (j.find("fault") == j.end())
    return wrong(where, "a rule needs a 'fault'");
  O3_TRY(r.what, fault_spec::parse(j["fault"], where + "/fault"));
  const bool closing = r.what.kind == fault_kind::close_early || r.what.kind == fault_kind::refuse;
  if (r.on_connection && !closing)
    return wrong(where + "/fault", "on a connection only close_early and refuse can happen");
  if (!r.on_connection && r.what.kind == fault_kind::close_early)
    return wrong(where + "/on", "close_early happens on a connection: say \"on\": \"connection\"");
  return r;
}

bool path_fits(std::string_view pattern, std::string_view path) {
  const auto want = segments_of(pattern);
  const auto have = segments_of(path);
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (want[i] == "**")
      return true;
    if (i >= have.size() || (want[i] != have[i] && want[i] != "*" && want[i].front() != '{'))
      return false;
  }
  return want.size() == have.size();
}

result<done> fault_script::set(const json& script) {
  O3_TRY(const done ok, only_keys(script, "", {"rules", "add", "now", "comment"}));
  static_cast<void>(ok);
  std::vector<fault_rule> next;
  const bool replaces = script.contains("rules");
  if (!replaces)
    next = rules_;
  for (const char* key : {"rules", "add"}) {
    const auto list = script.find(key);
    if (list == script.end())
      continue;
    if (!list->is_array())
      return wrong("/" + std::string(key), "a list of rules is needed here");
    for (std::size_t i = 0; i < list->size(); ++i) {
      O3_TRY(fault_rule r, fault_rule::parse((*list)[i], pointer_join("/" + std::string(key), i)));
      r.since = clock_.steady();
      next.push_back(std::move(r));
    }
  }
  rules_ = std::move(next);
  return done{};
}

bool fault_script::fires(fault_rule& r) {
  const millis age = clock_.steady() - r.since;
  if (age < r.from || (r.until > millis{0} && age >= r.until))
    return false;
  const std::uint64_t n = ++r.matches;
  if (n <= r.skip || (r.times != 0 && r.fired >= r.times))
    return false;
  if (!r.nth.empty() && r.nth.count(n) == 0)
    return false;
  if (r.every != 0 && (n - r.skip) % r.every != 0)
    return false;
  constexpr double whole = 1ULL << 53;
  if (r.probability < 1 && static_cast<double>(random_.below(1ULL << 53)) >= r.probability * whole)
    return false;
  ++r.fired;
  return true;
}

std::vector<fault_spec> fault_script::pick(const call& c) {
  std::vector<fault_spec> out;
  for (fault_rule& r : rules_) {
    const bool fits = !r.on_connection && (r.method.empty() || r.method == c.method)
                      && (r.pattern.empty() || path_fits(r.pattern, c.path))
                      && (r.contains.empty() || c.body.find(r.contains) != std::string::npos);
    if (fits && fires(r))
      out.push_back(r.what);
  }
  return out;
}

std::vector<fault_spec> fault_script::pick_connection() {
  std::vector<fault_spec> out;
  for (fault_rule& r : rules_)
    if (r.on_connection && fires(r))
      out.push_back(r.what);
  return out;
}

json fault_script::show() const {
  json out = json::array();
  for (const fault_rule& r : rules_)
    out.push_back({{"on", r.on_connection ? "connection" : "request"},
                   {"method", r.method},
                   {"route", r.pattern},
                   {"kind", to_string(r.what.kind)},
                   {"matches", r.matches},
                   {"fired", r.fired}});
  return out;
}

} // namespace o3::doubles
