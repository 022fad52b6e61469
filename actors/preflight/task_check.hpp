// What a pre-flight makes of single tasks: which can be asked for before anything runs, and what an
// answer means. CAF-free. Threads: pure functions.
#pragma once
#include "actors/engine/catalogue_snapshot.hpp"
#include "runtime/outside/talk.hpp"
#include "runtime/secrets/mask.hpp"

#include <variant>

namespace o3::preflight {

struct line {
  enum class verdict : std::uint8_t { ok, problem, not_checked };
  verdict how = verdict::not_checked;
  fault code = fault::none; ///< of a problem
  std::string text;         ///< why; of an `ok` what is left open, or ""
};
line not_checked(std::string why);

/// The talk that would say it.
struct question {
  std::shared_ptr<const outside::outside_code> code;
  outside::topic about = outside::topic::preflight;
  json inputs; ///< resolved; stored secrets as markers
};

/// `inputs`: as binding::inputs. A line where there is nothing to ask, or what is known already is
/// wrong.
std::variant<question, line> question_of(const plan& p, std::uint32_t task, const json& inputs,
                                         const tasks::registry& classes, const sealer& seal,
                                         const limits& lim);
/// Only such requests are sent.
bool changes_nothing(const outside::request& r);
/// What a talk concluded after `answers` answers of the target.
line judge(outside::topic about, const outside::conclusion& said, unsigned answers);
/// For how long the target wants to be left alone, where it said no more than that.
std::optional<millis> told_to_wait(const outside::conclusion& said);
/// What a talk showed that was not ended because `next` would change something.
line stopped_before(const outside::request& next, unsigned answers);

/// Every text that is secret in the request's values and in a task's own inputs.
void teach(secrets::masker& known, const json& inputs, const sealer& seal);
void teach(secrets::masker& known, const plan& p, std::uint32_t task, const json& resolved);

} // namespace o3::preflight
