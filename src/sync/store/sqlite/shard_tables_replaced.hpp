#pragma once
#include <sqlite3.h>

#include <cstdint>

#include "sync/store/sqlite/shard_tables.hpp"

namespace homespun::sync::store::sqlite {

/// What the SQL function replaced() saw while an UPSERT ran into an existing row: it spares a lookup before
/// the write.
struct ShardTables::Replaced {
    bool hit = false;
    std::int64_t bytes_gone = 0;

    /// replaced(old length, old row expired, payload given) -> old row expired. Called once per replaced row.
    static void note(sqlite3_context* context, int, sqlite3_value** arguments) {
        auto& self = *static_cast<Replaced*>(sqlite3_user_data(context));
        const bool expired = sqlite3_value_int(arguments[1]) != 0;
        const bool given = sqlite3_value_int(arguments[2]) != 0;
        self.hit = true;
        if (expired || given) self.bytes_gone = sqlite3_value_int64(arguments[0]);
        sqlite3_result_int(context, expired ? 1 : 0);
    }
};

}  // namespace homespun::sync::store::sqlite
