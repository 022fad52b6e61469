#include "tests/simulation/people_checker.hpp"

#include <map>
#include <set>

namespace o3::simulation {
namespace {

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

class checker {
public:
  checker(const json& doc, const json& records, const std::vector<message>& sent)
      : doc_(doc["tasks"]), records_(records), sent_(sent), values_(doc_.size(), json::object()),
        states_(doc_.size()), codes_(doc_.size()), starts_(doc_.size(), 0) {}

  std::vector<std::string> run() {
    for (const auto& r : records_)
      look(r["k"].get<int>(), r);
    for (std::uint32_t t = 0; t < doc_.size(); ++t) {
      if (doc_[t]["class"] == "approval")
        check_approval(t);
      if (doc_[t].contains("approved_by"))
        check_apply(t);
      if (doc_[t]["class"] == "wait_signal" && states_[t] == task_state::successful
          && !taken_by_.contains(t))
        wrong(ref(t) + " went on without a signal");
    }
    check_messages();
    return wrong_;
  }

private:
  void wrong(std::string what) { wrong_.push_back(std::move(what)); }
  [[nodiscard]] std::string ref(std::uint32_t t) const { return doc_[t]["ref_name"]; }
  [[nodiscard]] std::uint32_t find(const std::string& name) const {
    for (std::uint32_t t = 0; t < doc_.size(); ++t)
      if (doc_[t]["ref_name"] == name)
        return t;
    return 0;
  }

  void look(int kind, const json& r) {
    constexpr int started = 3, progress = 4, ended = 5, signal = 23, taken = 24;
    if (kind == signal) {
      if (!recorded_.insert(r["value"].get<std::uint64_t>()).second)
        wrong("a signal stands there twice: " + r.dump());
      kept_.push_back(r);
      return;
    }
    if (!r.contains("t"))
      return;
    const auto t = r["t"].get<std::uint32_t>();
    if (kind == started || (kind == ended && r.value("n", 0U) != 0))
      ++starts_[t];
    if ((kind == progress || kind == ended) && r.contains("set"))
      values_[t].update(r["set"]);
    if (kind == ended) {
      states_[t] = static_cast<task_state>(r["s"].get<int>());
      codes_[t] = r.value("code", 0);
      if (taken_by_.contains(t) && states_[t] == task_state::successful
          && values_[t]["body"] != taken_by_[t])
        wrong(ref(t) + " has another body than the oldest signal");
    }
    if (kind == taken)
      take(t, r["name"]);
  }

  void take(std::uint32_t t, const std::string& name) {
    for (auto k = kept_.begin(); k != kept_.end(); ++k)
      if ((*k)["name"] == name && (!k->contains("t") || (*k)["t"] == t)) {
        if (doc_[t]["class"] != "wait_signal" || doc_[t]["input"]["name"] != name)
          wrong(ref(t) + " took a signal it does not wait for");
        if (!taken_by_.emplace(t, (*k)["value"].get<std::uint64_t>()).second)
          wrong(ref(t) + " took two signals");
        kept_.erase(k);
        return;
      }
    wrong(ref(t) + " took a signal that is not there");
  }

  void check_approval(std::uint32_t t) {
    const auto& in = doc_[t]["input"];
    const auto decisions = values_[t].value("decisions", json::array());
    std::set<std::string> who;
    std::size_t rejections = 0;
    for (const auto& d : decisions) {
      const auto by = d["by"].get<std::string>();
      const bool named = std::find(in["users"].begin(), in["users"].end(), by) != in["users"].end();
      const bool role = in.contains("roles") && (by == "u5" || by == "u1");
      if (!(named || role) || (in["four_eyes"] == true && by == "u1"))
        wrong(by + " decided on " + ref(t) + " and may not");
      if (!who.insert(by).second)
        wrong(by + " decided twice on " + ref(t));
      if (d["evidence_hash"] != values_[t]["evidence_hash"])
        wrong(by + " decided on other evidence of " + ref(t));
      rejections += d["decision"] == "reject" ? 1 : 0;
    }
    const bool quorum = rejections == 0 && decisions.size() >= in["quorum"].get<std::size_t>();
    const bool late = in.value("on_timeout", "") == "approve";
    if (states_[t] == task_state::successful && !quorum && !late)
      wrong(ref(t) + " is approved without its quorum");
    if (states_[t] == task_state::successful && rejections > 0)
      wrong(ref(t) + " is approved and was rejected");
    if ((rejections > 0) != (codes_[t] == static_cast<int>(fault::rejected)))
      wrong(ref(t) + " was rejected, or not: " + number(rejections));
    if (quorum && states_[t] != task_state::successful)
      wrong(ref(t) + " has its quorum and did not succeed");
    decided_[t] = std::move(who);
  }

  void check_apply(std::uint32_t t) {
    const auto text = doc_[t]["approved_by"]["evidence"].get<std::string>();
    const auto source = find(text.substr(2, text.find('.') - 2));
    const auto approval = find(doc_[t]["approved_by"]["task"]);
    const auto plan = find("plan" + ref(t).substr(5));
    const bool same = values_[source].value("rand_no", -1) == values_[plan].value("rand_no", -2);
    const bool ran = values_[t].contains("rand_no");
    if (ran && (!same || states_[approval] != task_state::successful))
      wrong(ref(t) + " ran on what was not approved");
    if (starts_[t] > 0 && same && codes_[t] == static_cast<int>(fault::evidence_changed))
      wrong(ref(t) + " was refused what was approved");
  }

  void check_messages() {
    std::map<std::pair<std::uint32_t, std::string>, int> counted;
    for (const auto& m : sent_) {
      if (m.what.decision) {
        const auto there
          = decided_.contains(*m.what.task) && decided_[*m.what.task].contains(m.what.by);
        if (m.how == fate::counted && !there)
          wrong("a decision of " + m.what.by + " was confirmed and is lost");
        if (m.how == fate::counted && ++counted[{*m.what.task, m.what.by}] > 1)
          wrong("two decisions of " + m.what.by + " were confirmed");
        if (m.how == fate::refused && m.code == "already_decided" && !there)
          wrong(m.what.by + " was told to have decided and has not");
        continue;
      }
      const auto there = recorded_.contains(m.what.ticket);
      if (m.how != fate::unknown && there != (m.how == fate::counted))
        wrong("signal " + number(m.what.ticket) + (there ? " was refused and kept" : " is lost"));
    }
  }

  const json& doc_;
  const json& records_;
  const std::vector<message>& sent_;
  std::vector<json> values_;
  std::vector<task_state> states_;
  std::vector<int> codes_, starts_;
  std::vector<json> kept_;
  std::set<std::uint64_t> recorded_;
  std::map<std::uint32_t, std::uint64_t> taken_by_;
  std::map<std::uint32_t, std::set<std::string>> decided_;
  std::vector<std::string> wrong_;
};

} // namespace

std::vector<std::string> people_violations(const json& document, const json& records,
                                           const std::vector<message>& sent) {
  return checker{document, records, sent}.run();
}

} // namespace o3::simulation
