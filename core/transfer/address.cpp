#include "core/transfer/address.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace plumbline::transfer {
namespace {

struct Block {
  std::string_view cidr;
  std::string_view what;
};

constexpr Block kV4[] = {
    {"0.0.0.0/8", "this network (RFC 791)"},
    {"10.0.0.0/8", "private (RFC 1918)"},
    {"100.64.0.0/10", "carrier-grade NAT (RFC 6598)"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local (RFC 3927), where clouds serve their metadata"},
    {"172.16.0.0/12", "private (RFC 1918)"},
    {"192.0.0.0/24", "protocol assignments (RFC 6890)"},
    {"192.0.2.0/24", "documentation (RFC 5737)"},
    {"192.31.196.0/24", "AS112 (RFC 7535)"},
    {"192.52.193.0/24", "AMT (RFC 7450)"},
    {"192.88.99.0/24", "6to4 relay (RFC 7526)"},
    {"192.168.0.0/16", "private (RFC 1918)"},
    {"192.175.48.0/24", "AS112 (RFC 7534)"},
    {"198.18.0.0/15", "benchmarking (RFC 2544)"},
    {"198.51.100.0/24", "documentation (RFC 5737)"},
    {"203.0.113.0/24", "documentation (RFC 5737)"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved or broadcast (RFC 1112)"},
};
constexpr Block kV6[] = {
    {"::/128", "unspecified"},
    {"::1/128", "loopback"},
    {"::/96", "IPv4-compatible (RFC 4291)"},
    {"::ffff:0:0:0/96", "IPv4-translated (RFC 2765)"},
    {"64:ff9b::/96", "NAT64 (RFC 6052)"},
    {"64:ff9b:1::/48", "local NAT64 (RFC 8215)"},
    {"100::/64", "discard (RFC 6666)"},
    {"2001::/23", "protocol assignments, Teredo among them (RFC 2928, RFC 4380)"},
    {"2001:db8::/32", "documentation (RFC 3849)"},
    {"2002::/16", "6to4 (RFC 3056)"},
    {"3fff::/20", "documentation (RFC 9637)"},
    {"5f00::/16", "segment routing (RFC 9602)"},
    {"fc00::/7", "unique local (RFC 4193)"},
    {"fe80::/10", "link-local (RFC 4291)"},
    {"fec0::/10", "site-local (RFC 3879)"},
    {"ff00::/8", "multicast"},
};

struct Known {
  Cidr cidr;
  std::string_view what;
};

std::vector<Known> known_blocks() {
  std::vector<Known> all;
  for (const Block& block : kV4) all.push_back({*parse_cidr(block.cidr), block.what});
  for (const Block& block : kV6) all.push_back({*parse_cidr(block.cidr), block.what});
  return all;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

template <class Take>
void each(std::string_view list, Take take) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) take(item);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
}

Address mapped(const void* four) {
  Address address;
  address.v4 = true;
  address.bytes[10] = address.bytes[11] = 0xff;
  std::memcpy(&address.bytes[12], four, 4);
  return address;
}

bool is_mapped(const Address& address) {
  return std::all_of(address.bytes.begin(), address.bytes.begin() + 10, [](auto b) { return b == 0; }) &&
         address.bytes[10] == 0xff && address.bytes[11] == 0xff;
}

}  // namespace

std::string Address::to_string() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (v4) {
    inet_ntop(AF_INET, &bytes[12], text, sizeof text);
  } else {
    inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  }
  return text;
}

std::optional<Address> parse_address(std::string_view text) {
  const std::string copy(text);
  in_addr four{};
  if (inet_pton(AF_INET, copy.c_str(), &four) == 1) return mapped(&four);
  Address address;
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

std::optional<Address> address_of(const sockaddr& from) {
  if (from.sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &from, sizeof four);
    return mapped(&four.sin_addr);
  }
  if (from.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 six{};
  std::memcpy(&six, &from, sizeof six);
  Address address;
  std::memcpy(address.bytes.data(), &six.sin6_addr, address.bytes.size());
  return address;
}

std::string_view special_purpose(const Address& address) {
  static const std::vector<Known> blocks = known_blocks();
  if (!address.v4 && is_mapped(address)) return "IPv4-mapped (RFC 4291)";
  for (const Known& block : blocks) {
    if (block.cidr.network.v4 == address.v4 && block.cidr.holds(address)) return block.what;
  }
  return "";
}

bool Cidr::holds(const Address& address) const {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(network.bytes.begin(), network.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.bytes.begin())) {
    return false;
  }
  const int rest = bits % 8;
  if (rest == 0) return true;
  const int shift = 8 - rest;
  return (network.bytes[whole] >> shift) == (address.bytes[whole] >> shift);
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto network = parse_address(text.substr(0, slash));
  if (!network) return std::nullopt;
  Cidr cidr{*network, 128};
  if (slash == std::string_view::npos) return cidr;
  int bits = -1;
  const char* end = text.data() + text.size();
  if (std::from_chars(text.data() + slash + 1, end, bits).ptr != end) return std::nullopt;
  if (bits < 0 || bits > (network->v4 ? 32 : 128)) return std::nullopt;
  cidr.bits = network->v4 ? bits + 96 : bits;
  return cidr;
}

Guard Guard::of(std::string_view hosts, std::string_view cidrs) {
  Guard guard;
  each(hosts, [&](std::string_view host) { guard.hosts.push_back(lower(host)); });
  each(cidrs, [&](std::string_view text) {
    if (const auto cidr = parse_cidr(text)) guard.cidrs.push_back(*cidr);
  });
  return guard;
}

bool Guard::allows_host(std::string_view host) const {
  return std::find(hosts.begin(), hosts.end(), lower(host)) != hosts.end();
}

std::string_view Guard::refuses(std::string_view host, const Address& address) const {
  if (allows_host(host)) return "";
  for (const Cidr& cidr : cidrs) {
    if (cidr.network.v4 == address.v4 && cidr.holds(address)) return "";
  }
  return special_purpose(address);
}

}  // namespace plumbline::transfer
