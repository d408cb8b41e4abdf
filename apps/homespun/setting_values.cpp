#include "setting_values.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace homespun;
namespace config = base::config;

std::unique_ptr<base::Logger> make_logger(const config::Settings& settings) {
    const auto& level = settings.text("log_level");
    const auto least = level == "debug"     ? base::LogLevel::debug
                       : level == "warning" ? base::LogLevel::warning
                       : level == "error"   ? base::LogLevel::error
                                            : base::LogLevel::info;
    return base::make_stderr_logger(
        least, settings.text("log_format") == "json" ? base::LogFormat::json : base::LogFormat::key_value);
}

base::Result<sync::auth::PublicUrls> parse_public_urls(const config::Settings& settings) {
    std::vector<sync::auth::PublicUrl> urls;
    for (const auto& text : settings.list("public_url")) {
        auto url = sync::auth::PublicUrl::parse(text);
        if (!url) return std::unexpected(url.error());
        urls.push_back(std::move(*url));
    }
    return sync::auth::PublicUrls(std::move(urls));
}

base::Result<net::TrustedProxies> parse_trusted_proxies(const config::Settings& settings) {
    auto proxies = net::TrustedProxies::parse(settings.list("trusted_proxies"));
    if (!proxies) return base::fail("trusted_proxies: " + proxies.error().message);
    return proxies;
}

base::Result<sync::protocol::LimitTable> parse_limits(const config::Settings& settings) {
    sync::protocol::LimitTable table;
    const auto number = [&](const char* name) { return static_cast<std::uint64_t>(settings.integer(name)); };
    table.general = {.max_post_records = number("limits.max_post_records"),
                     .max_post_bytes = number("limits.max_post_bytes"),
                     .max_record_payload_bytes = number("limits.max_record_payload_bytes"),
                     .max_request_bytes = number("limits.max_request_bytes"),
                     .max_total_records = number("limits.max_total_records"),
                     .max_total_bytes = number("limits.max_total_bytes")};
    for (const auto& text : settings.list("limits.collections")) {
        if (auto added = table.add(text); !added)
            return base::fail("limits.collections: " + added.error().message);
    }
    if (auto good = table.check(); !good) return std::unexpected(good.error());
    return table;
}

base::Result<sync::store::QuotaLimits> parse_quota(const config::Settings& settings) {
    const auto bytes = [&](const char* name) {
        return static_cast<std::uint64_t>(settings.integer(name)) << 20;
    };
    const sync::store::QuotaLimits quota{bytes("quota.user_soft_mb"), bytes("quota.user_mb"),
                                         bytes("quota.total_soft_mb"), bytes("quota.total_mb")};
    if (quota.user_soft > 0 && quota.user_hard == 0)
        return base::fail("quota.user_soft_mb warns of quota.user_mb: set that, too");
    for (const std::string whose : {"user", "total"}) {
        const auto soft = settings.integer("quota." + whose + "_soft_mb");
        const auto hard = settings.integer("quota." + whose + "_mb");
        if (hard > 0 && soft > hard) {
            return base::fail(
                fmt::format("quota.{0}_soft_mb ({1}) is above quota.{0}_mb ({2}), so that nobody would be "
                            "warned: lower it",
                            whose, soft, hard));
        }
    }
    return quota;
}

bool runs(const config::Settings& settings, std::string_view service) {
    const auto& services = settings.list("services");
    return std::ranges::find(services, service) != services.end();
}

sync::accounts::SignUp sign_up_setting(const config::Settings& settings, bool exposed) {
    const auto& text = settings.text("signup");
    if (settings.text("accounts") == "mozilla") return sync::accounts::SignUp::closed;  // they could not sync
    if (text == "open") return sync::accounts::SignUp::open;
    if (text == "first" && !exposed) return sync::accounts::SignUp::first;
    return sync::accounts::SignUp::closed;
}
