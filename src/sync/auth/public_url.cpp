#include "sync/auth/public_url.hpp"

#include <fmt/format.h>

#include "net/http/url.hpp"

namespace homespun::sync::auth {
namespace {

/// Without a path; nothing when `authority` is no host[:port].
std::optional<PublicUrl> url_of(std::string_view authority, std::string_view scheme) {
    auto parsed = net::http::parse_authority(authority, scheme == "https");
    if (!parsed) return std::nullopt;
    return PublicUrl{std::string(scheme), net::http::bracketed(parsed->host), parsed->port, {}};
}

}  // namespace

base::Result<PublicUrl> PublicUrl::parse(std::string_view text) {
    constexpr std::string_view like = "; write a public URL like https://sync.example";
    auto parsed = net::http::Url::parse(text);
    if (!parsed) return base::fail(parsed.error().message + std::string(like));
    if (parsed->target.find_first_of("?\"<>") != std::string::npos)
        return base::fail(
            fmt::format("\"{}\" is no usable URL: a query or one of \"<> is not allowed{}", text, like));
    PublicUrl url{parsed->tls ? "https" : "http", net::http::bracketed(parsed->host), parsed->port,
                  std::move(parsed->target)};
    while (url.path.ends_with('/'))
        url.path.pop_back();
    return url;
}

std::string PublicUrl::authority() const {
    const auto usual = scheme == "https" ? 443 : 80;
    return port == usual ? host : fmt::format("{}:{}", host, port);
}

bool PublicUrl::is_loopback() const {
    return net::http::is_loopback(host == "[::1]" ? "::1" : std::string_view(host));
}

std::string PublicUrl::text() const {
    return fmt::format("{}://{}{}", scheme, authority(), path);
}

const PublicUrl* PublicUrls::match(std::string_view host) const {
    for (const auto& url : urls_) {
        // By the default port of its own scheme: a proxy may have ended TLS.
        const auto candidate = url_of(host, url.scheme);
        if (candidate && candidate->host == url.host && candidate->port == url.port) return &url;
    }
    return nullptr;
}

std::optional<PublicUrl> PublicUrls::of(const net::http::Request& request) const {
    const auto host = request.headers.find("Host");
    if (urls_.empty()) {
        auto seen = host ? url_of(*host, request.scheme) : std::nullopt;
        return seen && seen->is_loopback() ? std::move(seen) : std::nullopt;
    }
    const auto* matching = host ? match(*host) : nullptr;
    return matching ? *matching : urls_.front();
}

bool PublicUrls::knows(const net::http::Request& request) const {
    const auto host = request.headers.find("Host");
    return urls_.empty() ? of(request).has_value() : host && match(*host) != nullptr;
}

}  // namespace homespun::sync::auth
