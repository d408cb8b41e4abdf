#include "net/http/url.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace homespun::net::http {
namespace {

constexpr std::uint16_t default_port(bool tls) {
    return tls ? 443 : 80;
}

/// Nothing for a name or number that no host has.
std::optional<std::string> host_of(std::string_view text) {
    constexpr std::string_view address_letters = "0123456789abcdefABCDEF:.";
    constexpr std::string_view name_letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    if (text.starts_with('[') && text.ends_with(']')) {
        const auto inner = text.substr(1, text.size() - 2);
        if (inner.find(':') == std::string_view::npos ||
            inner.find_first_not_of(address_letters) != std::string_view::npos)
            return std::nullopt;
        return base::to_lower(inner);
    }
    if (text.empty() || text.size() > 253 || text.find_first_not_of(name_letters) != std::string_view::npos)
        return std::nullopt;
    return base::to_lower(text);
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text, bool tls) {
    const auto bracket = text.find(']');
    const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    auto host = host_of(text.substr(0, colon));
    if (!host) return std::nullopt;
    Authority parsed{std::move(*host), default_port(tls)};
    if (colon == std::string_view::npos) return parsed;
    const auto port = base::parse_integer<std::uint16_t>(text.substr(colon + 1));
    if (!port || *port == 0) return std::nullopt;
    parsed.port = *port;
    return parsed;
}

base::Result<Url> Url::parse(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return base::fail(fmt::format("\"{}\" is no usable URL: {}", text, why));
    };
    Url url;
    const auto scheme_end = text.find("://");
    const auto scheme = base::to_lower(text.substr(0, scheme_end));
    if (scheme_end == std::string_view::npos || (scheme != "http" && scheme != "https"))
        return bad("it must begin with https:// or http://");
    url.tls = scheme == "https";
    const auto rest = text.substr(scheme_end + 3);
    if (std::ranges::any_of(rest, [](char c) { return c <= ' ' || c == '\x7f' || c == '\\'; }))
        return bad("blanks, control characters and \\ are not allowed");
    if (rest.find('#') != std::string_view::npos) return bad("a fragment is not allowed");
    const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
    const auto authority = rest.substr(0, authority_end);
    if (authority.find('@') != std::string_view::npos) return bad("a user name is not allowed");

    auto parsed = parse_authority(authority, url.tls);
    if (!parsed) return bad("the host or port is not valid");
    url.host = std::move(parsed->host);
    url.port = parsed->port;
    const auto target = rest.substr(authority_end);
    url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
    return url;
}

bool is_loopback(std::string_view host) {
    const bool numbers = host.find_first_not_of("0123456789.") == std::string_view::npos;
    return host == "localhost" || host == "::1" || (numbers && host.starts_with("127."));
}

std::string bracketed(std::string_view host) {
    return host.contains(':') && !host.starts_with('[') ? fmt::format("[{}]", host) : std::string(host);
}

std::string_view without_brackets(std::string_view host) {
    return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

std::string authority(std::string_view host, std::uint16_t port, bool tls) {
    const auto name = bracketed(host);
    return port == default_port(tls) ? name : fmt::format("{}:{}", name, port);
}

}  // namespace homespun::net::http
