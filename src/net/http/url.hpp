#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homespun::net::http {

/// An absolute http or https URL, as a client needs it (RFC 9110, 4.2).
struct Url {
    bool tls = false;  ///< https
    std::string host;  ///< lower case; an IPv6 literal without its brackets
    std::uint16_t port = 0;
    std::string target = "/";  ///< path and query, still percent-encoded

    /// Refuses other schemes, user names, fragments, blanks and control characters; the error says which.
    static base::Result<Url> parse(std::string_view text);
};

/// localhost, 127.0.0.0/8 as numbers, or ::1 (without brackets): what never leaves this machine. Lower case.
bool is_loopback(std::string_view host);

/// A host as it stands in Host and in URLs: an IPv6 literal gets its brackets.
std::string bracketed(std::string_view host);
/// The host by itself, as the resolver takes it; other hosts stay as they are.
std::string_view without_brackets(std::string_view host);

struct Authority {
    std::string host;  ///< lower case; an IPv6 literal without its brackets
    std::uint16_t port = 0;
    bool operator==(const Authority&) const = default;
};
/// `host[:port]` of a URL or a Host header; nothing for what is no such thing. Without a port it is the
/// scheme's.
std::optional<Authority> parse_authority(std::string_view text, bool tls);

/// `host[:port]` as it stands in Host and in URLs: brackets around IPv6, no port where it is the scheme's
/// own.
std::string authority(std::string_view host, std::uint16_t port, bool tls);

}  // namespace homespun::net::http
