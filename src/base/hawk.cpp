#include "base/hawk.hpp"

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace homespun::base::hawk {
namespace {

std::string normalised(const Header& header, const Request& request) {
    std::string text;
    text.reserve(request.target.size() + request.host.size() + 160);
    text += "hawk.1.header\n";
    const auto line = [&text](std::string_view value) {
        text += value;
        text += '\n';
    };
    line(header.ts);
    line(header.nonce);
    line(request.method);
    line(request.target);
    line(to_lower(request.host));
    line(std::to_string(request.port));
    line(header.hash.value_or(""));
    line(header.ext.value_or(""));
    if (header.app) {
        line(*header.app);
        line(header.dlg.value_or(""));
    }
    return text;
}

/// Reads `name="value"`; nothing when it is no such pair. Values hold no quote and no backslash.
std::optional<std::pair<std::string_view, std::string_view>> take_pair(std::string_view& rest) {
    const auto equals = rest.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto name = trim(rest.substr(0, equals));
    auto value = rest.substr(equals + 1);
    if (value.empty() || value.front() != '"') return std::nullopt;
    value.remove_prefix(1);
    const auto quote = value.find('"');
    if (quote == std::string_view::npos) return std::nullopt;
    rest = trim(value.substr(quote + 1));
    value = value.substr(0, quote);
    if (value.find_first_of("\\\r\n") != std::string_view::npos) return std::nullopt;
    return std::pair(name, value);
}

std::optional<std::string>* slot_for(Header& header, std::string_view name) {
    if (name == "hash") return &header.hash;
    if (name == "ext") return &header.ext;
    if (name == "app") return &header.app;
    if (name == "dlg") return &header.dlg;
    return nullptr;
}

std::string* required_slot_for(Header& header, std::string_view name) {
    if (name == "id") return &header.id;
    if (name == "ts") return &header.ts;
    if (name == "nonce") return &header.nonce;
    if (name == "mac") return &header.mac;
    return nullptr;
}

}  // namespace

std::expected<Header, HeaderError> parse_header(std::string_view value) {
    value = trim(value);
    constexpr std::string_view scheme = "hawk";
    if (value.size() <= scheme.size() || !iequals(value.substr(0, scheme.size()), scheme) ||
        value[scheme.size()] != ' ') {
        return std::unexpected(HeaderError::wrong_scheme);
    }
    if (value.size() > max_header_size) return std::unexpected(HeaderError::malformed);
    Header header;
    auto rest = trim(value.substr(scheme.size()));
    while (!rest.empty()) {
        const auto pair = take_pair(rest);
        if (!pair) return std::unexpected(HeaderError::malformed);
        const auto& [name, text] = *pair;
        if (auto* required = required_slot_for(header, name)) {
            if (!required->empty() || text.empty()) return std::unexpected(HeaderError::malformed);
            *required = text;
        } else if (auto* optional = slot_for(header, name)) {
            if (optional->has_value()) return std::unexpected(HeaderError::malformed);
            *optional = text;
        } else {
            return std::unexpected(HeaderError::malformed);
        }
        if (rest.empty()) break;
        if (rest.front() != ',') return std::unexpected(HeaderError::malformed);
        rest = trim(rest.substr(1));
    }
    if (header.id.empty() || header.ts.empty() || header.nonce.empty() || header.mac.empty()) {
        return std::unexpected(HeaderError::malformed);
    }
    return header;
}

std::string mac(std::string_view key, const Header& header, const Request& request) {
    return base64_encode(hmac_sha256(key, normalised(header, request)), Base64::standard);
}

bool verify(std::string_view key, const Header& header, const Request& request) {
    return equal_constant_time(header.mac, mac(key, header, request));
}

std::string payload_hash(std::string_view content_type, std::string_view body) {
    std::string text = "hawk.1.payload\n";
    text += to_lower(trim(content_type.substr(0, content_type.find(';'))));
    text += '\n';
    text += body;
    text += '\n';
    return base64_encode(sha256(text), Base64::standard);
}

bool verify_payload(const Header& header, std::string_view content_type, std::string_view body) {
    return !header.hash || equal_constant_time(*header.hash, payload_hash(content_type, body));
}

std::string sign(std::string_view key, Header header, const Request& request) {
    header.mac = mac(key, header, request);
    std::string text =
        "Hawk id=\"" + header.id + "\", ts=\"" + header.ts + "\", nonce=\"" + header.nonce + "\"";
    const auto add = [&text](std::string_view name, const std::optional<std::string>& value) {
        if (value) text.append(", ").append(name).append("=\"").append(*value).append("\"");
    };
    add("hash", header.hash);
    add("ext", header.ext);
    add("app", header.app);
    add("dlg", header.dlg);
    return text + ", mac=\"" + header.mac + "\"";
}

}  // namespace homespun::base::hawk
