// What people approve, and the same looked at again before something starts on it: a value whose
// secret parts stay sealed, and a hash of it. Errors: those of resolve_inputs(). Threads: pure.
#pragma once
#include "runtime/dag/plan.hpp"

#include <string_view>

namespace o3 {

/// The value of input `name` of task `t`, with what came sealed sealed again (a text that quotes a
/// secret is sealed as a whole); null if the task has no such input.
result<json> resolve_shown(const plan& p, std::uint32_t t, std::string_view name,
                           const json& inputs, const run_facts& facts, const sealer& seal,
                           const limits& lim);
/// The same of one of its lines.
result<json> resolve_shown_line(const plan& p, std::uint32_t t, std::uint32_t line,
                                const json& inputs, const run_facts& facts, const sealer& seal,
                                const limits& lim);

/// SHA-256 (hex) of the canonical JSON of `shown`, in which {"$hmac": fingerprint} stands for each
/// sealed value: whoever sees no "***" can compute it, and nobody can guess a secret from it.
/// `secret_unreadable` if one cannot be opened.
result<std::string> evidence_hash(const json& shown, const sealer& seal);

} // namespace o3
