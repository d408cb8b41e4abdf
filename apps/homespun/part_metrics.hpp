#pragma once
#include <string_view>

#include "base/metrics.hpp"
#include "net/io/server.hpp"
#include "sync/token/service.hpp"
#include "sys/blocking_pool.hpp"

/// The names under which the parts of an installation count (docs/metrics.md).
homespun::net::ServerMetrics connection_metrics(homespun::base::metrics::Registry& registry);
homespun::sys::BlockingPool::Metrics pool_metrics(homespun::base::metrics::Registry& registry,
                                                  std::string_view pool);
homespun::sync::token::TokenMetrics token_metrics(homespun::base::metrics::Registry& registry);
