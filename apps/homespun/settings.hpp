#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/config.hpp"

/// Every key of the configuration, in the order of the shipped file.
std::span<const homespun::base::config::Key> setting_keys();

/// File, environment (HOMESPUN_…) and flags together. `file` may be empty: then /etc/homespun.toml counts if
/// it is there. `data` gets its default when nothing sets it.
homespun::base::Result<homespun::base::config::Settings> load_settings(
    const std::string& file, homespun::base::config::Overrides flags);
