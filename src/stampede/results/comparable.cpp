#include "stampede/results/comparable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <set>

#include "base/text.hpp"
#include "report/csv.hpp"

namespace homespun::stampede {
namespace {

constexpr std::array<std::string_view, 12> volatile_keys{
    "label", "commit", "describe", "branch", "command_line", "command line",
    "time",  "date",   "started",  "seed",   "folder",       "server"};

/// Host of an URL, without user, port and brackets.
std::string host_of(std::string_view url) {
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find_first_of("/?#"));
    if (const auto user = url.rfind('@'); user != std::string_view::npos) url.remove_prefix(user + 1);
    if (url.starts_with('[')) return base::to_lower(url.substr(1, url.find(']') - 1));
    return base::to_lower(url.substr(0, url.find(':')));
}

/// The kernel reserves some memory at its start, not each time the same.
bool is_same_memory(std::string_view a, std::string_view b) {
    const auto one = base::parse_integer<std::int64_t>(a), other = base::parse_integer<std::int64_t>(b);
    constexpr double tolerance = 0.02;
    return one && other &&
           std::abs(static_cast<double>(*one) - static_cast<double>(*other)) <=
               tolerance * static_cast<double>(*one);
}

bool is_private_host(std::string_view host) {
    if (host.starts_with("10.") || host.starts_with("192.168.") || host.starts_with("169.254.")) return true;
    if (host.starts_with("172.")) {
        const auto second = host.substr(4, host.find('.', 4) - 4);
        const auto number = base::parse_integer<int>(second);
        return number && *number >= 16 && *number <= 31;
    }
    const bool is_v6 = host.find(':') != std::string_view::npos;
    if (is_v6) return host.starts_with("fc") || host.starts_with("fd") || host.starts_with("fe80:");
    return host.find('.') == std::string_view::npos || host.ends_with(".local") || host.ends_with(".lan");
}

}  // namespace

std::string_view place_of(std::string_view url) {
    const auto host = host_of(url);
    if (host == "localhost" || host.starts_with("127.") || host == "::1" || host.ends_with(".localhost"))
        return "this machine";
    return is_private_host(host) ? "the local network" : "elsewhere";
}

bool is_volatile(std::string_view environment_key) {
    return std::ranges::any_of(volatile_keys,
                               [&](std::string_view key) { return base::iequals(key, environment_key); });
}

std::vector<std::string> differences(const Run& a, const Run& b, std::string_view called_a,
                                     std::string_view called_b) {
    std::vector<std::string> found;
    const auto check = [&](std::string_view what, std::string_view of_a, std::string_view of_b) {
        if (of_a == of_b) return;
        const auto shown = [](std::string_view value) { return value.empty() ? "(none)" : value; };
        found.push_back(printable(
            fmt::format("{}: {} in {}, {} in {}", what, shown(of_a), called_a, shown(of_b), called_b)));
    };
    check("model", a.model, b.model);
    check("arrivals", a.arrivals, b.arrivals);
    check("the server's place", place_of(a.target), place_of(b.target));
    check("Apdex target, ms", load_text(a.demands.apdex_target_ms), load_text(b.demands.apdex_target_ms));
    std::set<std::string> keys;
    for (const auto* run : {&a, &b}) {
        for (const auto& [key, value] : run->environment) {
            if (!is_volatile(key)) keys.insert(key);
        }
    }
    for (const auto& key : keys) {
        const auto of_a = environment_of(a, key), of_b = environment_of(b, key);
        if (key == "memory_mb" && is_same_memory(of_a, of_b)) continue;
        check(key, of_a, of_b);
    }
    return found;
}

std::string environment_of(const Run& run, std::string_view key) {
    std::string values;
    for (const auto& [name, value] : run.environment) {
        if (name == key) values += (values.empty() ? "" : ", ") + value;
    }
    return values;
}

std::string time_of(const Run& run) {
    using namespace std::chrono;
    constexpr std::int64_t last = 253402300799;  // the year 9999
    const sys_seconds moment{seconds(std::clamp<std::int64_t>(run.started_at_s, 0, last))};
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const hh_mm_ss time(moment - day);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count());
}

std::string label_of(const Run& run) {
    auto label = environment_of(run, "label");
    if (label.empty()) label = environment_of(run, "commit");
    return label.empty() ? time_of(run) : printable(label);
}

std::string printable(std::string_view text) {
    const bool is_utf8 = base::is_utf8(text);
    std::string made;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        made += byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_utf8) ? '?' : c;
    }
    return made;
}

std::string load_text(double load) {
    return report::csv_number(load);
}

}  // namespace homespun::stampede
