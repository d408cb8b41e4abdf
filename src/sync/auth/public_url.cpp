#include "sync/auth/public_url.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "net/http/url.hpp"

namespace homespun::sync::auth {
namespace {

std::uint16_t default_port(std::string_view scheme) {
    return scheme == "https" ? 443 : 80;
}

/// host[:port] into `url`; false when it is no such thing.
bool parse_authority(std::string_view text, PublicUrl& url) {
    auto host = text;
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return false;
        host = text.substr(0, end + 1);
        const auto rest = text.substr(end + 1);
        if (!rest.empty() && !rest.starts_with(':')) return false;
        port = rest.empty() ? rest : rest.substr(1);
        if (!rest.empty() && port.empty()) return false;
        if (host.find_first_not_of("0123456789abcdefABCDEF:.", 1) != host.size() - 1) return false;
    } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
        if (port.empty()) return false;
    }
    constexpr std::string_view host_letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._[]:";
    if (host.empty() || host.find_first_not_of(host_letters) != std::string_view::npos) return false;
    url.host = base::to_lower(host);
    url.port = default_port(url.scheme);
    if (port.empty()) return true;
    const auto number = base::parse_integer<std::uint16_t>(port);
    if (!number || *number == 0) return false;
    url.port = *number;
    return true;
}

}  // namespace

base::Result<PublicUrl> PublicUrl::parse(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return base::fail(
            fmt::format("\"{}\" is no usable public URL: {}; write it like https://sync.example", text, why));
    };
    PublicUrl url;
    const auto colon = text.find("://");
    url.scheme = base::to_lower(text.substr(0, colon));
    if (colon == std::string_view::npos || (url.scheme != "http" && url.scheme != "https")) {
        return bad("it must begin with http:// or https://");
    }
    auto rest = text.substr(colon + 3);
    if (rest.find_first_of("?#@ \\\"<>") != std::string_view::npos)
        return bad("user, query and fragment are not allowed");
    const auto slash = rest.find('/');
    if (!parse_authority(rest.substr(0, slash), url)) return bad("the host or port is not valid");
    if (slash != std::string_view::npos) url.path = rest.substr(slash);
    while (url.path.ends_with('/'))
        url.path.pop_back();
    return url;
}

std::string PublicUrl::authority() const {
    return port == default_port(scheme) ? host : fmt::format("{}:{}", host, port);
}

bool PublicUrl::is_loopback() const {
    return net::http::is_loopback(host == "[::1]" ? "::1" : std::string_view(host));
}

std::string PublicUrl::text() const {
    return fmt::format("{}://{}{}", scheme, authority(), path);
}

const PublicUrl* PublicUrls::match(std::string_view host) const {
    for (const auto& url : urls_) {
        PublicUrl candidate;
        candidate.scheme = url.scheme;  // whose default port counts: a proxy may have ended TLS
        if (parse_authority(host, candidate) && candidate.host == url.host && candidate.port == url.port)
            return &url;
    }
    return nullptr;
}

std::optional<PublicUrl> PublicUrls::of(const net::http::Request& request) const {
    const auto host = request.headers.find("Host");
    if (urls_.empty()) {
        PublicUrl seen;
        seen.scheme = request.scheme;
        const bool valid = host && parse_authority(*host, seen);
        return valid && seen.is_loopback() ? std::optional(seen) : std::nullopt;
    }
    const auto* matching = host ? match(*host) : nullptr;
    return matching ? *matching : urls_.front();
}

bool PublicUrls::knows(const net::http::Request& request) const {
    const auto host = request.headers.find("Host");
    return urls_.empty() ? of(request).has_value() : host && match(*host) != nullptr;
}

}  // namespace homespun::sync::auth
