#include "record_store.hpp"

#include "sync/store/sqlite/sqlite_store.hpp"

using namespace homespun;

base::Result<std::unique_ptr<sync::store::Store>> open_record_store(const base::config::Settings& settings,
                                                                    const sync::protocol::Limits& limits,
                                                                    const sync::store::QuotaLimits& quota,
                                                                    const base::Clock& clock,
                                                                    base::Logger& logger,
                                                                    base::metrics::Registry& metrics) {
    return sync::store::sqlite::SqliteStore::open(
        {.directory = settings.text("data") + "/store",
         .shards = static_cast<std::size_t>(settings.integer("shards")),
         .clock = clock,
         .logger = logger,
         .limits = {.max_total_records = limits.max_total_records, .max_total_bytes = limits.max_total_bytes},
         .quota = quota,
         .metrics = &metrics});
}
