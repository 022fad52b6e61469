// A stage on which people are heard: decisions of approvals, and signals.
#pragma once
#include "runtime/workflow/people.hpp"
#include "tests/runtime/workflow/stage.hpp"

namespace o3::workflow::testing::builtin {

// A stage whose people are heard: the answer to each.
struct people : stage {
  using stage::stage;

  std::vector<error> hear(said e) {
    e.ticket = ++ticket;
    tell(std::move(e));
    for (const auto& f : effects)
      if (const auto* a = std::get_if<answer_sender>(&f)) {
        REQUIRE(a->ticket == ticket);
        return a->errors;
      }
    FAIL("no answer");
    return {};
  }
  /// "" if it counted, else the code of the first thing that was wrong.
  std::string decide_as(const std::string& by, json body, const std::string& task = "ok",
                        std::vector<std::string> roles = {}) {
    last = hear({0, true, "", number(task), std::move(body), by, std::move(roles)});
    return last.empty() ? "" : std::string{fault_code(last[0].code)};
  }
  json yes(const std::string& task = "ok") const {
    return {{"decision", "approve"}, {"evidence_hash", (*this)[task].attributes["evidence_hash"]}};
  }
  json no() const {
    auto body = yes();
    body["decision"] = "reject";
    return body;
  }
  std::string signal(const std::string& name, json body = json(),
                     std::optional<std::uint32_t> task = {}) {
    last = hear({0, false, name, task, std::move(body), "bot", {}});
    return last.empty() ? "" : std::string{fault_code(last[0].code)};
  }
  json shown(const std::string& task) const {
    std::string text;
    json_writer out{text};
    write_task(out, s, number(task));
    return json::parse(text);
  }
  std::uint64_t ticket = 0;
  std::vector<error> last;
};

inline json approval(json input, json more = json::object()) {
  return task("ok", "approval", std::move(input), std::move(more));
}

} // namespace o3::workflow::testing::builtin
