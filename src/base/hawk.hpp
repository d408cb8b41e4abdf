#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace homespun::base::hawk {

/// The attributes of `Authorization: Hawk …` (accounts sheet 5, sync-1.5 sheet 4.2), as sent.
struct Header {
    std::string id, ts, nonce, mac;
    std::optional<std::string> hash, ext, app, dlg;
};

enum class HeaderError {
    wrong_scheme,  ///< not Hawk at all
    malformed,  ///< not name="value" pairs, a doubled or unknown attribute, id/ts/nonce/mac missing, too long
};

constexpr std::size_t max_header_size = 4096;

/// Parses the value of an Authorization header; the scheme's case does not matter.
std::expected<Header, HeaderError> parse_header(std::string_view value);

/// What a MAC covers. Host in any case; `target` is path and query exactly as on the request line.
struct Request {
    std::string_view method;
    std::string_view target;
    std::string_view host;
    std::uint16_t port = 0;
};

/// base64 of HMAC-SHA256(key, normalised string). The key is bytes: raw for session tokens, the ASCII of the
/// base64 text for the token server's.
std::string mac(std::string_view key, const Header& header, const Request& request);

/// Compares in constant time.
bool verify(std::string_view key, const Header& header, const Request& request);

/// base64 of the payload hash; `content_type` may carry parameters, they are cut off.
std::string payload_hash(std::string_view content_type, std::string_view body);

/// True when no hash was sent, or it fits.
bool verify_payload(const Header& header, std::string_view content_type, std::string_view body);

/// A complete header value for a client: fills `mac` and writes the text.
std::string sign(std::string_view key, Header header, const Request& request);

}  // namespace homespun::base::hawk
