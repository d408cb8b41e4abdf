#include "stampede/models/access_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <limits>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"

namespace homespun::stampede {
namespace {

constexpr std::int64_t ms_per_s = 1000, s_per_minute = 60, s_per_hour = 3600, s_per_day = 86'400;

bool is_visible(char c) {
    return c > ' ' && c < 0x7f;
}

/// Visible ASCII; every other byte as %XX.
std::string visible(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_visible(c)) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

/// Exactly `size` digits at the front of `text`, which loses them.
std::optional<int> take_digits(std::string_view& text, std::size_t size) {
    const auto digits = text.substr(0, size);
    if (digits.size() != size || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }))
        return std::nullopt;
    text.remove_prefix(size);
    return base::parse_integer<int>(digits);
}

bool take(std::string_view& text, std::string_view expected) {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(expected.size());
    return true;
}

/// Seconds since 1970; nothing when there is no such day.
std::optional<std::int64_t> seconds_of(int year, int month, int day) {
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (year < 1970 || !date.ok()) return std::nullopt;
    return std::int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * s_per_day;
}

/// `13:55:36` at the front of `text`, in seconds.
std::optional<std::int64_t> take_time_of_day(std::string_view& text) {
    const auto hour = take_digits(text, 2);
    if (!hour || !take(text, ":")) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || !take(text, ":")) return std::nullopt;
    const auto second = take_digits(text, 2);
    if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    return *hour * s_per_hour + *minute * s_per_minute + *second;
}

/// `10/Oct/2000:13:55:36 -0700`
std::optional<std::int64_t> parse_common_time(std::string_view text) {
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = take_digits(text, 2);
    if (!day || !take(text, "/")) return std::nullopt;
    const auto month = std::ranges::find(months, text.substr(0, 3));
    if (month == months.end()) return std::nullopt;
    text.remove_prefix(3);
    if (!take(text, "/")) return std::nullopt;
    const auto year = take_digits(text, 4);
    if (!year || !take(text, ":")) return std::nullopt;
    const auto date = seconds_of(*year, static_cast<int>(month - months.begin()) + 1, *day);
    const auto time = take_time_of_day(text);
    if (!date || !time || !take(text, " ") || text.empty()) return std::nullopt;
    const int sign = text.front() == '-' ? -1 : 1;
    if (!take(text, "+") && !take(text, "-")) return std::nullopt;
    const auto hours = take_digits(text, 2);
    const auto minutes = hours ? take_digits(text, 2) : std::nullopt;
    if (!minutes || !text.empty()) return std::nullopt;
    const auto ahead = sign * (*hours * s_per_hour + *minutes * s_per_minute);
    const auto seconds = *date + *time - ahead;
    return seconds < 0 ? std::nullopt : std::optional(seconds * ms_per_s);
}

/// `2026-11-21T15:07:29.341Z`
std::optional<std::int64_t> parse_own_time(std::string_view text) {
    const auto year = take_digits(text, 4);
    if (!year || !take(text, "-")) return std::nullopt;
    const auto month = take_digits(text, 2);
    if (!month || !take(text, "-")) return std::nullopt;
    const auto day = take_digits(text, 2);
    if (!day || !take(text, "T")) return std::nullopt;
    const auto date = seconds_of(*year, *month, *day);
    const auto time = take_time_of_day(text);
    if (!date || !time || !take(text, ".")) return std::nullopt;
    const auto ms = take_digits(text, 3);
    if (!ms || text != "Z") return std::nullopt;
    return (*date + *time) * ms_per_s + *ms;
}

/// Sets what the request line says. False when that cannot be sent again.
bool set_request(AccessLine& line, std::string_view method, std::string_view target) {
    constexpr std::size_t longest_method = 20;
    const bool is_method = !method.empty() && method.size() <= longest_method &&
                           std::ranges::all_of(method, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!is_method) return false;
    // What proxies are asked: the server and then the path.
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        const auto slash = target.find('/', scheme.size());
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    if (!target.starts_with('/')) return false;
    const auto is_forbidden = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
    if (std::ranges::any_of(target, is_forbidden)) return false;
    line.method = method;
    line.target = visible(target.substr(0, target.find('#')));
    return true;
}

bool set_status(AccessLine& line, std::int64_t status) {
    constexpr int least = 100, most = 599;
    line.status = static_cast<int>(status);
    return status >= least && status <= most;
}

// ---- Common and combined format ----

/// A quoted text at the front of `rest`, which loses it. Escapes as Apache and nginx write them.
std::optional<std::string> take_quoted(std::string_view& rest) {
    if (!take(rest, "\"")) return std::nullopt;
    std::string text;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] == '"') {
            rest.remove_prefix(i + 1);
            return text;
        }
        if (rest[i] != '\\' || i + 1 >= rest.size()) {
            text += rest[i];
            continue;
        }
        constexpr std::string_view letters = "\"\\ntrvbf", meanings = "\"\\\n\t\r\v\b\f";
        unsigned char byte = 0;
        const auto hex = rest.substr(i + 1, 3);
        if (hex.size() == 3 && hex[0] == 'x' &&
            std::from_chars(hex.data() + 1, hex.data() + 3, byte, 16).ptr == hex.data() + 3) {
            text += static_cast<char>(byte);
            i += 3;
        } else if (const auto letter = letters.find(rest[i + 1]); letter != std::string_view::npos) {
            text += meanings[letter];
            ++i;
        } else {
            text += rest[i];
        }
    }
    return std::nullopt;
}

std::optional<AccessLine> parse_common(std::string_view rest) {
    AccessLine line;
    const auto host = rest.substr(0, rest.find(' '));
    const auto bracket = rest.find(" [");
    if (host.empty() || bracket == std::string_view::npos || bracket <= host.size()) return std::nullopt;
    // Between them the identity and the user; the user may have blanks in its name.
    const auto names = rest.substr(host.size() + 1, bracket - host.size() - 1);
    const auto blank = names.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    const auto user = names.substr(blank + 1);
    line.user = visible(user == "-" ? host : user);
    rest.remove_prefix(bracket + 2);
    const auto end = rest.find("] ");
    if (end == std::string_view::npos) return std::nullopt;
    const auto time = parse_common_time(rest.substr(0, end));
    if (!time) return std::nullopt;
    line.time_ms = *time;
    rest.remove_prefix(end + 2);
    const auto request = take_quoted(rest);
    if (!request || !take(rest, " ")) return std::nullopt;
    const auto words = base::split(*request, ' ');
    const bool is_request = words.size() == 2 || (words.size() == 3 && words[2].starts_with("HTTP/"));
    if (!is_request || !set_request(line, words[0], words[1])) return std::nullopt;
    const auto numbers = base::split(rest, ' ');
    const auto status = base::parse_integer<int>(numbers[0]);
    if (!status || !set_status(line, *status) || numbers.size() < 2) return std::nullopt;
    line.answer_bytes = base::parse_integer<std::uint64_t>(numbers[1]);
    if (!line.answer_bytes && numbers[1] != "-") return std::nullopt;
    return line;
}

// ---- Our own ----

/// Fields of an event by name, as text.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// `name=value name="value in JSON's quotes" …`
std::optional<Fields> parse_fields(std::string_view rest) {
    Fields fields;
    constexpr std::size_t most_fields = 64;
    while (!rest.empty() && fields.size() < most_fields) {
        const auto equals = rest.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const auto name = rest.substr(0, equals);
        rest.remove_prefix(equals + 1);
        std::size_t end = rest.find(' ');
        const bool quoted = rest.starts_with('"');
        for (std::size_t i = 1; quoted && i < rest.size(); ++i) {
            end = i + 1;
            if (rest[i] == '"') break;
            if (rest[i] == '\\') ++i;
        }
        end = std::min(end, rest.size());
        std::string value(rest.substr(0, end));
        if (quoted) {
            auto parsed = base::json::parse(value);
            if (!parsed || parsed->string() == nullptr) return std::nullopt;
            value = std::move(*parsed->string());
        }
        fields.emplace_back(name, std::move(value));
        rest.remove_prefix(end);
        if (!rest.empty() && !take(rest, " ")) return std::nullopt;
    }
    return fields;
}

std::string_view field(const Fields& fields, std::string_view name) {
    const auto found = std::ranges::find(fields, name, &Fields::value_type::first);
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<AccessLine> from_fields(std::string_view time, std::string_view event, const Fields& fields) {
    AccessLine line;
    const auto at = parse_own_time(time);
    if (!at || (event != "request" && event != "refused")) return std::nullopt;
    line.time_ms = *at;
    std::string path(field(fields, "path"));
    // A path that is not UTF-8 is logged with every byte encoded, the slashes too.
    if (path.starts_with("%2F")) path = base::percent_decode(path).value_or("");
    const auto status = base::parse_integer<std::int64_t>(field(fields, "status"));
    if (!status || !set_status(line, *status) || !set_request(line, field(fields, "method"), path))
        return std::nullopt;
    const bool writes = line.method == "POST" || line.method == "PUT" || line.method == "PATCH";
    (writes ? line.body_bytes : line.answer_bytes) =
        base::parse_integer<std::uint64_t>(field(fields, "bytes"));
    const auto user = field(fields, "user");
    line.user = visible(user.empty() ? field(fields, "remote") : user);
    return line;
}

std::optional<AccessLine> parse_own(std::string_view line) {
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    const auto time = line.substr(0, blank);
    line.remove_prefix(blank + 1);
    const auto level = line.find(' ');
    if (level == std::string_view::npos) return std::nullopt;
    line.remove_prefix(level + 1);
    const auto event = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(event.size() + 1, line.size()));
    const auto fields = parse_fields(line);
    return fields ? from_fields(time, event, *fields) : std::nullopt;
}

std::optional<AccessLine> parse_own_json(std::string_view text) {
    const auto line = base::json::parse(text);
    if (!line || line->object() == nullptr) return std::nullopt;
    Fields fields;
    for (const auto& [name, value] : *line->object()) {
        if (const auto* words = value.string()) fields.emplace_back(name, *words);
        if (const auto* number = value.integer()) fields.emplace_back(name, std::to_string(*number));
    }
    return from_fields(field(fields, "time"), field(fields, "event"), fields);
}

}  // namespace

std::optional<AccessLine> parse_access_line(std::string_view line) {
    line = base::trim(line);
    if (line.empty() || line.size() > longest_access_line) return std::nullopt;
    if (line.starts_with('{')) return parse_own_json(line);
    auto own = line;
    const bool dated = take_digits(own, 4) && own.starts_with('-');
    const auto found = dated ? parse_own(line) : std::nullopt;
    return found ? found : parse_common(line);
}

base::Result<LogLines> read_access_log(const std::string& path,
                                       const std::function<void(const AccessLine&)>& take) {
    std::ifstream file;
    const bool standard_input = path == "-";
    if (!standard_input) file.open(path, std::ios::binary);
    if (!standard_input && !file)
        return base::fail(fmt::format("cannot read the log {}: {}", path, std::strerror(errno)));
    std::istream& in = standard_input ? std::cin : file;
    LogLines lines;
    std::vector<char> room(longest_access_line + 2);
    while (in.getline(room.data(), static_cast<std::streamsize>(room.size())) || in.gcount() > 0) {
        // What was taken out, without the line's end.
        std::string_view line(room.data(), static_cast<std::size_t>(in.gcount()) - (in.good() ? 1 : 0));
        if (in.fail() && !in.eof()) {  // too long: the rest of it is no line of its own
            if (in.bad()) break;
            in.clear();
            in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
            line = {};
            ++lines.others;
        }
        if (base::trim(line).empty()) continue;
        if (const auto parsed = parse_access_line(line)) {
            ++lines.requests;
            take(*parsed);
        } else {
            ++lines.others;
        }
    }
    if (in.bad()) return base::fail(fmt::format("cannot read the log {}: {}", path, std::strerror(errno)));
    return lines;
}

}  // namespace homespun::stampede
