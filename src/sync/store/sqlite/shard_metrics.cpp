#include "sync/store/sqlite/shard_metrics.hpp"

#include <fmt/format.h>

namespace homespun::sync::store::sqlite {

ShardMetrics::ShardMetrics(base::metrics::Registry& registry, std::string_view shard) {
    const auto label = fmt::format("shard=\"{}\"", shard);
    // Those of the writer's thread apart from those that every loop counts.
    registry.begin_line();
    group_requests =
        registry.histogram("homespun_shard_group_requests", "Write requests committed in one transaction",
                           label, base::metrics::counts);
    commit_time = registry.histogram("homespun_shard_commit_seconds",
                                     "Duration of a transaction's commit, with its sync to the disk", label);
    checkpoint_time = registry.histogram("homespun_shard_checkpoint_seconds",
                                         "Duration of a checkpoint of the write-ahead log", label);
    wal_frames = registry.gauge("homespun_shard_wal_frames",
                                "Frames of the write-ahead log since the last checkpoint", label);
    refusing = registry.gauge("homespun_shard_refusing",
                              "1 while the disk takes no writes; over by itself when it does again", label);
    broken = registry.gauge("homespun_shard_broken", "1 when writes are refused until a restart", label);
    purged_rows = registry.counter("homespun_shard_purged_rows_total",
                                   "Rows removed that nobody could see any more", label);
    freed_pages = registry.counter("homespun_shard_freed_pages_total",
                                   "Pages of the file given back to the system", label);
    registry.begin_line();
    queued_requests =
        registry.gauge("homespun_shard_queue_requests", "Write requests taken and not yet answered", label);
    queued_bytes =
        registry.gauge("homespun_shard_queue_bytes", "Weight of the write requests not yet answered", label);
    refused_writes = registry.counter("homespun_shard_refused_writes_total",
                                      "Write requests refused: a full queue, a full or broken disk", label);
    table_hits = registry.counter("homespun_shard_user_table_hits_total",
                                  "Questions for a user's times answered from memory", label);
    table_misses = registry.counter("homespun_shard_user_table_misses_total",
                                    "Questions for a user's times that went to the database", label);
    readers = registry.gauge("homespun_shard_readers", "Reading connections in use", label);
    reader_waits = registry.counter("homespun_shard_reader_waits_total",
                                    "Readers that had to wait for a connection", label);
    registry.begin_line();
}

}  // namespace homespun::sync::store::sqlite
