#pragma once
#include <string_view>

#include "base/metrics.hpp"

namespace homespun::sync::store::sqlite {

/// What a shard counts (docs/metrics.md). Those of the writer are counted by its thread alone.
struct ShardMetrics {
    /// Counts nothing.
    ShardMetrics() = default;
    /// `shard`: its number, for the label.
    ShardMetrics(base::metrics::Registry& registry, std::string_view shard);

    base::metrics::Histogram group_requests, commit_time, checkpoint_time;
    base::metrics::Gauge wal_frames, refusing, broken;
    base::metrics::Counter purged_rows, freed_pages;

    base::metrics::Gauge queued_requests, queued_bytes;
    base::metrics::Counter refused_writes;
    base::metrics::Counter table_hits, table_misses;
    base::metrics::Gauge readers;
    base::metrics::Counter reader_waits;
};

}  // namespace homespun::sync::store::sqlite
