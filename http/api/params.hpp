// What handlers read besides the body: query values, ids in paths, headers. Every refusal names the
// parameter. Threads: pure functions. Internal to http/api.
#pragma once
#include "http/core/router.hpp"
#include "runtime/base/id.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace o3::api {

/// Refuses names the route does not have (`unknown_filter`, with the nearest one) and doubles of
/// those whose schema is not a list (`bad_value`).
std::optional<error> check_query(const http::request& r, std::span<const http::parameter> known);

/// "true", "1", "false", "0"; `otherwise` if absent.
result<bool> query_flag(const http::request& r, std::string_view name, bool otherwise = false);
result<std::uint64_t> query_number(const http::request& r, std::string_view name, std::uint64_t min,
                                   std::uint64_t max, std::uint64_t otherwise);
/// Valid UTF-8 of 1 to `bytes_max` bytes; nullopt if absent.
result<std::optional<std::string>> query_text(const http::request& r, std::string_view name,
                                              std::size_t bytes_max = 256);

/// The {id} of the path; `not_found` if it is no id: no workflow can have it.
result<id> path_id(const http::request& r);

/// A revision, and the one it is compared with.
struct asked_revision {
  std::uint32_t number = 1;
  std::optional<std::uint32_t> against;
};
/// The {n} of the path, from 1, `not_found` if it is none; and `diff` of the query.
result<asked_revision> read_revision(const http::request& r);

/// `application/json`, charset=utf-8 allowed; `unsupported_media_type` otherwise.
std::optional<error> check_json_type(const http::request& r);
/// The body, parsed strictly within `bytes_max` and `lim`.
result<json> json_body(const http::request& r, std::size_t bytes_max, const limits& lim);

/// The body {"reason": text}; an absent body gives no reason.
result<std::string> read_reason(const http::request& r, const limits& lim);

/// Idempotency-Key: 1 to 128 printable ASCII characters, at most once; "" if absent.
result<std::string> idempotency_key(const http::request& r);

/// What `Prefer` (RFC 7240) asks that O3 can do.
struct preference {
  std::optional<std::chrono::seconds> wait; ///< already cut to the maximum
  bool respond_async = false;
  [[nodiscard]] std::string applied() const; ///< for Preference-Applied; "" for nothing
};
/// Over all Prefer headers; the first of a doubled preference counts, what is unknown or malformed
/// is ignored, as the RFC asks.
preference parse_prefer(const http::request& r, std::chrono::seconds wait_max);

} // namespace o3::api
