// Which addresses may be asked. Judged after resolution, on the address that is connected to, so a
// name that changes its mind, or an odd spelling of a number, changes nothing.
//
// Never allowed: link-local (169.254/16, fe80::/10), known metadata services, 0.0.0.0/8 and ::,
// multicast, 240/4 with broadcast, and the node's own endpoints. An IPv4 address inside an IPv6 one
// (mapped, compatible, NAT64, 6to4) is judged as what it stands for.
// Threads: values and pure functions.
#pragma once
#include "runtime/base/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace o3::http::client {

class ip_address {
public:
  using v4_bytes = std::array<std::uint8_t, 4>;
  using v6_bytes = std::array<std::uint8_t, 16>;

  ip_address() = default; ///< ::
  explicit ip_address(const v4_bytes& b);
  explicit ip_address(const v6_bytes& b) : bytes_(b) {}
  /// A dotted quad or an IPv6 address, the latter with or without brackets; no zone, nothing else.
  static std::optional<ip_address> parse(std::string_view text);

  bool operator==(const ip_address&) const = default;
  [[nodiscard]] bool is_v4() const; ///< also as ::ffff:a.b.c.d, which is the same value
  [[nodiscard]] std::string text() const;
  /// IPv4 in its mapped form.
  [[nodiscard]] const v6_bytes& bytes() const { return bytes_; }

private:
  v6_bytes bytes_{};
};

enum class address_kind : std::uint8_t {
  global,      ///< everything else
  loopback,    ///< 127/8, ::1
  internal,    ///< RFC 1918, 100.64/10, 198.18/15, fc00::/7, fec0::/10
  link_local,  ///< never allowed, like all that follow
  metadata,    ///< a cloud's metadata service outside the link-local range
  unspecified, ///< 0.0.0.0/8, ::
  multicast,
  reserved ///< 240/4, broadcast
};
address_kind kind_of(const ip_address& a);

/// "10.0.0.0/8", an address, "host.example" or "*.example" (names below example, not itself).
struct target_rule {
  std::optional<ip_address> base; ///< none: a rule about names
  unsigned bits = 128;            ///< of the prefix; IPv4 counts from 96
  std::string name;               ///< lower case, with its "*."

  static result<target_rule> parse(std::string_view text);
  [[nodiscard]] bool covers(std::string_view host, const std::optional<ip_address>& a) const;
};

/// Something of the node's own that is never asked: a listener, the database, Redis.
struct own_endpoint {
  std::optional<ip_address> address; ///< 0.0.0.0 or ::, that port on this machine; none: by name
  std::string name;                  ///< as a URL would name it; may be empty
  std::uint16_t port = 0;
};

struct address_policy {
  /// Not empty: only what a rule covers is allowed.
  std::vector<target_rule> allow{};
  /// With `allow` empty: loopback and private addresses too.
  bool private_allowed = true;
  std::vector<own_endpoint> own{};
};

/// What is about to be asked.
struct address_target {
  std::string_view host; ///< of the URL, lower case
  ip_address address;    ///< what it resolved to
  std::uint16_t port = 0;
  bool this_machine = false; ///< known to be an address of this machine; loopback always is
};

/// Why it may not be asked, as a sentence for a person; empty if it may.
std::optional<std::string> refusal(const address_policy& p, const address_target& t);
/// The same when a configured proxy resolves the name: judged by the name, or the number if it is
/// one.
std::optional<std::string> refusal_by_name(const address_policy& p, std::string_view host,
                                           std::uint16_t port);

} // namespace o3::http::client
