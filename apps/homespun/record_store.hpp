#pragma once
#include <memory>

#include "base/clock.hpp"
#include "base/config.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "sync/protocol/bso.hpp"
#include "sync/store/store.hpp"

/// Opens the record store that the settings name. The error is a message for the operator; clock, logger
/// and metrics outlive the store.
homespun::base::Result<std::unique_ptr<homespun::sync::store::Store>> open_record_store(
    const homespun::base::config::Settings& settings, const homespun::sync::protocol::Limits& limits,
    const homespun::sync::store::QuotaLimits& quota, const homespun::base::Clock& clock,
    homespun::base::Logger& logger, homespun::base::metrics::Registry& metrics);
