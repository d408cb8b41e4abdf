#pragma once
#include "base/metrics.hpp"

/// This process as Prometheus' client libraries show it (`process_…`), looked up at each rendering, and what
/// was built (`homespun_build_info`).
void register_process_metrics(homespun::base::metrics::Registry& registry);
