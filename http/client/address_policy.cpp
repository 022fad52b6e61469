#include "http/client/address_policy.hpp"

#include "http/client/fields.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>

namespace o3::http::client {
namespace {

constexpr ip_address::v6_bytes mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool same_prefix(const ip_address::v6_bytes& a, const ip_address::v6_bytes& b, unsigned bits) {
  const auto whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin()))
    return false;
  const auto rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

struct range {
  const char* base;
  unsigned bits; ///< as written: of 32 for IPv4
  address_kind kind;
};

// The first that holds counts.
constexpr range ranges[] = {
  {"100.100.100.200", 32, address_kind::metadata}, // Alibaba
  {"192.0.0.192", 32, address_kind::metadata},     // Oracle
  {"168.63.129.16", 32, address_kind::metadata},   // Azure
  {"fd00:ec2::", 32, address_kind::metadata},      // AWS: metadata, time, DNS
  {"fd20:ce::254", 128, address_kind::metadata},   // Google
  {"169.254.0.0", 16, address_kind::link_local},
  {"fe80::", 10, address_kind::link_local},
  {"0.0.0.0", 8, address_kind::unspecified},
  {"::", 128, address_kind::unspecified},
  {"224.0.0.0", 4, address_kind::multicast},
  {"ff00::", 8, address_kind::multicast},
  {"240.0.0.0", 4, address_kind::reserved},
  {"127.0.0.0", 8, address_kind::loopback},
  {"::1", 128, address_kind::loopback},
  {"10.0.0.0", 8, address_kind::internal},
  {"172.16.0.0", 12, address_kind::internal},
  {"192.168.0.0", 16, address_kind::internal},
  {"100.64.0.0", 10, address_kind::internal},
  {"198.18.0.0", 15, address_kind::internal},
  {"fc00::", 7, address_kind::internal},
  {"fec0::", 10, address_kind::internal},
};

struct prefix {
  ip_address base;
  unsigned bits;
  address_kind kind;
};

const std::vector<prefix>& prefixes() {
  static const auto table = [] {
    std::vector<prefix> all;
    for (const auto& r : ranges) {
      const auto base = ip_address::parse(r.base).value_or(ip_address{});
      all.push_back({base, r.bits + (base.is_v4() ? 96 : 0), r.kind});
    }
    return all;
  }();
  return table;
}

/// The IPv4 address that a translator would reach for this one.
std::optional<ip_address> embedded_v4(const ip_address& a) {
  const auto& b = a.bytes();
  const auto at = [&b](std::size_t i) {
    return ip_address{ip_address::v4_bytes{b[i], b[i + 1], b[i + 2], b[i + 3]}};
  };
  static const auto nat64 = ip_address::parse("64:ff9b::").value_or(ip_address{});
  if (same_prefix(b, nat64.bytes(), 96))
    return at(12);
  if (b[0] == 0x20 && b[1] == 0x02) // 6to4
    return at(2);
  const bool compatible
    = same_prefix(b, ip_address{}.bytes(), 96) && (b[12] != 0 || b[13] != 0 || b[14] != 0);
  if (compatible)
    return at(12);
  return std::nullopt;
}

std::string_view what(address_kind k) {
  switch (k) {
  case address_kind::global:
    return "a public address";
  case address_kind::loopback:
    return "a loopback address";
  case address_kind::internal:
    return "a private address";
  case address_kind::link_local:
    return "a link-local address";
  case address_kind::metadata:
    return "a metadata service";
  case address_kind::unspecified:
    return "an unspecified address";
  case address_kind::multicast:
    return "a multicast address";
  case address_kind::reserved:
    return "a reserved address";
  }
  return "an unknown address";
}

bool is_unspecified(const ip_address& a) {
  return a == ip_address{} || a == ip_address{ip_address::v4_bytes{}};
}

std::string_view without_brackets(std::string_view host) {
  return host.size() > 1 && host.front() == '[' && host.back() == ']'
           ? host.substr(1, host.size() - 2)
           : host;
}

bool is_own(const own_endpoint& e, const address_target& t) {
  if (e.port != t.port)
    return false;
  if (!e.name.empty() && lower_case(e.name) == t.host)
    return true;
  if (!e.address)
    return false;
  if (is_unspecified(*e.address))
    return t.this_machine || kind_of(t.address) == address_kind::loopback;
  return *e.address == t.address;
}

bool covered(const address_policy& p, std::string_view host, const std::optional<ip_address>& a) {
  return std::any_of(p.allow.begin(), p.allow.end(),
                     [&](const target_rule& r) { return r.covers(host, a); });
}

} // namespace

ip_address::ip_address(const v4_bytes& b) : bytes_(mapped_prefix) {
  std::copy(b.begin(), b.end(), bytes_.begin() + 12);
}

std::optional<ip_address> ip_address::parse(std::string_view text) {
  const std::string plain{without_brackets(text)};
  v4_bytes v4{};
  if (inet_pton(AF_INET, plain.c_str(), v4.data()) == 1)
    return ip_address{v4};
  v6_bytes v6{};
  if (inet_pton(AF_INET6, plain.c_str(), v6.data()) == 1)
    return ip_address{v6};
  return std::nullopt;
}

bool ip_address::is_v4() const {
  return same_prefix(bytes_, mapped_prefix, 96);
}

std::string ip_address::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  const bool four = is_v4();
  inet_ntop(four ? AF_INET : AF_INET6, bytes_.data() + (four ? 12 : 0), out.data(), out.size());
  return out.data();
}

address_kind kind_of(const ip_address& a) {
  if (const auto inner = embedded_v4(a))
    return kind_of(*inner);
  for (const auto& p : prefixes())
    if (same_prefix(a.bytes(), p.base.bytes(), p.bits))
      return p.kind;
  return address_kind::global;
}

result<target_rule> target_rule::parse(std::string_view text) {
  const auto wrong = [&] {
    return make_error(fault::bad_value, "'" + std::string{text.substr(0, 100)} + "' is no target",
                      "", "write an address, a range like 10.0.0.0/8, host.example or *.example");
  };
  target_rule r;
  const auto slash = text.find('/');
  r.base = ip_address::parse(text.substr(0, slash));
  if (!r.base) {
    r.name = lower_case(text);
    const auto plain = std::string_view{r.name}.substr(r.name.rfind("*.", 0) == 0 ? 2 : 0);
    if (plain.empty()
        || plain.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.")
             != std::string_view::npos)
      return wrong();
    // What looks like a number is none of the addresses that were understood.
    if (plain.find_first_not_of("0123456789.") == std::string_view::npos)
      return wrong();
    return r;
  }
  if (slash == std::string_view::npos)
    return r;
  const auto digits = text.substr(slash + 1);
  const auto width = text.find(':') == std::string_view::npos ? 32U : 128U;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), r.bits);
  if (ec != std::errc{} || end != digits.data() + digits.size() || r.bits > width)
    return wrong();
  r.bits += 128 - width;
  return r;
}

bool target_rule::covers(std::string_view host, const std::optional<ip_address>& a) const {
  if (base)
    return a && same_prefix(a->bytes(), base->bytes(), bits);
  if (name.rfind("*.", 0) != 0)
    return host == name;
  const auto below = std::string_view{name}.substr(1); // ".example"
  return host.size() > below.size() && host.substr(host.size() - below.size()) == below;
}

std::optional<std::string> refusal(const address_policy& p, const address_target& t) {
  const auto kind = kind_of(t.address);
  if (kind >= address_kind::link_local)
    return t.address.text() + " is " + std::string{what(kind)} + ", which is never asked";
  for (const auto& e : p.own)
    if (is_own(e, t))
      return t.address.text() + " port " + std::to_string(t.port)
             + " is one of this node's own, which is never asked";
  if (!p.allow.empty()) {
    if (covered(p, t.host, t.address))
      return std::nullopt;
    return t.address.text() + " is not among the allowed targets";
  }
  if (kind != address_kind::global && !p.private_allowed)
    return t.address.text() + " is " + std::string{what(kind)}
           + ", and none is asked unless it is among the allowed targets";
  return std::nullopt;
}

std::optional<std::string> refusal_by_name(const address_policy& p, std::string_view host,
                                           std::uint16_t port) {
  if (const auto a = ip_address::parse(host))
    return refusal(p, {host, *a, port, false});
  for (const auto& e : p.own)
    if (e.port == port && !e.name.empty() && lower_case(e.name) == host)
      return "this host and port are one of this node's own, which is never asked";
  if (!p.allow.empty() && !covered(p, host, std::nullopt))
    return "the host is not among the allowed targets";
  return std::nullopt;
}

} // namespace o3::http::client
