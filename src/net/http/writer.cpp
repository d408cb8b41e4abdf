#include "net/http/writer.hpp"

#include <fmt/format.h>

#include <ctime>

namespace homespun::net::http {

std::string format_date(std::int64_t unix_seconds) {
    const auto seconds = static_cast<std::time_t>(unix_seconds);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    static constexpr std::string_view days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[parts.tm_wday], parts.tm_mday,
                       months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string_view CachedDate::at(std::int64_t unix_seconds) {
    if (unix_seconds != second_) {
        second_ = unix_seconds;
        text_ = format_date(unix_seconds);
    }
    return text_;
}

bool is_bodiless(int status) {
    return status < 200 || status == 204 || status == 304;
}

void write_head(std::string& out, const Response& response, const HeadFacts& facts) {
    const auto field = [&out](std::string_view name, std::string_view value) {
        constexpr std::string_view line_ends("\r\n\0", 3);
        if (name.find_first_of(line_ends) != std::string_view::npos ||
            value.find_first_of(line_ends) != std::string_view::npos) {
            return;
        }
        out.append(name).append(": ").append(value).append("\r\n");
    };
    out += "HTTP/1.1 ";
    out += std::to_string(response.status);
    out += ' ';
    out += reason_phrase(response.status);
    out += "\r\n";
    field("Date", facts.date);
    if (!response.content_type.empty()) field("Content-Type", response.content_type);
    if (facts.content_length) field("Content-Length", std::to_string(*facts.content_length));
    if (facts.chunked) field("Transfer-Encoding", "chunked");
    if (!facts.keep_alive) {
        field("Connection", "close");
    } else if (facts.version_minor == 0) {
        field("Connection", "keep-alive");
    }
    for (std::size_t i = 0; i < response.headers.size(); ++i) {
        const auto [name, value] = response.headers[i];
        field(name, value);
    }
    out += "\r\n";
}

}  // namespace homespun::net::http
