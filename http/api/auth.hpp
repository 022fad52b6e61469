// Who is asking: `Authorization: Bearer <token>` against a list of SHA-256 hashes. The server never
// keeps a token. Errors: 401 (no token, malformed header, unknown token), 403 (not permitted).
// Threads: immutable after construction, shared freely.
#pragma once
#include "http/core/router.hpp"
#include "runtime/base/crypto.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace o3::api {

// The permissions the route table uses; "*" in a token's list is all of them.
namespace permission {
inline constexpr const char* workflow_read = "workflow:read";
inline constexpr const char* workflow_submit = "workflow:submit";
inline constexpr const char* workflow_cancel = "workflow:cancel";
inline constexpr const char* workflow_resolve = "workflow:resolve";
inline constexpr const char* workflow_signal = "workflow:signal";
inline constexpr const char* workflow_approve = "workflow:approve";
inline constexpr const char* template_read = "template:read";
inline constexpr const char* template_write = "template:write";
/// Beside workflow:submit, for requests that bring their template along.
inline constexpr const char* template_inline = "template:inline";
inline constexpr const char* secret_read = "secret:read";
inline constexpr const char* secret_write = "secret:write";
inline constexpr const char* calendar_write = "calendar:write";
inline constexpr const char* system_read = "system:read";
} // namespace permission

inline constexpr std::size_t token_bytes_max = 512;
/// Whether a request can carry it: the characters of RFC 6750's b64token, at most token_bytes_max.
bool is_token(std::string_view t);

struct token_entry {
  std::string sha256_hex; ///< of the token: 64 hex digits
  std::string principal = "admin";
  std::string project = "default";
  std::vector<std::string> permissions{"*"};
  std::vector<std::string> roles{}; ///< what approvals ask for, e.g. "admin"
};

class token_store {
public:
  /// `config_invalid` for a hash that is not 64 hex digits, a doubled hash or an empty name. An
  /// empty list is allowed: nobody gets in.
  static result<token_store> make(std::span<const token_entry> entries);

  struct identity {
    std::string principal;
    std::string project;
    std::shared_ptr<const std::vector<std::string>> permissions; ///< never null
    std::vector<std::string> roles;
    [[nodiscard]] bool may(std::string_view permission) const; ///< "" is always permitted
  };
  /// Compares against every entry in constant time; nullptr if none fits.
  [[nodiscard]] const identity* find(std::string_view token) const;

private:
  struct slot {
    sha256_hash hash{};
    identity who;
  };
  std::vector<slot> slots_;
};

/// For http::router: fills `principal`, `project`, `roles` and `permissions`, or answers 401 or
/// 403.
http::authorizer make_authorizer(token_store tokens);

/// For what a handler must ask beyond its route's permission, because it depends on the body.
bool may(const http::request& r, std::string_view permission);
/// `forbidden`, naming the permission.
error lacks(const http::request& r, std::string_view permission);
/// What a workflow request asks beyond its route's permission: one that brings its template along
/// needs template:inline.
std::optional<error> refuses_body(const http::request& r, const json& body);

} // namespace o3::api
