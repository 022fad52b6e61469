// Where a plan and a request refer to stored secrets. Private to this folder but for `secret_use`
// (plan.hpp). Whether a secret exists and may go there is for the engine to say: it knows the
// store. Errors: `bad_reference`. Threads: pure functions.
#pragma once
#include "runtime/dag/build.hpp"
#include "runtime/dag/inputs.hpp"

#include <functional>

namespace o3 {

/// Calls f(name, place, fits) for each stored secret that `e` names itself; `fits` if it stands
/// where secrets belong: in an input marked secret (`secret`), or in a member named like one.
void walk_secrets(const expression& e, const place& at, bool secret,
                  const std::function<void(const std::string&, const place&, bool)>& f);

/// Replaces each `${secret.NAME}` in a value of the request by its marker. Reports references that
/// stand where no secret belongs, or among other text.
void mark_secrets(json& value, const place& at, bool secret, reporter& out);

/// What task `t` refers to, by its own lines, the request's values and the globals.
void add_secret_uses(const plan& p, std::uint32_t t, const input_levels& levels,
                     std::vector<secret_use>& uses, reporter& out);

std::string misplaced(const std::string& secret);
inline constexpr std::string_view misplaced_hint
  = "use it for an input that the task's class marks secret, or under a name like 'db_password'";
/// Why a task of class `cls` cannot use a stored secret.
std::string no_caller(const std::string& secret, const std::string& ref, const task_class& cls);
inline constexpr std::string_view no_caller_hint
  = "stored secrets are put in where a request leaves for another system; this class sends none";

} // namespace o3
