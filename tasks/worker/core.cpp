#include "tasks/worker/core.hpp"

#include "runtime/base/json_writer.hpp"

#include <exception>

namespace o3::tasks {
namespace {

constexpr std::int64_t signs_per_heartbeat = 3;
constexpr std::string_view prefix = "worker.";
constexpr std::size_t text_bytes_max = 64 << 10; ///< of a log line or an end message
/// A class asked to cancel that neither ends nor says when to look again is asked again after this.
constexpr millis cancel_again{1000};

// Deeper and larger than what a workflow may hold: the values were checked on their way in.
limits line_limits() {
  limits lim;
  lim.json_depth += 4;
  lim.json_nodes *= 4;
  return lim;
}

error malformed(std::string what) {
  return make_error(fault::bad_request, std::move(what));
}

std::string_view cut(std::string_view text) {
  return text.substr(0, text_bytes_max);
}

std::optional<std::uint64_t> number(const json& j, const char* key) {
  auto it = j.find(key);
  if (it == j.end() || !it->is_number_unsigned())
    return std::nullopt;
  return it->get<std::uint64_t>();
}

// False if the key holds something else than a text; absent is fine.
bool take_text(json& j, const char* key, std::string& out) {
  auto it = j.find(key);
  if (it == j.end())
    return true;
  if (!it->is_string())
    return false;
  out = std::move(it->get_ref<std::string&>());
  return true;
}

bool take_object(json& j, const char* key, json& out) {
  auto it = j.find(key);
  out = it == j.end() ? json::object() : std::move(*it);
  return out.is_object();
}

task_end exception_end(std::string text) {
  return {task_state::exception, fault::task_exception, std::move(text)};
}

} // namespace

worker_core::worker_core(const registry& classes, const clock& time, random_source& random)
    : classes_(classes), time_(time), random_(random) {
}

void worker_core::hello(int pid, std::string& out) const {
  json_writer w{out};
  w.begin_object().key("hello").begin_object().field("protocol", 1).key("classes").begin_array();
  for (const auto& c : classes_.all())
    w.value(c->name);
  w.end_array().field("pid", pid).end_object().end_object();
  out += '\n';
}

result<done> worker_core::feed(std::string_view line, std::string& out) {
  static const limits lim = line_limits();
  auto parsed = parse_json(line, lim);
  if (!parsed) // only the kind of mistake: a line holds secrets, and stderr is a log
    return malformed("a line is no JSON: " + std::string{fault_code(parsed.error().code)});
  json& j = *parsed;
  if (!j.is_object())
    return malformed("a line is a JSON object, not " + std::string{type_name(j)});
  if (auto it = j.find("call"); it != j.end())
    return on_call(*it, out);
  if (auto n = number(j, "ok")) {
    auto id = number(j, "id");
    if (!id)
      return malformed("'ok' needs the 'id' of its call");
    on_ok(*id, *n, out);
  } else if (auto to_cancel = number(j, "cancel")) {
    on_cancel(*to_cancel, out);
  } else if (auto to_drop = number(j, "drop")) {
    on_drop(*to_drop, out);
  } else {
    return malformed("a line is none of call, ok, cancel and drop");
  }
  return done{};
}

result<done> worker_core::on_call(json& j, std::string& out) {
  if (!j.is_object())
    return malformed("'call' is " + std::string{type_name(j)} + ", an object is needed");
  auto id = number(j, "id");
  if (!id)
    return malformed("'call' needs 'id', a whole number");
  auto about = "call " + std::to_string(*id) + ": ";
  open_call c;
  c.id = *id;
  c.last_task_state = "never";
  if (!take_text(j, "class", c.class_name) || c.class_name.empty())
    return malformed(about + "'class' is missing or no text");
  if (!take_object(j, "inputs", c.inputs) || !take_object(j, "attributes", c.attributes))
    return malformed(about + "'inputs' and 'attributes' are objects");
  for (auto [key, field] : {std::pair{"ref_name", &c.ref_name},
                            {"uuid", &c.uuid},
                            {"trace_id", &c.trace_id},
                            {"last_task_state", &c.last_task_state}})
    if (!take_text(j, key, *field))
      return malformed(about + "'" + key + "' is no text");
  if (auto n = number(j, "attempt"))
    c.attempt = static_cast<std::uint32_t>(*n);
  if (auto n = number(j, "n"))
    c.n = *n;
  if (auto ms = number(j, "heartbeat_ms"))
    c.alive_every
      = std::max(millis{1}, millis{static_cast<std::int64_t>(*ms)} / signs_per_heartbeat);
  if (auto it = j.find("always_run"); it != j.end())
    c.always_run = it->is_boolean() && it->get<bool>();
  c.started_at = time_.wall();
  c.code = classes_.code(c.class_name);
  if (c.code == nullptr && c.class_name.starts_with(prefix))
    c.code = classes_.code(std::string_view{c.class_name}.substr(prefix.size()));
  auto [it, fresh] = calls_.try_emplace(*id, std::move(c));
  if (!fresh)
    return malformed(about + "it is open already");
  auto& opened = it->second;
  if (opened.alive_every) {
    opened.alive_at = opened.started_at + *opened.alive_every;
    alive_.emplace(opened.alive_at, opened.id);
  }
  if (opened.code == nullptr)
    opened.end
      = exception_end("task class '" + opened.class_name + "' is not installed in this worker");
  else
    step(opened, task_verb::task_init, out);
  go_on(opened, out);
  return done{};
}

void worker_core::on_ok(std::uint64_t id, std::uint64_t n, std::string& out) {
  auto it = calls_.find(id);
  if (it == calls_.end() || !it->second.blocked || it->second.n != n)
    return;
  auto& c = it->second;
  c.blocked = false;
  auto& [name, value] = c.writes[c.written++];
  c.attributes[name] = std::move(value);
  go_on(c, out);
}

void worker_core::on_cancel(std::uint64_t id, std::string& out) {
  auto it = calls_.find(id);
  if (it == calls_.end() || std::exchange(it->second.stopping, true) || it->second.blocked)
    return; // a blocked call learns of it when its write is on disk
  step(it->second, task_verb::cancel, out);
  go_on(it->second, out);
}

void worker_core::on_drop(std::uint64_t id, std::string& out) {
  auto it = calls_.find(id);
  if (it == calls_.end())
    return;
  it->second.end = task_end{task_state::canceled, fault::canceled, "dropped"};
  end(it->second, out);
}

void worker_core::step(open_call& c, task_verb verb, std::string& out) {
  unwait(c);
  c.verb = verb;
  step_result r;
  try {
    r = c.code->step({verb, c.inputs, c.attributes, time_.wall(), c.started_at, random_.next(),
                      c.attempt, c.last_task_state, c.always_run, c.ref_name, c.uuid, c.trace_id});
    if (r.call_worker)
      r.end = exception_end("the class asked for a worker, but it runs in one");
  } catch (const std::exception& e) {
    r = {};
    r.end = exception_end(e.what());
  } catch (...) {
    r = {};
    r.end = exception_end("something was thrown that is no std::exception");
  }
  for (const auto& l : r.log) {
    json_writer w{out};
    w.begin_object().field("id", c.id).key("log").begin_object().field("level", to_string(l.level));
    w.field("text", cut(l.text)).end_object().end_object();
    out += '\n';
  }
  c.writes.clear();
  c.written = 0;
  if (r.set.is_object())
    for (auto& [name, value] : r.set.items())
      c.writes.emplace_back(name, std::move(value));
  c.end = std::move(r.end);
  c.wake_at = r.wake_at;
}

// Until the call has ended (then `c` is gone), waits for an ok, or waits for a time.
void worker_core::go_on(open_call& c, std::string& out) {
  for (;;) {
    if (c.written < c.writes.size() && write_next(c, out))
      return;
    if (c.end) {
      end(c, out);
      return;
    }
    if (c.stopping && c.verb != task_verb::cancel) {
      step(c, task_verb::cancel, out);
    } else if (c.verb == task_verb::task_init) {
      step(c, task_verb::run, out);
    } else if (c.wake_at || c.stopping) {
      wait(c, c.wake_at.value_or(time_.wall() + cancel_again));
      return;
    } else {
      c.end = exception_end("a step of class '" + c.class_name
                            + "' neither ended nor said when to look again");
    }
  }
}

/// False if the attribute cannot be written; the call has its end then.
bool worker_core::write_next(open_call& c, std::string& out) {
  const auto& [name, value] = c.writes[c.written];
  auto begin = out.size();
  json_writer w{out};
  w.begin_object().field("id", c.id).key("set").begin_object().key(name).value(value).end_object();
  w.field("n", c.n + 1).end_object();
  if (out.size() - begin > line_from_worker_bytes_max) {
    out.resize(begin);
    c.end = task_end{task_state::exception, fault::attribute_too_large,
                     "attribute '" + printable(name, 128) + "' does not fit in a line of "
                       + std::to_string(line_from_worker_bytes_max) + " bytes"};
    c.writes.clear();
    c.written = 0;
    return false;
  }
  out += '\n';
  ++c.n;
  return c.blocked = true;
}

void worker_core::end(open_call& c, std::string& out) {
  unwait(c);
  alive_.erase({c.alive_at, c.id});
  json_writer w{out};
  w.begin_object()
    .field("id", c.id)
    .key("end")
    .begin_object()
    .field("state", to_string(c.end->state));
  w.field("message", cut(c.end->message)).end_object().end_object();
  out += '\n';
  calls_.erase(c.id);
}

void worker_core::wait(open_call& c, wall_time until) {
  c.wake_at = until;
  due_.emplace(until, c.id);
}

void worker_core::unwait(open_call& c) {
  if (c.wake_at)
    due_.erase({*c.wake_at, c.id});
  c.wake_at.reset();
}

void worker_core::advance(std::string& out) {
  auto now = time_.wall();
  std::vector<std::uint64_t>
    ready; // first, so that a class that never wants to wait cannot keep us here
  for (auto it = due_.begin(); it != due_.end() && it->first <= now; ++it)
    ready.push_back(it->second);
  for (auto id : ready) {
    auto it = calls_.find(id);
    if (it == calls_.end())
      continue;
    step(it->second, it->second.stopping ? task_verb::cancel : task_verb::ping, out);
    go_on(it->second, out);
  }
  say_alive(now, out);
}

void worker_core::say_alive(wall_time now, std::string& out) {
  while (!alive_.empty() && alive_.begin()->first <= now) {
    auto& c = calls_.at(alive_.begin()->second);
    alive_.erase(alive_.begin());
    json_writer{out}.begin_object().field("id", c.id).field("alive", true).end_object();
    out += '\n';
    c.alive_at = now + *c.alive_every;
    alive_.emplace(c.alive_at, c.id);
  }
}

std::optional<wall_time> worker_core::next_due() const {
  std::optional<wall_time> due;
  for (const auto* all : {&due_, &alive_})
    if (!all->empty() && (!due || all->begin()->first < *due))
      due = all->begin()->first;
  return due;
}

} // namespace o3::tasks
