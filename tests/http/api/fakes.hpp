// Ports that write down what they are asked and answer what the test says, and a stage that calls
// the API in-process: no socket, no thread.
#pragma once
#include "http/api/api.hpp"
#include "tests/harness/catch.hpp"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace o3::api {

inline const std::string some_id = "0192f0c1a2b37c4d8e9f001122334455";

/// What the next call of any port is answered, and the names of the calls so far.
struct script {
  engine::answer next;
  std::vector<std::string> calls;

  void play(std::string call, const engine::reply_fn& reply) {
    calls.push_back(std::move(call));
    reply(std::move(next));
    next = {};
  }
};

struct fake_engine final : engine::port {
  std::vector<std::string> hints;
  void happened(std::string external_id) override { hints.push_back(std::move(external_id)); }

  explicit fake_engine(script& s) : s_(s) {}
  void submit(engine::submit_request r, engine::reply_fn reply) override {
    submitted = std::move(r);
    s_.play("submit", reply);
  }
  void validate(engine::submit_request r, engine::reply_fn reply) override {
    submitted = std::move(r);
    s_.play("validate", reply);
  }
  void ask(engine::workflow_ask r, engine::reply_fn reply) override {
    asked = std::move(r);
    static constexpr std::array<const char*, 7> names{"cancel", "resolve", "release", "pause",
                                                      "rerun",  "revise",  "signal"};
    if (auto* c = std::get_if<engine::cancel_request>(&asked))
      canceled = *c;
    else if (auto* d = std::get_if<engine::resolve_request>(&asked))
      resolved = *d;
    else if (auto* e = std::get_if<engine::release_request>(&asked))
      released = *e;
    if (hold) {
      held.push_back(std::move(reply));
      held_for.push_back(std::visit([](const auto& one) { return one.workflow; }, asked));
      return;
    }
    s_.play(names[asked.index()], reply);
  }
  engine::workflow_ask asked;
  engine::release_request released;
  bool hold = false; ///< what is asked of workflows is answered by the test, from `held`
  std::vector<engine::reply_fn> held;
  std::vector<id> held_for;
  engine::submit_request submitted;
  engine::cancel_request canceled;
  engine::resolve_request resolved;

private:
  script& s_;
};

struct fake_schedules final : schedules::port {
  explicit fake_schedules(script& s) : s_(s) {}
  void ask(schedules::question q, engine::reply_fn reply) override {
    asked = std::move(q);
    s_.play("schedules", reply);
  }
  schedules::question asked;

private:
  script& s_;
};

struct fake_secrets final : secrets::port {
  explicit fake_secrets(script& s) : s_(s) {}
  void list(engine::caller who, engine::reply_fn reply) override {
    asked = std::move(who);
    s_.play("secrets", reply);
  }
  void put(secrets::put_request r, engine::reply_fn reply) override {
    stored = std::move(r);
    s_.play("put_secret", reply);
  }
  void remove(std::string name, engine::caller who, engine::reply_fn reply) override {
    asked = std::move(who);
    removed = std::move(name);
    s_.play("remove_secret", reply);
  }
  engine::caller asked;
  secrets::put_request stored;
  std::string removed;

private:
  script& s_;
};

/// Gives out prepared batches; `waiting` holds the consumer of one that is not there yet.
struct fake_feed final : query::feed {
  fake_feed(std::deque<query::feed_batch> b, std::shared_ptr<bool> a)
      : batches(std::move(b)), alive(std::move(a)) {
    *alive = true;
  }
  ~fake_feed() override { *alive = false; }
  void next(std::function<void(query::feed_batch)> f) override {
    ++pulls;
    if (batches.empty()) {
      waiting = std::move(f);
      return;
    }
    auto batch = std::move(batches.front());
    batches.pop_front();
    f(std::move(batch));
  }
  std::deque<query::feed_batch> batches;
  std::shared_ptr<bool> alive;
  std::function<void(query::feed_batch)> waiting;
  int pulls = 0;
};

struct fake_query final : query::port {
  explicit fake_query(script& s) : s_(s) {}
  void list(query::list_request r, engine::caller who, engine::reply_fn reply) override {
    listed = std::move(r);
    asked_by = std::move(who);
    s_.play("list", reply);
  }
  void matching(store::list_filter f, std::size_t max, engine::caller who,
                query::matches_reply reply) override {
    s_.calls.push_back("matching " + std::to_string(max));
    matched = std::move(f);
    asked_by = std::move(who);
    reply(std::exchange(s_.next, {}).problem, found);
  }
  store::list_filter matched;
  query::matches found;
  void quarantine(query::list_request r, engine::caller who, engine::reply_fn reply) override {
    listed = std::move(r);
    asked_by = std::move(who);
    s_.play("quarantine", reply);
  }
  void workflow(id w, engine::caller who, engine::reply_fn reply) override {
    asked_by = std::move(who);
    s_.play("workflow " + w.hex(), reply);
  }
  void tasks(id w, engine::caller who, engine::reply_fn reply) override {
    asked_by = std::move(who);
    s_.play("tasks " + w.hex(), reply);
  }
  void task(id w, std::string ref, engine::caller who, engine::reply_fn reply) override {
    asked_by = std::move(who);
    s_.play("task " + w.hex() + " " + ref, reply);
  }
  void revisions(id w, engine::caller who, engine::reply_fn reply) override {
    asked_by = std::move(who);
    s_.play("revisions " + w.hex(), reply);
  }
  void revision(id w, std::uint32_t number, std::optional<std::uint32_t> against,
                engine::caller who, engine::reply_fn reply) override {
    asked_by = std::move(who);
    s_.play("revision " + w.hex() + " " + std::to_string(number) + " "
              + std::to_string(against.value_or(0)),
            reply);
  }
  void events(query::events_request r, query::feed_reply reply) override {
    s_.calls.emplace_back("events");
    events_asked = std::move(r);
    give(reply);
  }
  void log(query::log_request r, query::feed_reply reply) override {
    s_.calls.emplace_back("log");
    log_asked = std::move(r);
    give(reply);
  }
  void give(const query::feed_reply& reply) {
    if (s_.next.problem.code != fault::none)
      return reply(s_.next.problem, nullptr);
    auto made = std::make_shared<fake_feed>(batches, feed_alive);
    feed = made.get();
    reply({}, std::move(made));
  }
  query::list_request listed;
  engine::caller asked_by;
  query::events_request events_asked;
  query::log_request log_asked;
  std::deque<query::feed_batch> batches;
  std::shared_ptr<bool> feed_alive = std::make_shared<bool>(false);
  fake_feed* feed = nullptr; ///< valid while *feed_alive

private:
  script& s_;
};

struct fake_catalogue final : catalogue::port {
  explicit fake_catalogue(script& s) : s_(s) {}
  void templates(engine::caller, engine::reply_fn reply) override { s_.play("templates", reply); }
  void show_template(std::string ref, engine::caller, engine::reply_fn reply) override {
    s_.play("show_template " + ref, reply);
  }
  void put_template(std::string ref, std::shared_ptr<const json> doc, bool dry_run, engine::caller,
                    engine::reply_fn reply) override {
    s_.play("put_template " + ref + (dry_run ? " dry " : " ") + doc->dump(), reply);
  }
  void delete_template(std::string ref, engine::caller, engine::reply_fn reply) override {
    s_.play("delete_template " + ref, reply);
  }
  void template_revisions(std::string ref, engine::caller, engine::reply_fn reply) override {
    s_.play("template_revisions " + ref, reply);
  }
  void template_revision(std::string ref, std::uint32_t number,
                         std::optional<std::uint32_t> against, engine::caller,
                         engine::reply_fn reply) override {
    s_.play("template_revision " + ref + " " + std::to_string(number) + " "
              + std::to_string(against.value_or(0)),
            reply);
  }
  void rollback_template(std::string ref, std::uint32_t number, std::string reason,
                         engine::caller who, engine::reply_fn reply) override {
    s_.play("rollback_template " + ref + " " + std::to_string(number) + " '" + reason + "' by "
              + who.principal,
            reply);
  }
  void classes(engine::caller, engine::reply_fn reply) override { s_.play("classes", reply); }
  void show_class(std::string name, engine::caller, engine::reply_fn reply) override {
    s_.play("show_class " + name, reply);
  }
  void lint_class(std::string text, engine::caller, engine::reply_fn reply) override {
    s_.play("lint_class " + text, reply);
  }
  void add_document(std::shared_ptr<const json>, engine::reply_fn reply) override {
    s_.play("add_document", reply);
  }
  void reload(engine::caller, engine::reply_fn reply) override { s_.play("reload", reply); }

private:
  script& s_;
};

struct fake_preflight final : preflight::port {
  explicit fake_preflight(script& s) : s_(s) {}
  void check(engine::submit_request r, engine::reply_fn reply) override {
    asked = std::move(r);
    s_.play("preflight", reply);
  }
  engine::submit_request asked;

private:
  script& s_;
};

struct fake_observe final : observe::port {
  explicit fake_observe(script& s) : s_(s) {}
  [[nodiscard]] bool ready() const override { return is_ready; }
  void metrics(engine::reply_fn reply) override { s_.play("metrics", reply); }
  void info(engine::reply_fn reply) override { s_.play("info", reply); }
  bool is_ready = true;

private:
  script& s_;
};

using fields = std::vector<std::pair<std::string, std::string>>;

inline token_store test_tokens() {
  const std::vector<token_entry> entries{
    {to_hex(sha256("admin-token")), "admin", "default", {"*"}, {"admin"}},
    {to_hex(sha256("reader-token")), "reader", "default", {permission::workflow_read}},
    {to_hex(sha256("stopper-token")),
     "stopper",
     "default",
     {permission::workflow_read, permission::workflow_cancel}},
    {to_hex(sha256("submitter-token")),
     "submitter",
     "default",
     {permission::workflow_read, permission::workflow_submit}},
    {to_hex(sha256("nobody-token")), "nobody", "default", {}},
  };
  auto made = token_store::make(entries);
  REQUIRE(made);
  return *std::move(made);
}

/// The API with fakes behind it.
struct stage {
  stage() = default;
  explicit stage(options o) : opts(std::move(o)) {}

  script says;
  fake_engine engine{says};
  fake_query query{says};
  fake_catalogue catalogue{says};
  fake_observe observe{says};
  fake_secrets secrets{says};
  fake_schedules schedules{says};
  fake_preflight preflight{says};
  options opts{};
  http::router api = make_api({engine, query, catalogue, observe, secrets, schedules, preflight},
                              test_tokens(), opts);

  /// "/api/v1/workflow/?limit=3" as the given token ("" for none); the path needs its trailing
  /// slash.
  http::response call(http::method verb, std::string_view target, fields headers = {},
                      std::string body = {}, std::string_view token = "admin-token") {
    http::request r;
    r.verb = verb;
    const auto mark = target.find('?');
    r.path = target.substr(0, mark);
    for (auto rest = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
         !rest.empty();) {
      const auto end = rest.find('&');
      const auto pair = rest.substr(0, end);
      const auto equals = pair.find('=');
      r.query.emplace_back(pair.substr(0, equals), equals == std::string_view::npos
                                                     ? std::string_view{}
                                                     : pair.substr(equals + 1));
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    r.headers = std::move(headers);
    if (!token.empty())
      r.headers.emplace_back("authorization", "Bearer " + std::string{token});
    r.body = std::move(body);
    return dispatch(std::move(r));
  }

  http::response dispatch(http::request r) const {
    int answers = 0;
    http::response got;
    api.dispatch(std::move(r), [&](http::response a) {
      ++answers;
      got = std::move(a);
    });
    REQUIRE(answers == 1);
    return got;
  }

  http::response get(std::string_view target, fields headers = {}) {
    return call(http::method::get, target, std::move(headers));
  }
  http::response post_json(std::string_view target, std::string body, fields headers = {}) {
    headers.emplace_back("content-type", "application/json");
    return call(http::method::post, target, std::move(headers), std::move(body));
  }
};

inline std::string header_of(const http::response& r, std::string_view name) {
  std::string found;
  for (const auto& [n, value] : r.headers)
    if (n == name)
      found += found.empty() ? value : " / " + value;
  return found;
}

inline json body_of(const http::response& r) {
  auto j = json::parse(r.body, nullptr, false);
  INFO(r.body);
  REQUIRE_FALSE(j.is_discarded());
  return j;
}

/// The refusal is a problem document with this status and code; gives it for more questions.
inline json require_problem(const http::response& r, unsigned status, std::string_view code) {
  INFO(r.body);
  REQUIRE(r.status == status);
  REQUIRE(r.content_type == "application/problem+json");
  auto j = body_of(r);
  REQUIRE(j.at("code") == code);
  REQUIRE(j.at("status") == status);
  REQUIRE(j.at("type") == "/docs/errors#" + std::string{code});
  REQUIRE_FALSE(j.at("title").get<std::string>().empty());
  REQUIRE_FALSE(j.at("detail").get<std::string>().empty());
  return j;
}

/// The route with its {parts} filled in.
inline std::string concrete(std::string path) {
  for (auto open = path.find('{'); open != std::string::npos; open = path.find('{')) {
    const auto close = path.find('}', open);
    const auto name = path.substr(open + 1, close - open - 1);
    path.replace(open, close - open + 1, name == "id" ? some_id : name == "n" ? "1" : "noop_01");
  }
  return path;
}

} // namespace o3::api
