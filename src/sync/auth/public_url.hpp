#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/http/message.hpp"

namespace homespun::sync::auth {

/// Where clients reach us: scheme://host[:port][/path], no trailing slash.
struct PublicUrl {
    std::string scheme;  ///< "http" or "https"
    std::string host;    ///< lower case; an IPv6 literal keeps its brackets
    std::uint16_t port = 0;
    std::string path;  ///< prefix in front of our mounts, "" or "/x/y"

    /// Refuses anything that is no absolute http(s) URL, or has user, query or fragment.
    static base::Result<PublicUrl> parse(std::string_view text);
    /// Default ports are left out.
    [[nodiscard]] std::string text() const;
    /// localhost, 127.0.0.0/8 as numbers, or [::1].
    [[nodiscard]] bool is_loopback() const;
    /// `host[:port]` as a client sends it in Host.
    [[nodiscard]] std::string authority() const;
};

/// The configured public URLs (DESIGN: the one matching Host counts, the first is canonical). Without any,
/// Host itself counts, which is allowed only while every listener is loopback. Immutable, thread-safe.
class PublicUrls {
  public:
    PublicUrls() = default;
    explicit PublicUrls(std::vector<PublicUrl> urls) : urls_(std::move(urls)) {}

    /// The URL this request came by: the configured one whose authority equals Host (default ports dropped),
    /// else the first; without any, made from the request's scheme and Host, which must then be loopback:
    /// nothing when it is not, or is missing.
    [[nodiscard]] std::optional<PublicUrl> of(const net::http::Request& request) const;
    /// Whether Host is a name of ours: the authority of a configured URL (default ports dropped), or, without
    /// any, a loopback name. `of` falls back to the first URL, this does not.
    [[nodiscard]] bool knows(const net::http::Request& request) const;
    [[nodiscard]] bool configured() const { return !urls_.empty(); }
    [[nodiscard]] const std::vector<PublicUrl>& all() const { return urls_; }

  private:
    /// The configured URL with this authority; null when there is none.
    [[nodiscard]] const PublicUrl* match(std::string_view host) const;

    std::vector<PublicUrl> urls_;
};

}  // namespace homespun::sync::auth
