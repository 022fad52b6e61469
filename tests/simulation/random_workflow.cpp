#include "tests/simulation/random_workflow.hpp"

#include "runtime/template/states.hpp"

#include <map>
#include <set>

namespace o3::simulation {
namespace {

std::string name_of(std::uint64_t t) {
  return "t" + std::to_string(t);
}

// One of: instant noop, sleeping noop, timer, a task that fails now and then.
void choose_class(json& task, random_source& r) {
  auto& input = task["input"];
  switch (r.below(7)) {
  case 0:
  case 1:
    task["class"] = "noop";
    input["runtime_delay"] = 0;
    break;
  case 2:
    task["class"] = "noop";
    input["runtime_delay"] = 1 + r.below(20);
    break;
  case 3:
    task["class"] = "timer";
    input["for"] = r.below(4000);
    break;
  case 4:
    task["class"] = "worker.noop";
    input["runtime_delay"] = 0;
    if (r.below(4) == 0)
      task["timeout_s"] = 5 + r.below(60);
    break;
  default:
    task["class"] = "fail";
    static constexpr const char* modes[] = {"failed", "exception", "timeout", "hang"};
    input["mode"] = modes[r.below(4)];
    if (r.below(3) != 0)
      input["tries"] = r.below(4);
    if (r.below(3) == 0)
      input["delay"] = r.below(30);
    if (input["mode"] == "hang" || r.below(3) == 0)
      task["timeout_s"] = 5 + r.below(60);
    if (r.below(2) == 0)
      task["retry"] = {{{"times", 1 + r.below(4)}, {"delay_s", r.below(10)}}};
    break;
  }
}

struct task_facts {
  std::uint32_t attempt = 0;
  bool open = false; ///< an attempt is under way or a retry is due
  bool ended = false;
  task_state state = task_state::created;
};

class checker {
public:
  checker(const json& document, const json& records)
      : doc_(document["tasks"]), records_(records), facts_(doc_.size()) {
    std::map<std::string, std::uint32_t> index;
    for (std::uint32_t t = 0; t < doc_.size(); ++t)
      index[doc_[t]["ref_name"]] = t;
    before_.resize(doc_.size());
    for (std::uint32_t t = 0; t < doc_.size(); ++t) {
      for (const auto& d : doc_[t].value("depends_on", json::array()))
        before_[t].insert(index[d]);
      for (const auto& v : doc_[t]["input"])
        if (v.is_string() && v.get<std::string>().starts_with("${"))
          before_[t].insert(
            index[v.get<std::string>().substr(2, v.get<std::string>().find('.') - 2)]);
    }
  }

  std::vector<std::string> run() {
    bool over = false;
    std::size_t accepts = 0;
    for (const auto& r : records_) {
      if (over)
        wrong("a record follows the end: " + r.dump());
      auto k = r["k"].get<int>();
      accepts += k == 1 ? 1 : 0;
      over = k == 11;
      look(k, r);
    }
    if (accepts != 1)
      wrong("accepted " + std::to_string(accepts) + " times");
    if (!over)
      wrong("never ended");
    else
      check_end();
    return wrong_;
  }

private:
  void wrong(std::string what) { wrong_.push_back(std::move(what)); }

  void begin(std::uint32_t t, std::uint32_t attempt) {
    auto& f = facts_[t];
    if (f.ended)
      wrong(name_of(t) + " began again after its end");
    if (attempt != f.attempt + 1)
      wrong(name_of(t) + " went from attempt " + std::to_string(f.attempt) + " to "
            + std::to_string(attempt));
    for (auto d : before_[t])
      if (!facts_[d].ended)
        wrong(name_of(t) + " began before " + name_of(d) + " ended");
    f.attempt = attempt;
  }

  void look(int kind, const json& r) {
    constexpr int started = 3, progress = 4, ended = 5, retry = 6, cancel = 10, end = 11;
    if (kind == cancel)
      canceled_ = true;
    if (kind == end)
      final_ = static_cast<workflow_state>(r["s"].get<int>());
    if (!r.contains("t") || kind == 9)
      return;
    auto t = r["t"].get<std::uint32_t>();
    auto n = r.value("n", 0U);
    if (kind == started || ((kind == ended || kind == retry) && n != 0))
      begin(t, n);
    if (kind == progress && facts_[t].ended)
      wrong(name_of(t) + " moved after its end");
    if (kind == ended) {
      if (facts_[t].ended)
        wrong(name_of(t) + " ended twice");
      facts_[t].ended = true;
      facts_[t].state = static_cast<task_state>(r["s"].get<int>());
      if (facts_[t].state == task_state::successful && facts_[t].attempt == 0)
        wrong(name_of(t) + " succeeded without an attempt");
    }
  }

  void check_end() {
    bool bad = false;
    for (std::uint32_t t = 0; t < doc_.size(); ++t)
      bad = bad || (is_bad_end(facts_[t].state) && !doc_[t].value("optional", false));
    auto expected = canceled_ ? workflow_state::canceled
                    : bad     ? workflow_state::failed
                              : workflow_state::successful;
    if (final_ != expected)
      wrong("ended " + std::string{to_string(final_)} + ", the tasks say "
            + std::string{to_string(expected)});
    if (final_ == workflow_state::successful)
      for (std::uint32_t t = 0; t < doc_.size(); ++t)
        if (!facts_[t].ended)
          wrong(name_of(t) + " never ended in a successful workflow");
  }

  const json& doc_;
  const json& records_;
  std::vector<task_facts> facts_;
  std::vector<std::set<std::uint32_t>> before_;
  std::vector<std::string> wrong_;
  bool canceled_ = false;
  workflow_state final_ = workflow_state::waiting;
};

} // namespace

json random_template(std::uint64_t seed, std::uint32_t tasks_max) {
  auto random = seeded_random(seed);
  auto& r = *random;
  json doc = {{"name", "random"},
              {"ref_name", "random"},
              {"description", "seed " + std::to_string(seed)},
              {"schema_version", 2},
              {"failure_grace_s", r.below(40)},
              {"cancel_deadline_s", r.below(40)}};
  auto n = 1 + r.below(tasks_max);
  for (std::uint64_t t = 0; t < n; ++t) {
    json task
      = {{"name", name_of(t)},         {"ref_name", name_of(t)}, {"description", ""},
         {"input", json::object()},    {"always_run", false},    {"depends_on", json::array()},
         {"optional", r.below(3) == 0}};
    choose_class(task, r);
    for (std::uint64_t k = r.below(4); k > 0 && t > 0; --k) {
      auto d = r.below(t);
      bool noop = doc["tasks"][d]["class"] == "noop";
      if (noop && task["class"] == "noop")
        task["input"]["from_" + name_of(d)] = "${" + name_of(d) + ".output.rand_no}";
      else if (auto& list = task["depends_on"];
               std::find(list.begin(), list.end(), name_of(d)) == list.end())
        list.push_back(name_of(d));
    }
    doc["tasks"].push_back(std::move(task));
  }
  return doc;
}

json random_request() {
  return {{"workflow", {{"meta", {{"template", "random"}}}}}, {"schema_version", 2}};
}

std::vector<std::string> violations(const json& document, const json& records) {
  return checker{document, records}.run();
}

} // namespace o3::simulation
