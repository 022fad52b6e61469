// Holds the talks of a class against scripted answers. Threads: one owner.
#pragma once
#include "runtime/launch/marker.hpp"
#include "runtime/outside/talk.hpp"
#include "tasks/declarative/declarative.hpp"
#include "tasks/packs/packs.hpp"
#include "tests/harness/catch.hpp"

#include <functional>

namespace o3::test {

inline const std::string install8 = "abcd0123";
inline const id launch_id = *id::parse("0190aaaabbbbccccddddeeeeffff0001");
inline const std::string marker = launch::to_text({install8, launch_id, 1});
inline const std::string key = launch::key_text(install8, launch_id);
inline const std::string token = "canary-secret-7f3a";

inline const tasks::installed_class& pack(std::string_view name) {
  static const auto all = packs::builtin_packs();
  for (const auto& c : all)
    if (c.about->name == name)
      return c;
  FAIL("no pack has the class " << name);
  return all.front();
}

inline tasks::installed_class load(const json& doc) {
  findings found;
  auto made = declarative::load_declarative(doc, found);
  for (const auto& e : found.errors)
    UNSCOPED_INFO(e.pointer << ": " << e.message);
  REQUIRE(made);
  return *std::move(made);
}

inline outside::answer said(unsigned status, const json& body = nullptr,
                            std::vector<std::pair<std::string, std::string>> headers = {}) {
  outside::answer a;
  a.status = status;
  a.headers = std::move(headers);
  if (!body.is_null())
    a.body = body.is_string() ? body.get<std::string>() : body.dump();
  a.started = steady_time{millis{1000}};
  return a;
}
inline outside::answer lost(std::string problem = "timed out") {
  outside::answer a;
  a.problem = std::move(problem);
  return a;
}
inline outside::answer unsent() {
  auto a = lost("could not connect");
  a.sent_nothing = true;
  return a;
}

/// Answers by method and a part of the URL; the first row that fits, a row with several answers
/// gives them in turn and then the last for ever.
struct target {
  struct row {
    std::string method, part;
    std::vector<outside::answer> answers;
    std::size_t used = 0;
  };
  std::vector<row> rows;

  target& on(std::string method, std::string part, std::vector<outside::answer> answers) {
    rows.insert(rows.begin(), {std::move(method), std::move(part), std::move(answers)});
    return *this;
  }
  target& on(std::string method, std::string part, outside::answer a) {
    return on(std::move(method), std::move(part), std::vector{std::move(a)});
  }
  outside::answer reply(const outside::request& q) {
    for (auto& r : rows)
      if (r.method == q.method && q.url.find(r.part) != std::string::npos)
        return r.answers[std::min(r.used++, r.answers.size() - 1)];
    return said(404, {{"detail", "Not found."}});
  }
};

struct held {
  std::vector<outside::request> asked;
  outside::conclusion end;

  template <class E>
  const E& event() const {
    REQUIRE(end.launch);
    INFO("event " << end.launch->index());
    REQUIRE(std::holds_alternative<E>(*end.launch));
    return std::get<E>(*end.launch);
  }
  [[nodiscard]] const outside::request* request(std::string_view method,
                                                std::string_view part) const {
    for (const auto& q : asked)
      if (q.method == method && q.url.find(part) != std::string::npos)
        return &q;
    return nullptr;
  }
  [[nodiscard]] std::string log() const {
    std::string text;
    for (const auto& line : end.log)
      text += line.text + "\n";
    return text;
  }
};

/// What a talk is begun with; `attributes` takes over what it set, as the engine does.
struct bench {
  const tasks::installed_class& c;
  json inputs;
  json attributes = json::object();
  std::optional<launch::witness> witness = std::nullopt;
  std::string external_id = {};
  bool logs = false;
  bool force = false;
  std::uint32_t attempt = 1;
  std::string last = "never";

  held hold(outside::topic t, target to) {
    const outside::occasion o{.inputs = inputs,
                              .attributes = attributes,
                              .attempt = attempt,
                              .last_task_state = last,
                              .marker = marker,
                              .key = key,
                              .witness = witness,
                              .external_id = external_id,
                              .details = nullptr,
                              .force = force,
                              .logs_wanted = logs,
                              .now = from_ms(1'800'000'000'000)};
    auto talk = c.code.outside->begin(t, o);
    held h;
    while (auto q = talk->next()) {
      check(*q);
      h.asked.push_back(*q);
      REQUIRE(h.asked.size() < 500);
      talk->hear(to.reply(*q));
    }
    h.end = talk->conclude();
    check(h.end);
    if (h.end.set.is_object())
      attributes.update(h.end.set);
    if (h.end.launch)
      if (const auto* ok = std::get_if<launch::preflight_ok>(&*h.end.launch))
        witness = ok->witness;
    if (h.end.launch)
      if (const auto* ok = std::get_if<launch::send_confirmed>(&*h.end.launch))
        external_id = ok->external_id;
    return h;
  }

private:
  static void hidden(const std::string& text) { REQUIRE(text.find(token) == std::string::npos); }
  static void check(const outside::request& q) {
    hidden(q.url);
    hidden(q.body);
    for (const auto& [name, content] : q.headers)
      hidden(name + content);
    if (!q.secret.empty()) {
      REQUIRE(!q.secret_header.empty());
      REQUIRE(q.origin.starts_with("http"));
    }
  }
  static void check(const outside::conclusion& c) {
    for (const auto& line : c.log)
      hidden(line.text);
    hidden(c.set.dump(-1, ' ', false, json::error_handler_t::replace) + c.waits_for + c.trouble);
    if (c.end)
      hidden(c.end->message);
  }
};

} // namespace o3::test
