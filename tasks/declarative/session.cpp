// Requests and attributes; the walk through steps is in walk.cpp.
#include "tasks/declarative/session.hpp"

#include "runtime/base/text.hpp"
#include "runtime/launch/marker.hpp"
#include "tasks/declarative/url.hpp"

#include <algorithm>

namespace o3::declarative {
namespace {

bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool has_header(const outside::request& q, std::string_view lower_name) {
  return std::any_of(q.headers.begin(), q.headers.end(), [&](const auto& h) {
    return std::equal(h.first.begin(), h.first.end(), lower_name.begin(), lower_name.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  });
}

bool is_method(std::string_view m) {
  static const std::vector<std::string_view> known{"GET",   "HEAD",   "POST",   "PUT",
                                                   "PATCH", "DELETE", "OPTIONS"};
  return std::find(known.begin(), known.end(), m) != known.end();
}

error cannot(std::string what) {
  return make_error(fault::input_invalid, "the request cannot be made: " + std::move(what));
}

} // namespace

std::string id_text(const json& j) {
  if (j.is_string())
    return j.get<std::string>();
  return j.is_number_integer() ? j.dump() : std::string{};
}

session::session(std::shared_ptr<const document> d, const outside::occasion& o)
    : doc(std::move(d)), now(o.now) {
  known.inputs = doc->defaults;
  if (o.inputs.is_object())
    known.inputs.update(o.inputs);
  if (o.attributes.is_object())
    known.attributes = o.attributes;
  if (!o.marker.empty())
    known.launch["marker"] = o.marker;
  if (!o.key.empty()) {
    known.launch["key"] = o.key;
    if (const auto m = launch::parse_marker(std::string{o.key} + "-1"))
      known.launch["id"] = m->launch_id.hex();
  }
  known.launch["attempt"] = o.attempt;
  known.launch["restored"] = o.restored;
  if (o.witness)
    known.launch["newest"] = o.witness->newest;
  if (!o.external_id.empty())
    known.external["id"] = o.external_id;
  if (o.details && !o.details->is_null())
    known.external["details"] = *o.details;
  known.task = {{"attempt", o.attempt}, {"last_state", o.last_task_state}, {"force", o.force}};
  known.helpers = &doc->helpers;
  find_target();
}

void session::find_target() {
  if (!doc->target.url)
    return;
  evaluator e{known};
  const auto url = e.text(*doc->target.url);
  const auto parts = parse_url(url);
  if (!parts) {
    target_problem_ = e.ok() ? "the target's address must be http://host/… or https://host/…, "
                               "without user name and fragment"
                             : "the target's address cannot be made: " + e.problem();
    return;
  }
  known.target["origin"] = parts->origin;
  if (parts->rest.find('?') != std::string::npos) {
    target_problem_ = "the target's address must not have a query";
    return;
  }
  // "https://awx/" + "/api/v2/": people end addresses with a slash, or not.
  auto rest = parts->rest;
  rest.erase(
    std::unique(rest.begin(), rest.end(), [](char a, char b) { return a == '/' && b == '/'; }),
    rest.end());
  if (rest.ends_with('/'))
    rest.pop_back();
  known.target["url"] = parts->before + rest;
}

result<done> session::add_headers(const std::optional<value>& v, outside::request& q,
                                  evaluator& e) {
  const auto made = v ? e.eval(*v) : std::nullopt;
  if (!made || made->is_null())
    return done{};
  if (!made->is_object())
    return cannot("its headers are no object");
  for (const auto& [name, content] : made->items()) {
    auto text = content.is_string() ? content.get<std::string>() : canonical(content);
    if (!is_header_name(name) || !is_header_value(text))
      return cannot("header " + in_quotes(name) + " has a forbidden character");
    std::erase_if(q.headers, [&, &key = name](const auto& h) { return h.first == key; });
    q.headers.emplace_back(name, std::move(text));
  }
  return done{};
}

result<outside::request> session::finish_request(const step_spec& s, outside::request q,
                                                 evaluator& e) {
  O3_TRY(auto more, add_headers(doc->target.headers, q, e));
  O3_TRY(more, add_headers(s.headers, q, e));
  static_cast<void>(more);
  if (!has_header(q, "accept"))
    q.headers.emplace_back("Accept", "application/json");
  if (s.body) {
    if (auto body = e.eval(*s.body)) {
      q.body = canonical(*body);
      if (!has_header(q, "content-type"))
        q.headers.emplace_back("Content-Type", "application/json");
    }
  } else if (s.bytes) {
    q.body = e.text(*s.bytes);
  }
  q.method = s.method ? e.text(*s.method) : "GET";
  if (!is_method(q.method))
    return cannot(in_quotes(q.method) + " is no method");
  q.answer_bytes_max = s.bytes_max;
  if (s.auth && doc->target.auth_value && known.target.contains("origin")) {
    q.secret = e.text(*doc->target.auth_value);
    q.secret_header = e.text(*doc->target.auth_header);
    q.origin = known.target["origin"];
    const auto to = parse_url(q.url);
    if (!to || to->origin != q.origin)
      return cannot("its address is not the target's, and the credential is bound to that");
    if (!is_header_value(q.secret) || !is_header_name(q.secret_header))
      return cannot("the credential has a forbidden character");
    if (q.secret.empty())
      q.secret_header.clear(), q.origin.clear();
  }
  if (doc->target.verify) {
    const auto verify = e.eval(*doc->target.verify);
    q.verify = !verify || *verify != false;
  }
  if (doc->target.ca_file)
    if (const auto file = e.eval(*doc->target.ca_file); file && file->is_string())
      q.ca_file = file->get<std::string>();
  if (!e.ok())
    return cannot(e.problem());
  return q;
}

result<outside::request> session::build(const step_spec& s) {
  evaluator e{known};
  outside::request q;
  if (s.path) {
    if (!target_problem_.empty())
      return cannot(target_problem_);
    if (!known.target.contains("url"))
      return cannot("the class names no target");
    q.url = known.target["url"].get<std::string>() + e.path(*s.path);
  } else {
    q.url = e.text(*s.url);
  }
  bool first = q.url.find('?') == std::string::npos;
  for (const auto& [name, v] : s.query) {
    auto made = e.eval(v);
    if (!made || made->is_null())
      continue;
    std::string text = made->is_string() ? made->get<std::string>() : canonical(*made);
    q.url += (first ? '?' : '&') + percent_encoded(name) + '=' + percent_encoded(text);
    first = false;
  }
  if (!e.ok())
    return cannot(e.problem());
  if (!parse_url(q.url))
    return cannot("its address is no http(s) URL");
  return finish_request(s, std::move(q), e);
}

result<outside::request> session::build_link(const step_spec& s, const std::string& link) {
  evaluator e{known};
  outside::request q;
  q.url = link;
  return finish_request(s, std::move(q), e);
}

const json* session::attribute(std::string_view name) const {
  const auto at = known.attributes.find(name);
  return at == known.attributes.end() || at->is_null() ? nullptr : &*at;
}

void session::forget() {
  std::vector<std::string> names;
  for (const auto& [name, v] : known.attributes.items()) {
    const bool own = name == attr_end || name == attr_ignored || name == attr_stopped
                     || name == attr_missing || name == attr_log || name == attr_tries
                     || name == attr_turn || name.starts_with(attr_again);
    if (own && !v.is_null())
      names.push_back(name);
  }
  for (const auto& name : names)
    set(name, nullptr);
}

std::int64_t session::count(std::string_view name) const {
  const auto* at = attribute(name);
  return at && at->is_number_integer() ? at->get<std::int64_t>() : 0;
}

void session::set(std::string_view name, json v) {
  const auto* had = attribute(name);
  if (had && *had == v)
    return;
  known.attributes[std::string{name}] = v;
  out.set[std::string{name}] = std::move(v);
}

void session::set_all(const std::optional<value>& v) {
  if (!v)
    return;
  evaluator e{known};
  auto made = e.eval(*v);
  if (!e.ok())
    say(log_level::warning, "an attribute could not be made: " + e.problem());
  if (made && made->is_object())
    for (auto& [name, content] : made->items())
      set(name, std::move(content));
}

void session::say(log_level level, std::string text) {
  out.log.push_back({level, std::move(text)});
}

std::string session::sentence(const std::optional<value>& v) {
  if (!v)
    return {};
  evaluator e{known, evaluator::manner::lenient};
  return printable(e.text(*v));
}

namespace {

task_end plain_end(std::string_view state) {
  static const std::map<std::string_view, std::pair<task_state, fault>> words{
    {"successful", {task_state::successful, fault::none}},
    {"canceled", {task_state::canceled, fault::canceled}},
    {"timeout", {task_state::timeout, fault::task_timeout}},
    {"exception", {task_state::exception, fault::task_exception}},
    {"failed", {task_state::failed, fault::task_failed}}};
  const auto found = words.find(state);
  const auto& [s, code] = found == words.end() ? words.at("failed") : found->second;
  return {s, code, s == task_state::successful ? "" : "it ended " + std::string{state}};
}

} // namespace

std::optional<task_end> session::failure_of(std::string_view state) {
  known.state = std::string{state};
  for (const auto& row : doc->failures) {
    if (!evaluator{known}.holds(row.when))
      continue;
    auto end = plain_end(row.is);
    end.code = row.code;
    if (auto said = sentence(row.say); !said.empty())
      end.message = std::move(said);
    return end;
  }
  return std::nullopt;
}

task_end session::end_of(std::string_view state) {
  auto end = failure_of(state);
  return end ? *std::move(end) : plain_end(state);
}

json to_json(const task_end& e) {
  return {{"state", to_string(e.state)}, {"code", fault_code(e.code)}, {"message", e.message}};
}

task_end end_from_json(const json& j) {
  task_end end{task_state::exception, fault::outcome_lost, {}};
  if (!j.is_object())
    return end;
  const auto text = [&](const char* key) {
    const auto at = j.find(key);
    return at != j.end() && at->is_string() ? at->get<std::string>() : std::string{};
  };
  end.state = parse_task_state(text("state")).value_or(task_state::exception);
  if (text("code") == fault_code(fault::none))
    end.code = fault::none; // all_faults() has those that are some
  for (const auto f : all_faults())
    if (fault_code(f) == text("code"))
      end.code = f;
  end.message = text("message");
  return end;
}

} // namespace o3::declarative
