#include "http/api/auth.hpp"

#include "http/api/problem.hpp"
#include "runtime/base/text.hpp"
#include "runtime/template/inline_template.hpp"

#include <algorithm>
#include <cctype>
#include <memory>

namespace o3::api {

namespace {

std::string_view bytes_of(const sha256_hash& h) {
  return {reinterpret_cast<const char*>(h.data()), h.size()};
}

/// The header's value if it stands there exactly once.
result<std::string_view> authorization(const http::request& r) {
  std::string_view found;
  std::size_t seen = 0;
  for (const auto& [name, value] : r.headers) {
    if (name == "authorization") {
      found = value;
      ++seen;
    }
  }
  if (seen == 0)
    return make_error(fault::unauthorized, "The request carries no Authorization header.", {},
                      "send 'Authorization: Bearer <token>'");
  if (seen > 1)
    return make_error(fault::unauthorized,
                      "The request carries more than one Authorization header.");
  return found;
}

/// The token of "Bearer <token>"; the scheme in any case, one or more blanks.
result<std::string_view> bearer(std::string_view value) {
  constexpr std::string_view scheme = "bearer";
  const auto blank = value.find(' ');
  const auto word = value.substr(0, blank);
  const bool known
    = std::equal(word.begin(), word.end(), scheme.begin(), scheme.end(),
                 [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
  if (!known)
    return make_error(fault::unauthorized,
                      "The Authorization header does not use the scheme 'Bearer'.", {},
                      "send 'Authorization: Bearer <token>'");
  const auto start = value.find_first_not_of(' ', word.size());
  const auto token = start == std::string_view::npos ? std::string_view{} : value.substr(start);
  if (!is_token(token))
    return make_error(fault::unauthorized,
                      "The Authorization header says 'Bearer' but no well-formed token follows.",
                      {}, "a token is up to 512 letters, digits and -._~+/=");
  return token;
}

bool holds(const std::vector<std::string>& permissions, std::string_view wanted) {
  return std::any_of(permissions.begin(), permissions.end(),
                     [&](const auto& p) { return p == "*" || p == wanted; });
}

http::response refuse(const error& e, const http::request& r, std::string_view challenge) {
  auto answer = problem(e, {}, r.path);
  // The table gives every 401 the bare challenge; this one knows more.
  std::erase_if(answer.headers, [](const auto& h) { return h.first == "WWW-Authenticate"; });
  answer.headers.emplace_back("WWW-Authenticate", challenge);
  return answer;
}

} // namespace

bool is_token(std::string_view t) {
  return !t.empty() && t.size() <= token_bytes_max && std::all_of(t.begin(), t.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0
           || std::string_view{"-._~+/="}.find(c) != std::string_view::npos;
  });
}

result<token_store> token_store::make(std::span<const token_entry> entries) {
  token_store store;
  for (const auto& e : entries) {
    const auto raw = from_hex(e.sha256_hex);
    if (!raw || raw->size() != sha256_hash{}.size())
      return make_error(fault::config_invalid,
                        "The token hash of principal '" + printable(e.principal, 64)
                          + "' is not a SHA-256 hash of 64 hexadecimal digits.");
    if (e.principal.empty() || e.project.empty())
      return make_error(fault::config_invalid, "A token entry has no principal or no project.");
    slot s;
    std::copy(raw->begin(), raw->end(), s.hash.begin());
    const bool doubled = std::any_of(store.slots_.begin(), store.slots_.end(),
                                     [&](const slot& o) { return o.hash == s.hash; });
    if (doubled)
      return make_error(fault::config_invalid,
                        "Two token entries have the same hash; the second is of principal '"
                          + printable(e.principal, 64) + "'.");
    s.who = {e.principal, e.project,
             std::make_shared<const std::vector<std::string>>(e.permissions), e.roles};
    store.slots_.push_back(std::move(s));
  }
  return store;
}

bool token_store::identity::may(std::string_view permission) const {
  return permission.empty() || holds(*permissions, permission);
}

bool may(const http::request& r, std::string_view permission) {
  return r.permissions && holds(*r.permissions, permission);
}

error lacks(const http::request& r, std::string_view permission) {
  return make_error(fault::forbidden, "Principal '" + r.principal + "' lacks the permission '"
                                        + std::string{permission} + "'.");
}

std::optional<error> refuses_body(const http::request& r, const json& body) {
  if (inline_template(body) == nullptr || may(r, permission::template_inline))
    return std::nullopt;
  auto e = lacks(r, permission::template_inline);
  e.pointer = inline_template_at;
  e.hint = "name a stored template in workflow.meta.template instead";
  return e;
}

const token_store::identity* token_store::find(std::string_view token) const {
  const auto hash = sha256(token);
  const identity* found = nullptr;
  // No early end: the time taken does not tell which entry fits.
  for (const auto& s : slots_)
    if (equal_constant_time(bytes_of(s.hash), bytes_of(hash)))
      found = &s.who;
  return found;
}

http::authorizer make_authorizer(token_store tokens) {
  const auto store = std::make_shared<const token_store>(std::move(tokens));
  return [store](http::request& r, std::string_view needed) -> std::optional<http::response> {
    const auto header = authorization(r);
    if (!header)
      return refuse(header.error(), r, R"(Bearer realm="o3")");
    const auto token = bearer(*header);
    if (!token)
      return refuse(token.error(), r, R"(Bearer realm="o3", error="invalid_request")");
    const auto* who = store->find(*token);
    if (who == nullptr)
      return refuse(make_error(fault::unauthorized, "The token is not known to this server."), r,
                    R"(Bearer realm="o3", error="invalid_token")");
    r.principal = who->principal;
    r.project = who->project;
    r.roles = who->roles;
    r.permissions = who->permissions;
    if (!who->may(needed))
      return refuse(lacks(r, needed), r, R"(Bearer realm="o3", error="insufficient_scope")");
    return std::nullopt;
  };
}

} // namespace o3::api
