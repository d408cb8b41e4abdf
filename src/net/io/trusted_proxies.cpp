#include "net/io/trusted_proxies.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/text.hpp"

namespace homespun::net {
namespace {

using Bytes = std::array<unsigned char, 16>;

constexpr Bytes mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t mapped_bytes = 12;
constexpr std::size_t most_hops = 32;

bool is_mapped(const Bytes& bytes) {
    return std::equal(mapped_prefix.begin(), mapped_prefix.begin() + mapped_bytes, bytes.begin());
}

/// Four or sixteen bytes as sixteen; `v4` says which it was.
std::optional<Bytes> parse_address(std::string_view text, bool* v4 = nullptr) {
    if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
    const std::string copy(text.substr(0, text.find('%')));
    Bytes bytes = mapped_prefix;
    const bool four = inet_pton(AF_INET, copy.c_str(), bytes.data() + mapped_bytes) == 1;
    if (v4 != nullptr) *v4 = four;
    if (four || inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) return bytes;
    return std::nullopt;
}

std::string text_of(const Bytes& bytes) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (is_mapped(bytes)) {
        inet_ntop(AF_INET, bytes.data() + mapped_bytes, text.data(), text.size());
    } else {
        inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
    }
    return text.data();
}

/// An address with brackets or a port, as hops write them: `[2001:db8::1]:80`, `192.0.2.1:80`.
std::optional<Bytes> parse_hop(std::string_view text) {
    text = base::trim(text);
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        return end == std::string_view::npos ? std::nullopt : parse_address(text.substr(1, end - 1));
    }
    if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
    return parse_address(text);
}

/// The `for` of one element of Forwarded; empty when it has none.
std::string_view for_of(std::string_view element) {
    for (const auto part : base::split(element, ';')) {
        const auto pair = base::trim(part);
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos || !base::iequals(base::trim(pair.substr(0, equals)), "for"))
            continue;
        auto value = base::trim(pair.substr(equals + 1));
        if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
            value = value.substr(1, value.size() - 2);
        return value;
    }
    return {};
}

/// The elements of every field of that name, the rightmost first.
std::vector<std::string_view> hops_of(const http::Headers& headers, std::string_view name) {
    std::vector<std::string_view> hops;
    for (std::size_t i = headers.size(); i-- > 0;) {
        const auto field = headers[i];
        if (!base::iequals(field.name, name)) continue;
        const auto elements = base::split(field.value, ',');
        for (auto element = elements.rbegin(); element != elements.rend() && hops.size() < most_hops;
             ++element)
            hops.push_back(*element);
    }
    return hops;
}

}  // namespace

base::Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& entries) {
    TrustedProxies proxies;
    for (const auto& entry : entries) {
        if (entry == "unix") {
            proxies.unix_ = true;
            continue;
        }
        const auto slash = entry.find('/');
        bool v4 = false;
        const auto address = parse_address(std::string_view(entry).substr(0, slash), &v4);
        const int most = v4 ? 32 : 128;
        const auto bits = slash == std::string::npos
                              ? std::optional(most)
                              : base::parse_integer<int>(std::string_view(entry).substr(slash + 1));
        if (!address || !bits || *bits < 0 || *bits > most) {
            return base::fail("\"" + entry + "\" is no address, network (10.0.0.0/8) or \"unix\"");
        }
        proxies.networks_.push_back({*address, *bits + (v4 ? 128 - 32 : 0)});
    }
    return proxies;
}

bool TrustedProxies::trusts(std::string_view peer) const {
    if (peer == "unix") return unix_;
    const auto address = parse_address(peer);
    if (!address) return false;
    return std::ranges::any_of(networks_, [&](const Network& network) {
        const auto whole = static_cast<std::size_t>(network.bits / 8);
        if (!std::equal(address->begin(), address->begin() + whole, network.address.begin())) return false;
        const int rest = network.bits % 8;
        if (rest == 0) return true;
        const int mask = 0xff << (8 - rest) & 0xff;
        return ((*address)[whole] & mask) == (network.address[whole] & mask);
    });
}

std::string TrustedProxies::client_of(const std::string& peer, const http::Headers& headers) const {
    if (!trusts(peer)) return peer;
    const bool usual = headers.has("X-Forwarded-For");
    auto client = peer;
    for (const auto element : hops_of(headers, usual ? "X-Forwarded-For" : "Forwarded")) {
        const auto hop = parse_hop(usual ? element : for_of(element));
        if (!hop) break;
        client = text_of(*hop);
        if (!trusts(client)) break;
    }
    return client;
}

}  // namespace homespun::net
