// A whole node that calls a target, under a virtual clock: whatever row the node dies after, and
// whatever answers the target loses, what was started is started once, found again and ended.
#include "runtime/launch/marker.hpp"
#include "tests/harness/catch.hpp"
#include "tests/harness/node.hpp"

#include <map>

using namespace o3;
using outside::topic;

namespace {

// A target with jobs: POST /jobs starts one and keeps its marker, GET /jobs lists them, GET /jobs/N
// shows one, which ends after some looks.
class target final : public outside::caller {
public:
  void call(outside::request r, const outside::call_terms&,
            std::function<void(outside::answer)> done) override {
    outside::answer a;
    ++calls;
    if (r.method == "POST" && r.url == "t/jobs") {
      ++posts;
      if (refuse_posts > 0) {
        --refuse_posts;
        a.sent_nothing = true;
        a.problem = "connection refused";
        done(std::move(a));
        return;
      }
      jobs.push_back(r.body);
      if (lose_posts > 0) {
        --lose_posts;
        a.problem = "connection reset";
      } else {
        a.status = 201;
        a.body = std::to_string(jobs.size());
      }
    } else if (r.method == "POST") {
      canceled.push_back(r.url);
      a.status = 202;
    } else if (r.url == "t/jobs") {
      a.status = 200;
      json rows = json::array();
      for (std::size_t i = jobs.size(); i > 0; --i)
        rows.push_back({{"id", std::to_string(i)}, {"marker", jobs[i - 1]}});
      a.body = rows.dump();
    } else {
      a.status = 200;
      auto looked = ++looks[r.url];
      bool stopped = !canceled.empty();
      a.body = stopped ? "canceled" : looked < looks_needed ? "running" : "done";
    }
    done(std::move(a));
  }

  int calls = 0, posts = 0, lose_posts = 0, refuse_posts = 0, looks_needed = 3;
  std::vector<std::string> jobs, canceled;
  std::map<std::string, int> looks;
};

// One request, one conclusion: how the class of the test speaks with that target.
class small_talk final : public outside::talk {
public:
  small_talk(topic t, const outside::occasion& o)
      : topic_(t), marker_(o.marker), key_(o.key), id_(o.external_id) {}

  std::optional<outside::request> next() override {
    if (std::exchange(asked_, true))
      return std::nullopt;
    outside::request r;
    r.url = topic_ == topic::preflight || topic_ == topic::search || topic_ == topic::send
              ? "t/jobs"
              : "t/jobs/" + id_;
    if (topic_ == topic::send) {
      r.method = "POST";
      r.body = marker_;
      r.once = true;
    } else if (topic_ == topic::cancel) {
      r.method = "POST";
      r.url += "/cancel";
    }
    return r;
  }
  void hear(outside::answer a) override { heard_ = std::move(a); }
  outside::conclusion conclude() override {
    outside::conclusion c;
    switch (topic_) {
    case topic::preflight:
      c.launch = launch::preflight_ok{1, launch::witness{newest(), "me"}};
      break;
    case topic::send:
      if (heard_.sent_nothing)
        c.launch = launch::send_not_done{1, false, heard_.problem, {}};
      else if (heard_.status == 201)
        c.launch = launch::send_confirmed{1, heard_.body, {}};
      else
        c.launch = launch::send_ambiguous{1, heard_.problem};
      break;
    case topic::search:
      c.launch = found();
      break;
    case topic::watch:
      c.over = heard_.body != "running";
      c.waits_for = "job " + id_;
      break;
    case topic::finish:
      c.end = heard_.body == "canceled"
                ? task_end{task_state::canceled, fault::canceled, "job canceled"}
                : task_end{};
      c.set = {{"job", id_}};
      break;
    default:
      break;
    }
    return c;
  }

private:
  std::string newest() const {
    auto rows = json::parse(heard_.body);
    return rows.empty() ? "" : rows[0]["id"].get<std::string>();
  }
  launch::search_result found() const {
    launch::search_result r;
    r.complete = true;
    r.started = heard_.started == steady_time{} ? steady_time::max() : heard_.started;
    r.identity = "me";
    r.newest = newest();
    for (const auto& row : json::parse(heard_.body))
      if (auto m = launch::parse_marker(row["marker"].get<std::string>());
          m && launch::key_text(m->install8, m->launch_id) == key_)
        r.hits.push_back({row["id"], m->attempt, launch::launch_kind::manual});
    return r;
  }

  topic topic_;
  std::string marker_, key_, id_;
  bool asked_ = false;
  outside::answer heard_;
};

tasks::installed_class job_class() {
  auto about = std::make_shared<task_class>();
  about->name = "test.job";
  about->open_inputs = about->open_outputs = true;
  about->delivery = delivery_class::searched;
  about->runs_in = "outside";
  auto code = std::make_shared<outside::outside_code>();
  code->launches = true;
  code->target = launch::target_class::searched;
  code->begin
    = [](topic t, const outside::occasion& o) { return std::make_unique<small_talk>(t, o); };
  tasks::installed_class c;
  c.about = about;
  c.code.outside = code;
  return c;
}

harness::options with(const std::shared_ptr<target>& t) {
  harness::options o;
  o.targets = t;
  o.classes = {job_class()};
  o.template_documents = {{{"name", "x"},
                           {"ref_name", "x"},
                           {"description", ""},
                           {"schema_version", 1},
                           {"tasks",
                            {{{"name", "a"},
                              {"ref_name", "a"},
                              {"description", ""},
                              {"class", "test.job"},
                              {"input", {{"n", 1}}},
                              {"always_run", false},
                              {"depends_on", json::array()},
                              {"optional", false}}}}}};
  return o;
}
json request() {
  return {{"workflow", {{"meta", {{"template", "x"}, {"ref", "k"}}}}}, {"schema_version", 2}};
}

// Submits, lets the node die as often as its faults say, and goes on until the workflow has ended.
std::string run_to_the_end(harness::node& o3, std::uint64_t& deaths) {
  std::string id;
  for (;;) {
    try {
      id = o3.submit(request());
      o3.await_end(id, std::chrono::hours{2});
      if (!o3.dead())
        return id;
    } catch (const std::exception&) {
      if (!o3.dead())
        throw;
    }
    ++deaths;
    o3.set_faults({});
    o3.start();
  }
}

} // namespace

TEST_CASE("a node that dies after any row starts a job once and sees it to its end",
          "[node][outside]") {
  for (int lost : {0, 1}) {
    bool died = true;
    for (std::uint64_t row = 1; died; ++row) {
      INFO("dies after row " << row << ", answers lost: " << lost);
      auto t = std::make_shared<target>();
      t->lose_posts = lost;
      auto o = with(t);
      o.faults.crash_after_row = row;
      harness::node o3{o};
      std::uint64_t deaths = 0;
      auto id = run_to_the_end(o3, deaths);
      died = deaths > 0;
      REQUIRE(o3.state(id) == "successful");
      REQUIRE(t->jobs.size() == 1);
      REQUIRE(o3.workflow(id)["outputs"]["a"]["job"] == "1");
      auto launches = o3.task(id, "a")["launches"];
      REQUIRE(launches.size() == 1);
      REQUIRE(launches[0]["external_id"] == "1");
    }
  }
}

TEST_CASE("what certainly did not leave is sent again, as often as the settings allow",
          "[node][outside]") {
  auto t = std::make_shared<target>();
  t->refuse_posts = 2;
  harness::node o3{with(t)};
  std::uint64_t deaths = 0;
  auto id = run_to_the_end(o3, deaths);
  REQUIRE(o3.state(id) == "successful");
  REQUIRE(t->posts == 3);
  REQUIRE(t->jobs.size() == 1);

  auto never = std::make_shared<target>();
  never->refuse_posts = 1000;
  harness::node other{with(never)};
  id = run_to_the_end(other, deaths);
  REQUIRE(other.state(id) == "failed");
  REQUIRE(never->posts == 5);
  REQUIRE(other.task(id, "a")["error"]["code"] == "target_unreachable");
}

TEST_CASE("cancel reaches the job", "[node][outside]") {
  auto t = std::make_shared<target>();
  t->looks_needed = 1'000'000;
  harness::node o3{with(t)};
  auto id = o3.submit(request());
  o3.advance(std::chrono::seconds{30});
  REQUIRE(o3.task(id, "a")["why"][0]["text"] == "waits for job 1");
  o3.cancel(id);
  o3.await_end(id);
  REQUIRE(o3.state(id) == "canceled");
  REQUIRE(t->canceled == std::vector<std::string>{"t/jobs/1/cancel"});
}

TEST_CASE("a node without a client for targets says why its task waits", "[node][outside]") {
  harness::node o3{with(nullptr)};
  auto id = o3.submit(request());
  o3.run();
  REQUIRE(o3.task(id, "a")["why"].size() == 1);
  REQUIRE(o3.task(id, "a")["why"][0]["code"] == "launch");
  REQUIRE(o3.state(id) == "running");
}
