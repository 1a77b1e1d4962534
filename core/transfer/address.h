// Which addresses may be dialled on behalf of a tenant. Pure; thread-safe.
//
// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates). What is not
// globally reachable is refused, and so is every form that carries an IPv4 address inside an IPv6 one
// (mapped, NAT64, 6to4, Teredo): a gateway on the way could unwrap it into the inside.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace plumbline::transfer {

// 16 bytes in network order; an IPv4 address stands as ::ffff:a.b.c.d.
struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool v4 = false;
  [[nodiscard]] std::string to_string() const;
};

// Dotted or colon text, without brackets, port or zone; nullopt: neither.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);
[[nodiscard]] std::optional<Address> address_of(const sockaddr& from);

// What it is when it must not be dialled ("loopback", "private (RFC 1918)", ...); "" when it is public.
[[nodiscard]] std::string_view special_purpose(const Address& address);

struct Cidr {
  Address network;
  int bits = 128;  // of the 16 bytes
  [[nodiscard]] bool holds(const Address& address) const;
};
// "10.1.0.0/16", "fd00::/8", or one address.
[[nodiscard]] std::optional<Cidr> parse_cidr(std::string_view text);

// What an installation permits beyond the public internet.
struct Guard {
  std::vector<std::string> hosts;  // lower case; their addresses are not looked at
  std::vector<Cidr> cidrs;

  // Lists with commas, as notify.allow_hosts and notify.allow_cidrs have them; what can't be read permits
  // nothing.
  [[nodiscard]] static Guard of(std::string_view hosts, std::string_view cidrs);
  [[nodiscard]] bool allows_host(std::string_view host) const;
  // "" when it may be dialled for that host, else why not.
  [[nodiscard]] std::string_view refuses(std::string_view host, const Address& address) const;
};

}  // namespace plumbline::transfer
