#include "actors/workers/wire.hpp"

#include "runtime/base/json_writer.hpp"

namespace o3::workers {
namespace {

using said = std::variant<hello, call_event>;

std::string line_of(const char* key, std::uint64_t value) {
  std::string out;
  json_writer{out}.begin_object().field(key, value).end_object();
  return out;
}

error malformed(std::string what) {
  return make_error(fault::bad_request, std::move(what));
}

const std::string* text(const json& j, const char* key) {
  auto it = j.find(key);
  return it == j.end() ? nullptr : it->get_ptr<const json::string_t*>();
}

std::optional<std::uint64_t> number(const json& j, const char* key) {
  auto it = j.find(key);
  return it == j.end() || !it->is_number_unsigned() ? std::nullopt
                                                    : std::optional{it->get<std::uint64_t>()};
}

result<said> read_hello(const json& j) {
  auto protocol = j.is_object() ? number(j, "protocol") : std::nullopt;
  if (!protocol)
    return malformed("'hello' needs 'protocol', a whole number");
  hello h;
  h.protocol = static_cast<std::int64_t>(*protocol);
  h.pid = static_cast<int>(number(j, "pid").value_or(0));
  if (auto it = j.find("classes"); it != j.end())
    h.classes = it->size();
  return said{h};
}

result<said> read_set(call_event e, json& j, const json& line) {
  auto n = number(line, "n");
  if (!n || !j.is_object() || j.size() != 1)
    return malformed("'set' needs one attribute and 'n', a whole number");
  e.what = call_event::kind::attribute;
  e.n = *n;
  e.name = j.begin().key();
  e.value = std::move(j.begin().value());
  return said{std::move(e)};
}

result<said> read_log(call_event e, const json& j) {
  const auto* level = j.is_object() ? text(j, "level") : nullptr;
  const auto* what = j.is_object() ? text(j, "text") : nullptr;
  auto parsed = level == nullptr ? std::nullopt : parse_log_level(*level);
  if (!parsed || *parsed == log_level::off || what == nullptr)
    return malformed("'log' needs 'level' (debug, info, warning or error) and 'text'");
  e.what = call_event::kind::log;
  e.level = *parsed;
  e.text = *what;
  return said{std::move(e)};
}

result<said> read_end(call_event e, const json& j) {
  const auto* state = j.is_object() ? text(j, "state") : nullptr;
  auto parsed = state == nullptr ? std::nullopt : parse_task_state(*state);
  if (!parsed || !is_terminal(*parsed) || *parsed == task_state::skipped)
    return malformed("'end' needs 'state': successful, failed, canceled, exception or timeout");
  e.what = call_event::kind::ended;
  e.state = *parsed;
  if (const auto* message = text(j, "message"))
    e.text = *message;
  return said{std::move(e)};
}

result<said> read_line(std::string_view line, const limits& lim) {
  auto parsed = parse_json(line, lim);
  if (!parsed) // only the kind of mistake: a line may hold secrets
    return malformed("it is no JSON: " + std::string{fault_code(parsed.error().code)});
  json& j = *parsed;
  if (!j.is_object())
    return malformed("it is no JSON object");
  if (auto it = j.find("hello"); it != j.end())
    return read_hello(*it);
  auto id = number(j, "id");
  if (!id)
    return malformed("it has no 'id'");
  call_event e;
  e.id = *id;
  if (auto it = j.find("set"); it != j.end())
    return read_set(std::move(e), *it, j);
  if (auto it = j.find("log"); it != j.end())
    return read_log(std::move(e), *it);
  if (auto it = j.find("end"); it != j.end())
    return read_end(std::move(e), *it);
  if (j.contains("alive")) {
    e.what = call_event::kind::alive;
    return said{std::move(e)};
  }
  return malformed("it is none of hello, set, log, alive and end");
}

} // namespace

std::string call_line(std::uint64_t id, const call& c) {
  std::string out;
  out.reserve(384);
  json_writer w{out};
  w.begin_object().key("call").begin_object();
  w.field("id", id)
    .field("class", c.class_name)
    .field("inputs", c.inputs)
    .field("attributes", c.attributes);
  w.field("attempt", c.attempt)
    .field("n", c.written)
    .field("last_task_state", c.last_task_state)
    .field("always_run", c.always_run);
  w.field("uuid", c.uuid).field("ref_name", c.ref_name).field("trace_id", c.trace_id);
  if (c.heartbeat)
    w.field("heartbeat_ms", static_cast<std::uint64_t>(c.heartbeat->count()));
  w.end_object().end_object();
  return out;
}

std::string ok_line(const call_ack& a) {
  std::string out;
  json_writer{out}.begin_object().field("ok", a.n).field("id", a.id).end_object();
  return out;
}

std::string cancel_line(std::uint64_t id) {
  return line_of("cancel", id);
}

std::string drop_line(std::uint64_t id) {
  return line_of("drop", id);
}

heard read_lines(std::string_view lines) {
  static const limits lim;
  heard h;
  h.bytes = lines.size();
  while (!lines.empty()) {
    auto end = lines.find('\n');
    auto one = read_line(lines.substr(0, end), lim);
    if (!one) {
      h.problem = "it said a line that is not as agreed: " + std::move(one.error().message);
      return h;
    }
    h.said.push_back(*std::move(one));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return h;
}

} // namespace o3::workers
