#pragma once
#include "base/config.hpp"
#include "sync/auth/remote_access_tokens.hpp"

/// What the configuration says of Mozilla's accounts (`mozilla.…`, http_proxy, ca_file). The error names the
/// setting and where it came from.
homespun::base::Result<homespun::sync::auth::RemoteSettings> remote_settings(
    const homespun::base::config::Settings& settings);
