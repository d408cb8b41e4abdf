#include "base/cef.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace homespun::base::cef {
namespace {

bool is_control(unsigned char c) {
    return c < 0x20 || c == 0x7f;
}
bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// `special` and backslashes get a backslash; a line stays a line. At most `most` bytes and only whole
/// characters.
std::string escaped(std::string_view text, char special, std::size_t most = std::string_view::npos) {
    constexpr std::size_t longest_character = 4;
    std::string out;
    for (const char c : text) {
        // Bytes that continue nothing are cut as well.
        if (out.size() >= most || (out.size() > most - longest_character && !continues_character(c))) break;
        if (c == '\\' || c == special) {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else {
            out += is_control(static_cast<unsigned char>(c)) ? '?' : c;
        }
    }
    return out;
}

// Together with names of ours these stay below max_line.
constexpr std::size_t max_agent = 160, max_method = 20, max_path = 300, max_source = 50, max_host = 80,
                      max_user = 80;

std::string of_request(std::string_view text, std::size_t most) {
    return text.empty() ? "none" : escaped(text, '=', most);
}

std::string key_of(std::string_view key) {
    std::string out{key};
    for (char& c : out) {
        const bool fine = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                          c == '_' || c == '.' || c == '-';
        if (!fine) c = '?';
    }
    return out;
}

std::string stamp(std::int64_t now_ms) {
    const std::chrono::sys_time<std::chrono::milliseconds> now{std::chrono::milliseconds{now_ms}};
    return fmt::format("{:%b %d %H:%M:%S}", std::chrono::floor<std::chrono::seconds>(now));
}

}  // namespace

Line format(const Device& device, std::int64_t now_ms, std::string_view host_name, const Event& event) {
    const auto& signature = event.signature.empty() ? event.name : event.signature;
    Line line;
    line.text = fmt::format(
        "{} {} CEF:{}|{}|{}|{}|{}|{}|{}|cs1Label=requestClientApplication cs1={} requestMethod={} "
        "request={} src={} dhost={}",
        stamp(now_ms), host_name, device.version, escaped(device.vendor, '|'), escaped(device.product, '|'),
        escaped(device.device_version, '|'), escaped(signature, '|'), escaped(event.name, '|'),
        event.severity, of_request(event.user_agent, max_agent), of_request(event.method, max_method),
        of_request(event.path, max_path), of_request(event.source, max_source),
        of_request(event.host, max_host));
    std::vector<std::pair<std::string, std::string>> more;
    for (const auto& [key, value] : event.extensions)
        more.emplace_back(key_of(key), escaped(value, '='));
    std::ranges::sort(more, {}, [](const auto& each) { return std::pair(each.second.size(), each.first); });
    if (!event.user.empty()) more.insert(more.begin(), {"suser", of_request(event.user, max_user)});
    for (const auto& [key, value] : more) {
        const auto field = " " + key + "=" + value;
        if (line.text.size() + field.size() > max_line)
            ++line.dropped;
        else
            line.text += field;
    }
    return line;
}

}  // namespace homespun::base::cef
