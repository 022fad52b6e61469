// Every way O3 says no: a 16-bit code with a stable text, and what is known about one occurrence.
//
// The text of a code (`fault_code`) is API: clients and scripts match on it, so codes are added,
// never renamed. Each has a heading in faults.md; a test holds the two together. Value 0 means "no
// fault". Threads: values, no shared state.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace o3 {

// X(name, value). Values are grouped by hundreds and never reused.
// clang-format off
#define O3_FAULTS(X)                                                                                 \
  X(none, 0)                                                                                         \
  /* the body could not be read */                                                                   \
  X(json_malformed, 100) X(json_too_deep, 101) X(json_too_large, 102) X(json_duplicate_key, 103)     \
  X(json_invalid_utf8, 104) X(json_number_range, 105) X(body_too_large, 106)                         \
  X(unsupported_media_type, 107) X(bad_request, 108) X(head_too_large, 109)                          \
  /* the document is readable but not acceptable */                                                  \
  X(validation_failed, 200) X(unknown_key, 201) X(missing_key, 202) X(wrong_type, 203)               \
  X(bad_value, 204) X(unsupported_version, 205) X(unknown_template, 206) X(unknown_class, 207)       \
  X(unknown_task, 208) X(unknown_output, 209) X(missing_input, 210) X(unknown_input, 211)            \
  X(cycle, 212) X(self_reference, 213) X(duplicate_ref, 214) X(bad_reference, 215)                   \
  X(too_many_tasks, 216) X(too_many_edges, 217) X(not_supported, 218) X(ignored_input, 219)          \
  X(unused_global, 220) X(too_large, 221) X(unknown_filter, 222)                                     \
  X(bad_schedule, 223) X(unknown_zone, 224) X(bad_expression, 225) X(unknown_calendar, 226)          \
  X(lock_order, 227) X(template_recursion, 228)                                                      \
  /* the request cannot be served now, or not for this caller */                                     \
  X(not_found, 300) X(unauthorized, 301) X(forbidden, 302) X(method_not_allowed, 303)                \
  X(idempotency_mismatch, 304) X(workflow_ended, 305) X(conflict, 306) X(too_many_requests, 307)     \
  X(unavailable, 308) X(shutting_down, 309) X(request_timeout, 310) X(outcome_unknown, 311)          \
  X(workflow_unreadable, 312)                                                                        \
  X(still_running, 313) X(confirmation_needed, 314) X(already_decided, 315)                          \
  X(evidence_changed, 316) X(unknown_signal, 317) X(task_ended, 318)                                 \
  /* why a task or a workflow ended, or waits */                                                     \
  X(task_failed, 400) X(task_exception, 401) X(task_timeout, 402) X(output_missing, 403)             \
  X(output_too_large, 404) X(attribute_too_large, 405) X(input_invalid, 406) X(class_missing, 407)   \
  X(grace_over, 408) X(canceled, 409) X(upstream_failed, 410) X(worker_lost, 411)                    \
  X(quarantined, 412) X(secret_unreadable, 413) X(required_task_failed, 414)                         \
  X(target_refused, 415) X(prompts_ignored, 416) X(infrastructure_failed, 417)                       \
  X(outcome_lost, 418) X(target_unreachable, 419) X(launch_parked, 420) X(given_up, 421)             \
  X(expression_failed, 422) X(condition_false, 423) X(output_invalid, 424) X(loop_invalid, 425)      \
  X(loop_failed, 426) X(child_failed, 427) X(rejected, 428) X(decision_timeout, 429)                 \
  X(lock_wait, 430) X(window_closed, 431) X(limit_reached, 432) X(too_deep, 433)                     \
  X(too_many_descendants, 434) X(heartbeat_lost, 435) X(workflow_timeout, 436) X(paused, 437)        \
  X(superseded, 438) X(not_selected, 439)                                                            \
  /* finding and changing many workflows at once */                                                  \
  X(too_many_matches, 440) X(too_many_to_sort, 441)                                                  \
  /* more of why a task ended */                                                                     \
  X(apply_failed, 446)                                                                               \
  /* the process or its surroundings */                                                              \
  X(internal, 500) X(storage_failed, 501) X(storage_full, 502) X(data_dir_unwritable, 503)           \
  X(data_dir_busy, 504) X(store_newer, 505) X(port_taken, 506) X(config_invalid, 507)                \
  X(file_broken, 508) X(file_duplicate, 509) X(file_symlink_loop, 510) X(start_failed, 511)          \
  X(store_corrupt, 512) X(key_mismatch, 513)
// clang-format on

enum class fault : std::uint16_t {
#define O3_X(name, value) name = (value),
  O3_FAULTS(O3_X)
#undef O3_X
};

/// The stable text of a code, e.g. "unknown_template".
std::string_view fault_code(fault f);

/// Every code there is but `none`, in order of value.
std::span<const fault> all_faults();

/// One occurrence. `pointer` is a JSON Pointer (RFC 6901) into the document it concerns, or empty.
struct error {
  fault code = fault::none;
  std::string message; ///< one sentence for a person: what happened, with the names involved
  std::string
    pointer;        ///< where, e.g. "/tasks/2/input/delay"; "" is the whole document or no document
  std::string hint; ///< what to do, e.g. "did you mean 'noop_01'?"; may be empty

  /// The same error with `what: ` before its message.
  [[nodiscard]] error prefixed(std::string_view what) &&;
  bool operator==(const error&) const = default;
};

/// What a check found; errors refuse the document, warnings do not.
struct findings {
  std::vector<error> errors;
  std::vector<error> warnings;

  [[nodiscard]] bool ok() const { return errors.empty(); }
  void fail(fault code, std::string pointer, std::string message, std::string hint = {});
  void warn(fault code, std::string pointer, std::string message, std::string hint = {});
  void append(findings other);
};

} // namespace o3
