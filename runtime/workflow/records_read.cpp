// Reading what records.cpp writes, of this and every earlier version.
#include "runtime/workflow/records.hpp"

namespace o3::workflow {
namespace {

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
    a.warnings = warnings();
    a.start_at = time("start_at");
    if (j.contains("labels"))
      a.labels = j.at("labels").get<label_map>();
    if (auto from = j.find("from"); from != j.end()) {
      const reader r{*from};
      a.from = parentage{id::parse(r.text("parent")).value_or(id{}),
                         id::parse(r.text("root")).value_or(id{}), r.task(),
                         r.number<std::uint32_t>("n"), r.number<std::uint32_t>("depth")};
    }
    if (auto names = j.find("calendars"); names != j.end())
      a.calendars = names->get<std::vector<std::string>>();
    return a;
  }

  [[nodiscard]] std::vector<error> warnings() const {
    std::vector<error> out;
    if (auto at = j.find("warnings"); at != j.end())
      for (const auto& w : *at) {
        const reader r{w};
        out.push_back({r.code(), r.text("msg"), r.text("ptr"), r.text("hint")});
      }
    return out;
  }

  [[nodiscard]] record read_loop() const {
    loop_opened l{task(), j.at("items"), object("keys"), {}};
    if (auto keep = j.find("keep"); keep != j.end())
      l.keep = keep->get<std::vector<std::uint32_t>>();
    return l;
  }

  [[nodiscard]] record read_rerun() const {
    rerun_begun b{number<std::uint32_t>("run"),
                  number<std::uint32_t>("rev", 1),
                  text("by"),
                  text("why"),
                  {},
                  time("start_at"),
                  flag("at_once")};
    for (const auto& t : j.at("tasks")) {
      const reader r{t};
      b.tasks.push_back({static_cast<task_choice::action>(r.number<unsigned>("a")), r.flag("all"),
                         r.text("print"), r.object("set"), r.text("items")});
    }
    return b;
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
                        from_ms(j.at("due").get<std::int64_t>()),
                        j.contains("rule") ? std::optional{j.at("rule").get<std::uint32_t>()}
                                           : std::nullopt};
    case 7:
      return task_blocked{task(), from_ms(j.at("due").get<std::int64_t>()), code(), text("msg"),
                          time("opens")};
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
    case 15:
      return phase_begun{static_cast<task_phase>(j.at("phase").get<unsigned>())};
    case 16:
      return read_loop();
    case 18:
      return read_rerun();
    case 19:
      return revised{number<std::uint32_t>("rev", 2),   text("by"), text("name"), text("desc"),
                     j.value("inputs", json::object()), warnings()};
    case 20:
      return paused{text("by"), text("why")};
    case 21:
      return resumed{text("by")};
    case 23:
      return signaled{text("name"), text("by"), object("value"),
                      j.contains("t") ? std::optional{task()} : std::nullopt};
    case 24:
      return signal_taken{task(), text("name")};
    case 25:
      return released{text("by")};
    case 26:
      return parent_told{};
    case 27:
      return task_kept{task()};
    case 31:
      return task_silent{task(), text("msg")};
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
