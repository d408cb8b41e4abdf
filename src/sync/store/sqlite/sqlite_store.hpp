#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "sync/store/weave_store.hpp"

namespace homespun::sync::store::sqlite {

enum class Synchronous {
    full,    ///< an acknowledged write survives a loss of power
    normal,  ///< it survives the end of the process only; faster where fsync is slow
};

struct Options {
    std::string directory;     ///< made when it is missing
    std::size_t shards = 0;    ///< counts only when the store is made; 0 = one per core
    const base::Clock& clock;  ///< these two outlive the store
    base::Logger& logger;
    BatchLimits limits{};
    QuotaLimits quota{};
    Synchronous synchronous = Synchronous::full;
    std::size_t remembered_entries =
        65'536;  ///< per shard: users and collections whose timestamps stay in memory
    std::chrono::milliseconds idle_after{
        200};  ///< a shard's writer at rest for so long checkpoints and purges
    std::chrono::milliseconds purge_every{60'000};
    base::metrics::Registry* metrics = nullptr;  ///< gets the numbers of each shard; outlives the store
    const char* vfs = nullptr;                   ///< a registered SQLite VFS (fault injection in tests)
};

/// The record store in SQLite files `shard-N.db` below one directory (docs/storage-format.md). A user lives
/// in one shard, found by a stable hash. Each shard has one writer thread and reading connections opened on
/// demand; reads run on the caller's loop. The caller holds the lease on the directory: two stores on one
/// directory at a time break each other's promises. Must outlive its tasks.
class SqliteStore final : public Store, public WeaveStore {
  public:
    /// Opens or makes the store. Refused, with a message for the operator: no access, a missing or foreign
    /// shard, a newer format.
    static base::Result<std::unique_ptr<SqliteStore>> open(const Options& options);
    ~SqliteStore() override;

    base::Task<Outcome<ByCollection<Timestamp>>> info(base::Executor& home, UserId user,
                                                      Precondition when) override;
    base::Task<Outcome<ByCollection<std::uint64_t>>> counts(base::Executor& home, UserId user,
                                                            Precondition when) override;
    base::Task<Outcome<ByCollection<std::uint64_t>>> usage(base::Executor& home, UserId user,
                                                           Precondition when) override;
    base::Task<Outcome<Timestamp>> get(base::Executor& home, UserId user, std::string collection,
                                       std::string id, Precondition when, RowSink sink) override;
    base::Task<Outcome<Listing>> list(base::Executor& home, UserId user, std::string collection,
                                      ListQuery query, Precondition when, RowSink sink) override;
    base::Task<Outcome<Written>> put(base::Executor& home, UserId user, std::string collection,
                                     RecordUpdate update, Precondition when) override;
    base::Task<Outcome<Written>> post(base::Executor& home, UserId user, std::string collection,
                                      std::vector<RecordUpdate> updates, Precondition when) override;
    base::Task<Outcome<Timestamp>> remove(base::Executor& home, UserId user, std::string collection,
                                          std::string id, Precondition when) override;
    base::Task<Outcome<Timestamp>> remove_ids(base::Executor& home, UserId user, std::string collection,
                                              std::vector<std::string> ids, Precondition when) override;
    base::Task<Outcome<Timestamp>> remove_collection(base::Executor& home, UserId user,
                                                     std::string collection, Precondition when) override;
    base::Task<Outcome<Timestamp>> remove_user(base::Executor& home, UserId user, Precondition when) override;
    UserId staging_place(UserId user) override;
    base::Task<Outcome<Timestamp>> replace_user(base::Executor& home, UserId user, UserId staged,
                                                Precondition when) override;
    base::Task<Outcome<Staged>> open_batch(base::Executor& home, UserId user, std::string collection,
                                           std::vector<RecordUpdate> updates, Precondition when) override;
    base::Task<Outcome<Staged>> append_batch(base::Executor& home, UserId user, std::string collection,
                                             std::string batch, std::vector<RecordUpdate> updates,
                                             Precondition when) override;
    base::Task<Outcome<Written>> commit_batch(base::Executor& home, UserId user, std::string collection,
                                              std::string batch, std::vector<RecordUpdate> updates,
                                              Precondition when) override;
    base::Task<Outcome<std::vector<std::pair<std::string, Timestamp>>>> weave_stamps(base::Executor& home,
                                                                                     UserId user) override;
    base::Task<Outcome<std::uint64_t>> weave_find(base::Executor& home, UserId user, std::string collection,
                                                  WeaveQuery query, WeaveSink sink) override;
    base::Task<Outcome<Timestamp>> weave_write(base::Executor& home, UserId user, std::string collection,
                                               std::vector<WeaveUpdate> updates, WeaveWrite how,
                                               Precondition when) override;
    base::Task<Outcome<Timestamp>> weave_remove(base::Executor& home, UserId user, std::string collection,
                                                WeaveQuery query, Precondition when) override;
    [[nodiscard]] WeaveStore* weave() override { return this; }
    [[nodiscard]] double fullness() const override;
    [[nodiscard]] bool healthy() const override;
    void close() override;

    [[nodiscard]] std::size_t shards() const { return shards_.size(); }

  private:
    struct Shard;
    SqliteStore(std::vector<std::unique_ptr<Shard>> shards, const base::Clock& clock);
    [[nodiscard]] Shard& shard_of(UserId user) const;

    std::vector<std::unique_ptr<Shard>> shards_;
    const base::Clock& clock_;
    std::atomic<std::uint64_t> staging_places_{0};
};

/// Which of `shards` a user lives in: part of the storage format.
std::size_t shard_number(UserId user, std::size_t shards);

}  // namespace homespun::sync::store::sqlite
