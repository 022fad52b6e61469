// Whatever a target answers: no talk throws, hangs, or concludes what it cannot know.
#include "tests/tasks/declarative/awx.hpp"

#include <random>

using namespace o3;
using namespace o3::test;
using outside::topic;

namespace {

class noise {
public:
  explicit noise(std::uint64_t seed) : rng_(seed) {}

  json value(int depth) {
    static const std::vector<std::string> words{"id",
                                                "results",
                                                "next",
                                                "status",
                                                "running",
                                                "successful",
                                                "job",
                                                "type",
                                                "url",
                                                "launch_type",
                                                "extra_vars",
                                                "counter",
                                                "stdout",
                                                "artifacts",
                                                "defaults",
                                                "labels",
                                                "skip_tags",
                                                "detail",
                                                "ignored_fields",
                                                "ask_variables_on_launch",
                                                "username",
                                                marker,
                                                "/api/v2/x/?page=2",
                                                "\xff\xfe",
                                                "${input.awx_token}",
                                                "{{ x }}",
                                                "",
                                                "\r\n",
                                                "data",
                                                "can_update",
                                                "workflow_job"};
    switch (pick(depth > 4 ? 6 : 9)) {
    case 0:
      return nullptr;
    case 1:
      return pick(2) == 0;
    case 2:
      return static_cast<std::int64_t>(rng_()) >> pick(60);
    case 3:
      return -0.5 * static_cast<double>(pick(1000));
    case 4:
    case 5:
      return words[pick(words.size())];
    case 6: {
      json list = json::array();
      for (auto n = pick(4); n > 0; --n)
        list.push_back(value(depth + 1));
      return list;
    }
    default: {
      json object = json::object();
      for (auto n = pick(7); n > 0; --n)
        object[words[pick(words.size())]] = value(depth + 1);
      return object;
    }
    }
  }

  /// Something like what AWX would say, with parts replaced.
  json twisted(json j) {
    if (pick(12) == 0)
      return value(0);
    if (j.is_structured())
      for (auto& item : j)
        item = twisted(item);
    return j;
  }

  outside::answer answer() {
    static const std::vector<unsigned> statuses{0,   200, 200, 200, 200, 201, 202, 204, 301,
                                                400, 403, 404, 405, 409, 429, 500, 503};
    outside::answer a;
    a.status = statuses[pick(statuses.size())];
    a.sent_nothing = a.status == 0 && pick(2) == 0;
    json body = pick(2) == 0 ? value(0)
                : pick(2) == 0
                  ? twisted(listing({job_row(101, "running"), job_row(90)}, "/api/v2/y/?page=2"))
                  : twisted(launch_page({{"ask_variables_on_launch", true}}));
    a.body = body.dump(-1, ' ', false, json::error_handler_t::ignore);
    if (pick(8) == 0)
      a.body.resize(pick(a.body.size() + 1));
    if (pick(20) == 0)
      a.body = std::string(pick(2000), static_cast<char>(pick(256)));
    if (pick(6) == 0)
      a.headers = {{"retry-after", pick(2) == 0 ? "5" : "-1e400"}, {"location", "x"}};
    return a;
  }

  std::size_t pick(std::size_t n) { return n == 0 ? 0 : rng_() % n; }

private:
  std::mt19937_64 rng_;
};

void hold_noise(const tasks::installed_class& c, topic t, noise& random, const json& inputs) {
  json attributes = {{"_marker", random.pick(2) ? json("extra_vars") : random.value(0)},
                     {"_first", random.value(3)},
                     {"_log", random.value(3)},
                     {"_type", random.value(3)},
                     {"_end", random.value(0)},
                     {"_missing", random.value(3)},
                     {"_relaunch", random.value(3)},
                     {"awx_jobid", random.value(3)},
                     {"status", random.value(3)}};
  if (random.pick(4) == 0)
    attributes["_ignored"] = random.value(1);
  const outside::occasion o{.inputs = inputs,
                            .attributes = attributes,
                            .attempt = 1,
                            .last_task_state = "failed",
                            .marker = marker,
                            .key = key,
                            .witness = launch::witness{"90", "o3"},
                            .external_id = "101",
                            .details = nullptr,
                            .force = false,
                            .logs_wanted = true,
                            .now = from_ms(1'800'000'000'000)};
  auto talk = c.code.outside->begin(t, o);
  int asked = 0, once = 0;
  while (auto q = talk->next()) {
    REQUIRE(++asked < 3000);
    once += q->once;
    REQUIRE(q->url.starts_with("http"));
    REQUIRE(q->url.find(token) == std::string::npos);
    REQUIRE(q->body.find(token) == std::string::npos);
    talk->hear(random.answer());
  }
  const auto end = talk->conclude();
  REQUIRE(once <= (t == topic::send ? 1 : 0));
  const bool launches = t == topic::preflight || t == topic::send || t == topic::search;
  REQUIRE(end.launch.has_value() == launches);
  if (t == topic::finish || t == topic::read)
    REQUIRE((end.end || end.ask_in || !end.trouble.empty()));
  if (t == topic::watch && end.over)
    REQUIRE(end.end);
}

} // namespace

TEST_CASE("no answer makes a talk throw or hang", "[declarative][robust]") {
  const json inputs = {{"awx_url", "https://awx.example"},
                       {"awx_token", token},
                       {"job_template_id", 7},
                       {"workflow_job_template_id", 7},
                       {"project_id", 7},
                       {"inventory_source_id", 7},
                       {"extra_vars", {{"a", 1}}},
                       {"limit", "web"},
                       {"on_rerun", "relaunch_failed_hosts"},
                       {"jobs", json::array({{{"unified_job_template", 7}}})},
                       {"url", "https://x.example/a"},
                       {"method", "POST"},
                       {"outputs", {{"o", "/results/0"}}},
                       {"poll", {{"pointer", "/status"}, {"done", {"successful"}}}},
                       {"tfe_server", "https://tfe.example"},
                       {"tfe_bearer_token", token},
                       {"organization_name", "acme"},
                       {"workspace_name", "vms"},
                       {"workspace_id", "ws-1"},
                       {"config_version_id", "cv-1"},
                       {"config_url", "https://files.example/v1/object/x#cv-1"},
                       {"file_url", "https://files.example/main.tf"},
                       {"run_id", "run-1"},
                       {"on_policy_soft_failed", "override"}};
  for (const auto& c : packs::builtin_packs())
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
      INFO(c.about->name << " seed " << seed);
      noise random{seed};
      if (!c.code.outside->launches) {
        hold_noise(c, topic::read, random, inputs);
        continue;
      }
      for (const auto t :
           {topic::preflight, topic::send, topic::watch, topic::finish, topic::cancel})
        hold_noise(c, t, random, inputs);
      if (c.about->delivery == delivery_class::searched
          || c.about->delivery == delivery_class::deduplicated)
        hold_noise(c, topic::search, random, inputs);
      if (c.code.outside->group) {
        const auto g = c.code.outside->group(inputs);
        REQUIRE(g);
        const auto rows = g->split(random.answer());
        const json none = json::object();
        if (rows)
          for (const auto& [id, row] : *rows)
            c.code.outside->judge(
              row, {.inputs = inputs, .attributes = none, .external_id = id, .now = {}});
      }
    }
}
