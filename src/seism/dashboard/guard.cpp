#include "seism/dashboard/guard.hpp"

#include "base/crypto.hpp"
#include "net/http/url.hpp"

namespace homespun::seism {
namespace {

constexpr int forbidden = 403;

TurnedAway away(std::string_view text) {
    return {forbidden, std::string(text)};
}

/// What an Origin header names; nothing for `null`, https and whatever else is not us.
std::optional<net::http::Authority> origin_of(std::string_view text) {
    constexpr std::string_view scheme = "http://";
    if (!text.starts_with(scheme)) return std::nullopt;
    return net::http::parse_authority(text.substr(scheme.size()), false);
}

}  // namespace

std::optional<TurnedAway> turn_away(const net::http::Request& request, std::string_view token) {
    const auto& headers = request.headers;
    const auto host = net::http::parse_authority(headers.find("Host").value_or(""), false);
    if (!host || !net::http::is_loopback(host->host) || headers.count("Host") != 1)
        return away("the dashboard is for this machine only: ask for it as 127.0.0.1 or localhost");
    const auto origin = headers.find("Origin");
    if (origin && (headers.count("Origin") != 1 || origin_of(*origin) != host))
        return away("the dashboard answers no other page: this request comes from another origin");
    const auto site = headers.find("Sec-Fetch-Site").value_or("none");
    const bool is_link = request.method == "GET" && request.path() == "/" &&
                         headers.find("Sec-Fetch-Mode").value_or("") == "navigate";
    if (site != "same-origin" && site != "none" && !is_link)
        return away("the dashboard answers no other page: this request comes from another site");
    if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
    if (!origin) return away("only the dashboard's own page may change something: there is no Origin");
    if (!base::equal_constant_time(headers.find("X-Seism-Token").value_or(""), token))
        return away(
            "only the dashboard's own page may change something, and this one is of an earlier start: load "
            "it "
            "again");
    return std::nullopt;
}

}  // namespace homespun::seism
