#pragma once
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "sync/store/weave_store.hpp"

namespace homespun::sync::store::sqlite {

enum class WriteKind {
    put,
    post,
    remove,
    remove_ids,
    remove_collection,
    remove_user,
    replace_user,
    open_batch,
    append_batch,
    commit_batch,
    weave_write,
    weave_remove,
};

/// Staging is invisible: it needs no timestamp of its own.
constexpr bool takes_timestamp(WriteKind kind) {
    return kind != WriteKind::open_batch && kind != WriteKind::append_batch;
}

struct WriteResult {
    Timestamp timestamp;  ///< the new one; for staging the collection's unchanged one, for a single
                          ///< weave_write without payload the record's
    std::string batch;    ///< of open_batch and append_batch
    std::optional<std::uint64_t> user_bytes{};  ///< of what writes records, where users have a quota
};

/// A write on its way: owns its data, so that a client that goes away changes nothing. Made on a loop, owned
/// by the shard's queue, then by the function that is posted back to the loop.
struct WriteRequest {
    WriteKind kind = WriteKind::put;
    UserId user = 0;
    std::string collection;
    std::vector<RecordUpdate> updates;
    std::vector<std::string> ids;
    std::string batch;
    UserId staged = 0;                       ///< of replace_user: whose collections the user gets
    std::vector<WeaveUpdate> weave_updates;  ///< of weave_write
    WeaveWrite weave_write = WeaveWrite::batch;
    WeaveQuery weave_query;  ///< of weave_remove
    Precondition when;

    Outcome<WriteResult> outcome = std::unexpected(Failure{});
    std::optional<std::chrono::steady_clock::time_point> parked_since;
    std::size_t weight = 0;  ///< bytes() when it was queued; goes back to the writer's account when answered

    base::Executor* home = nullptr;
    std::coroutine_handle<> caller;
    Outcome<WriteResult>* answer = nullptr;  ///< in the caller's frame; written on the caller's thread only

    /// Of `updates`.
    [[nodiscard]] std::uint64_t payload_bytes() const {
        std::uint64_t sum = 0;
        for (const auto& update : updates)
            sum += update.payload ? update.payload->size() : 0;
        return sum;
    }
    /// What it weighs in a queue and a transaction.
    [[nodiscard]] std::size_t bytes() const {
        std::size_t sum = sizeof(WriteRequest);
        for (const auto& update : updates) {
            sum += sizeof(RecordUpdate) + update.id.size() + (update.payload ? update.payload->size() : 0);
        }
        for (const auto& update : weave_updates) {
            sum += sizeof(WeaveUpdate) + update.id.size();
            for (const auto* text : {&update.payload, &update.parentid, &update.predecessorid})
                sum += *text ? (*text)->size() : 0;
        }
        for (const auto& id : ids)
            sum += sizeof(std::string) + id.size();
        return sum;
    }
};

}  // namespace homespun::sync::store::sqlite
