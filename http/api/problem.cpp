#include "http/api/problem.hpp"

#include "runtime/base/json_writer.hpp"

#include <algorithm>

namespace o3::api {

namespace {

/// A path as a URI reference: everything but unreserved characters and "/" percent-encoded.
std::string uri_path(std::string_view path) {
  constexpr std::string_view plain = "-._~/:@!$&'()*+,;=";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(path.size());
  for (const char c : path) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || plain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

void write_place(json_writer& w, const error& e) {
  if (!e.pointer.empty())
    w.field("pointer", std::string_view{e.pointer});
  if (!e.hint.empty())
    w.field("hint", std::string_view{e.hint});
}

http::response document(unsigned status, unsigned retry_after_s, std::string_view code,
                        const error& e, std::span<const error> errors, std::string_view instance) {
  http::response r;
  r.status = status;
  r.content_type = "application/problem+json";
  r.body.reserve(256 + 160 * errors.size());
  json_writer w{r.body};
  w.begin_object().field("type", std::string_view{"/docs/errors#" + std::string{code}});
  w.field("title", std::string_view{title_of(code)}).field("status", status);
  w.field("code", code).field("detail", std::string_view{e.message});
  write_place(w, e);
  if (!errors.empty()) {
    w.key("errors").begin_array();
    for (const auto& one : errors) {
      w.begin_object();
      // The shape findings have in every other answer of the API.
      w.field("code", fault_code(one.code)).field("message", std::string_view{one.message});
      write_place(w, one);
      w.end_object();
    }
    w.end_array();
  }
  if (!instance.empty())
    w.field("instance", std::string_view{uri_path(instance)});
  w.end_object();
  r.headers.emplace_back("Cache-Control", "no-store");
  if (retry_after_s > 0)
    r.headers.emplace_back("Retry-After", std::to_string(retry_after_s));
  if (status == 401)
    r.headers.emplace_back("WWW-Authenticate", R"(Bearer realm="o3")");
  return r;
}

} // namespace

fault_status status_of(fault f) {
  switch (f) {
  // The request itself: syntax, parameters, headers.
  case fault::json_malformed:
  case fault::json_too_deep:
  case fault::json_duplicate_key:
  case fault::json_invalid_utf8:
  case fault::json_number_range:
  case fault::bad_request:
  case fault::bad_value:
  case fault::unknown_filter:
    return {400};
  case fault::json_too_large:
  case fault::body_too_large:
    return {413};
  case fault::unsupported_media_type:
    return {415};
  case fault::head_too_large:
    return {431};
  // A readable document that cannot be accepted.
  case fault::validation_failed:
  case fault::unknown_key:
  case fault::missing_key:
  case fault::wrong_type:
  case fault::unsupported_version:
  case fault::unknown_template:
  case fault::unknown_class:
  case fault::unknown_task:
  case fault::unknown_output:
  case fault::missing_input:
  case fault::unknown_input:
  case fault::cycle:
  case fault::self_reference:
  case fault::duplicate_ref:
  case fault::bad_reference:
  case fault::too_many_tasks:
  case fault::too_many_edges:
  case fault::not_supported:
  case fault::ignored_input:
  case fault::unused_global:
  case fault::bad_schedule:
  case fault::unknown_zone:
  case fault::bad_expression:
  case fault::unknown_calendar:
  case fault::lock_order:
  case fault::template_recursion:
  case fault::unknown_signal:
  case fault::too_large:
  case fault::idempotency_mismatch:
  case fault::too_many_matches:
  case fault::too_many_to_sort:
    return {422};
  // Not for this caller, or not now.
  case fault::unauthorized:
    return {401};
  case fault::forbidden:
    return {403};
  case fault::not_found:
    return {404};
  case fault::method_not_allowed:
    return {405};
  case fault::workflow_ended:
  case fault::still_running:
  case fault::confirmation_needed:
  case fault::already_decided:
  case fault::evidence_changed:
  case fault::task_ended:
  case fault::conflict:
    return {409};
  case fault::too_many_requests:
    return {429, 1};
  case fault::unavailable:
  case fault::request_timeout:
    return {503, 1};
  case fault::shutting_down:
    return {503, 5};
  // Whether the request took effect is not known: asking again with the same key is safe.
  case fault::outcome_unknown:
    return {503, 1};
  case fault::storage_failed:
  case fault::storage_full:
  case fault::data_dir_unwritable:
  case fault::data_dir_busy:
    return {503, 30};
  // Reasons of tasks and of the process: none of them is an answer to a request.
  case fault::workflow_unreadable:
  case fault::task_failed:
  case fault::target_refused:
  case fault::prompts_ignored:
  case fault::infrastructure_failed:
  case fault::outcome_lost:
  case fault::target_unreachable:
  case fault::launch_parked:
  case fault::given_up:
  case fault::expression_failed:
  case fault::condition_false:
  case fault::output_invalid:
  case fault::loop_invalid:
  case fault::loop_failed:
  case fault::child_failed:
  case fault::rejected:
  case fault::decision_timeout:
  case fault::lock_wait:
  case fault::window_closed:
  case fault::limit_reached:
  case fault::too_deep:
  case fault::too_many_descendants:
  case fault::heartbeat_lost:
  case fault::apply_failed:
  case fault::workflow_timeout:
  case fault::paused:
  case fault::superseded:
  case fault::not_selected:
  case fault::task_exception:
  case fault::task_timeout:
  case fault::output_missing:
  case fault::output_too_large:
  case fault::attribute_too_large:
  case fault::input_invalid:
  case fault::class_missing:
  case fault::grace_over:
  case fault::canceled:
  case fault::upstream_failed:
  case fault::worker_lost:
  case fault::quarantined:
  case fault::secret_unreadable:
  case fault::required_task_failed:
  case fault::internal:
  case fault::store_newer:
  case fault::port_taken:
  case fault::config_invalid:
  case fault::file_broken:
  case fault::file_duplicate:
  case fault::file_symlink_loop:
  case fault::start_failed:
  case fault::store_corrupt:
  case fault::key_mismatch:
  case fault::none:
    return {500};
  }
  return {500};
}

std::string title_of(std::string_view code) {
  std::string title{code};
  std::replace(title.begin(), title.end(), '_', ' ');
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z')
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title;
}

http::response problem(const error& e, std::span<const error> errors, std::string_view instance) {
  const auto row = status_of(e.code);
  return document(row.status, row.retry_after_s, fault_code(e.code), e, errors, instance);
}

http::response plain_problem(unsigned status, std::string_view code, std::string_view detail) {
  const auto faults = all_faults();
  const auto known
    = std::find_if(faults.begin(), faults.end(), [&](fault f) { return fault_code(f) == code; });
  unsigned retry_after_s = known == faults.end() ? 0 : status_of(*known).retry_after_s;
  if (status == 503 && retry_after_s == 0)
    retry_after_s = 1;
  error e;
  e.message = detail;
  return document(status, retry_after_s, code, e, {}, {});
}

} // namespace o3::api
