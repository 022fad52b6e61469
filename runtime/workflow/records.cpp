#include "runtime/workflow/records.hpp"

namespace o3::workflow {
namespace {

// The writing side. Absent means default, so that a row of three no-op tasks stays a few hundred
// bytes.
struct writer {
  json_writer& out;

  void text(std::string_view k, std::string_view v) const {
    if (!v.empty())
      out.field(k, v);
  }
  void number(std::string_view k, std::uint64_t v) const {
    if (v != 0)
      out.field(k, v);
  }
  void flag(std::string_view k, bool v) const {
    if (v)
      out.field(k, v);
  }
  void time(std::string_view k, const std::optional<wall_time>& t) const {
    if (t)
      out.field(k, to_ms(*t));
  }
  void object(std::string_view k, const json& v) const {
    if (!v.is_null() && !(v.is_object() && v.empty()))
      out.field(k, v);
  }
  void bad_end(fault code, std::string_view message) const {
    number("code", static_cast<std::uint16_t>(code));
    text("msg", message);
  }

  void operator()(const accepted& r) const {
    out.field("id", r.workflow).field("trace", std::string_view{r.trace_id});
    text("ref", r.ref);
    text("name", r.name);
    text("desc", r.description);
    out.field("project", std::string_view{r.project}).field("by", std::string_view{r.principal});
    out.field("template", std::string_view{r.template_ref}).field("rev", r.revision);
    out.field("plan", std::string_view{to_hex(r.plan_hash)});
    object("inputs", r.inputs);
    if (!r.warnings.empty()) {
      out.key("warnings").begin_array();
      for (const auto& w : r.warnings) {
        out.begin_object().field("code", static_cast<std::uint16_t>(w.code));
        text("ptr", w.pointer);
        text("msg", w.message);
        text("hint", w.hint);
        out.end_object();
      }
      out.end_array();
    }
    time("start_at", r.start_at);
  }
  void operator()(const started&) const {}
  void operator()(const task_started& r) const { out.field("t", r.task).field("n", r.attempt); }
  void operator()(const task_progress& r) const {
    out.field("t", r.task);
    object("set", r.set);
    time("wake", r.wake_at);
    text("for", r.waits_for);
    flag("call", r.calling);
    flag("stop", r.canceling);
  }
  void operator()(const task_ended& r) const {
    out.field("t", r.task);
    number("n", r.attempt);
    out.field("s", static_cast<unsigned>(r.state));
    object("set", r.set);
    bad_end(r.code, r.message);
  }
  void operator()(const task_retry& r) const {
    out.field("t", r.task);
    number("n", r.attempt);
    out.field("s", static_cast<unsigned>(r.state));
    object("set", r.set);
    bad_end(r.code, r.message);
    out.field("due", to_ms(r.due));
  }
  void operator()(const task_blocked& r) const {
    out.field("t", r.task).field("due", to_ms(r.due));
    bad_end(r.code, r.message);
  }
  void operator()(const attribute_set& r) const {
    out.field("t", r.task).field("a", r.attempt).field("n", r.n);
    out.field("name", std::string_view{r.name}).field("value", r.value);
  }
  void operator()(const failing& r) const { out.field("t", r.task).field("until", to_ms(r.until)); }
  void operator()(const canceled& r) const {
    text("by", r.by);
    text("why", r.reason);
    out.field("until", to_ms(r.until));
    flag("force", r.forced);
  }
  void operator()(const ended& r) const {
    out.field("s", static_cast<unsigned>(r.state));
    bad_end(r.code, r.message);
    object("out", r.outputs);
  }
  void operator()(const checkpoint& r) const { out.field("body", r.body); }
  void operator()(const quarantined& r) const { out.field("msg", std::string_view{r.message}); }
  void operator()(const task_launch& r) const {
    out.field("t", r.task).key("launch");
    launch::encode(out, r.change);
    time("tick", r.tick_at);
    text("for", r.waits_for);
  }
};

// The reading side; nlohmann throws on a wrong type, decode() turns that into a fault.
struct reader {
  const json& j;

  [[nodiscard]] std::string text(const char* k) const {
    auto it = j.find(k);
    return it == j.end() ? std::string{} : it->get<std::string>();
  }
  template <class T>
  [[nodiscard]] T number(const char* k, T fallback = 0) const {
    auto it = j.find(k);
    return it == j.end() ? fallback : it->template get<T>();
  }
  [[nodiscard]] bool flag(const char* k) const { return j.contains(k) && j.at(k).get<bool>(); }
  [[nodiscard]] std::optional<wall_time> time(const char* k) const {
    auto it = j.find(k);
    if (it == j.end())
      return std::nullopt;
    return from_ms(it->get<std::int64_t>());
  }
  [[nodiscard]] json object(const char* k) const {
    auto it = j.find(k);
    return it == j.end() ? json{} : *it;
  }
  [[nodiscard]] std::uint32_t task() const { return j.at("t").get<std::uint32_t>(); }
  [[nodiscard]] fault code() const { return static_cast<fault>(number<std::uint16_t>("code")); }
  [[nodiscard]] task_state state() const {
    return static_cast<task_state>(j.at("s").get<unsigned>());
  }

  [[nodiscard]] record read_accepted() const {
    accepted a;
    a.workflow = id::parse(text("id")).value_or(id{});
    a.trace_id = text("trace");
    a.ref = text("ref");
    a.name = text("name");
    a.description = text("desc");
    a.project = text("project");
    a.principal = text("by");
    a.template_ref = text("template");
    a.revision = number<std::uint32_t>("rev", 1);
    if (auto bytes = from_hex(text("plan")); bytes && bytes->size() == a.plan_hash.size())
      std::copy(bytes->begin(), bytes->end(), reinterpret_cast<char*>(a.plan_hash.data()));
    if (j.contains("inputs"))
      a.inputs = j.at("inputs");
    if (j.contains("warnings"))
      for (const auto& w : j.at("warnings")) {
        reader r{w};
        a.warnings.push_back({r.code(), r.text("msg"), r.text("ptr"), r.text("hint")});
      }
    a.start_at = time("start_at");
    return a;
  }

  // A launch is read by its own versioned codec; what is wrong there ends here as an exception.
  [[nodiscard]] record read_launch() const {
    auto change = launch::decode(j.at("launch"));
    if (!change)
      throw json::other_error::create(501, change.error().message, &j);
    return task_launch{task(), *std::move(change), time("tick"), text("for")};
  }

  [[nodiscard]] std::optional<record> read(unsigned kind) const {
    switch (kind) {
    case 1:
      return read_accepted();
    case 2:
      return started{};
    case 3:
      return task_started{task(), number<std::uint32_t>("n", 1)};
    case 4:
      return task_progress{task(),      object("set"), time("wake"),
                           text("for"), flag("call"),  flag("stop")};
    case 5:
      return task_ended{task(),     number<std::uint32_t>("n"), state(), object("set"), code(),
                        text("msg")};
    case 6:
      return task_retry{task(),
                        number<std::uint32_t>("n"),
                        state(),
                        object("set"),
                        code(),
                        text("msg"),
                        from_ms(j.at("due").get<std::int64_t>())};
    case 7:
      return task_blocked{task(), from_ms(j.at("due").get<std::int64_t>()), code(), text("msg")};
    case 8:
      return attribute_set{task(), number<std::uint32_t>("a"), number<std::uint64_t>("n"),
                           text("name"), object("value")};
    case 9:
      return failing{task(), from_ms(j.at("until").get<std::int64_t>())};
    case 10:
      return canceled{text("by"), text("why"), from_ms(j.at("until").get<std::int64_t>()),
                      flag("force")};
    case 11:
      return ended{static_cast<workflow_state>(j.at("s").get<unsigned>()), code(), text("msg"),
                   object("out")};
    case 12:
      return checkpoint{j.at("body")};
    case 13:
      return quarantined{text("msg")};
    case 14:
      return read_launch();
    default:
      return std::nullopt;
    }
  }
};

error unreadable(std::string message) {
  return make_error(fault::workflow_unreadable, std::move(message), "",
                    "the journal was written by another version of O3, or is damaged");
}

} // namespace

unsigned kind_of(const record& r) {
  return std::visit([](const auto& x) { return std::decay_t<decltype(x)>::is.number; }, r);
}

std::string_view name_of(const record& r) {
  return std::visit([](const auto& x) { return std::decay_t<decltype(x)>::is.name; }, r);
}

std::optional<std::uint32_t> task_of(const record& r) {
  return std::visit(
    [](const auto& x) -> std::optional<std::uint32_t> {
      if constexpr (requires { x.task; })
        return x.task;
      else
        return std::nullopt;
    },
    r);
}

void encode(json_writer& out, const record& r) {
  out.begin_object().field("k", kind_of(r)).field("v", 1U);
  std::visit(writer{out}, r);
  out.end_object();
}

result<record> decode(const json& j) {
  try {
    auto kind = j.at("k").get<unsigned>();
    if (auto v = j.at("v").get<unsigned>(); v != 1)
      return unreadable("record kind " + std::to_string(kind) + " has version " + std::to_string(v)
                        + ", this O3 knows version 1");
    if (auto r = reader{j}.read(kind))
      return std::move(*r);
    return unreadable("record kind " + std::to_string(kind) + " is not known to this O3");
  } catch (const json::exception& e) {
    return unreadable(std::string{"a record cannot be read: "} + e.what());
  }
}

result<std::vector<record>> decode_row(std::string_view records) {
  auto array = json::parse(records, nullptr, false);
  if (!array.is_array())
    return unreadable("a journal row is not a list of records");
  std::vector<record> out;
  out.reserve(array.size());
  for (const auto& j : array) {
    O3_TRY(auto r, decode(j));
    out.push_back(std::move(r));
  }
  return out;
}

} // namespace o3::workflow
