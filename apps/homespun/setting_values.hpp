#pragma once
#include <memory>

#include "base/config.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "net/io/trusted_proxies.hpp"
#include "sync/accounts/accounts_store.hpp"
#include "sync/auth/public_url.hpp"
#include "sync/protocol/bso.hpp"

// What the settings mean to the parts of an installation. Errors are messages for the operator.

std::unique_ptr<homespun::base::Logger> make_logger(const homespun::base::config::Settings& settings);
homespun::base::Result<homespun::sync::auth::PublicUrls> parse_public_urls(
    const homespun::base::config::Settings& settings);
homespun::base::Result<homespun::net::TrustedProxies> parse_trusted_proxies(
    const homespun::base::config::Settings& settings);
homespun::base::Result<homespun::sync::protocol::LimitTable> parse_limits(
    const homespun::base::config::Settings& settings);
homespun::base::Result<homespun::sync::store::QuotaLimits> parse_quota(
    const homespun::base::config::Settings& settings);
/// Whether that service is one of `services`.
bool runs(const homespun::base::config::Settings& settings, std::string_view service);
/// `exposed`: others can reach us, so that the first who comes may be anybody.
homespun::sync::accounts::SignUp sign_up_setting(const homespun::base::config::Settings& settings,
                                                 bool exposed);
