#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "barrel/server/natives.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "sync/ops/user_import.hpp"
#include "sync/store/store.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::ops {

/// The natives of services/admin.rbr that deal with data: backups on a thread of their own, imports piece by
/// piece. Owns neither store nor clock nor logger. Thread-safe.
class DataService {
  public:
    struct Parts {
        store::Store& store;
        std::string data_directory;
        std::string program;  ///< version, for manifests
        const base::Clock& clock;
        base::Logger& logger;
    };
    explicit DataService(Parts parts) : parts_(std::move(parts)) {}
    ~DataService() { close(); }
    DataService(const DataService&) = delete;
    DataService& operator=(const DataService&) = delete;

    void register_natives(barrel::Natives& natives);
    /// Gives up a backup that is being made, and waits until it has: for the file that it is at. Before the
    /// loops end, whose coroutines it works for.
    void close();

  private:
    using Answer = base::Task<net::http::Response>;
    struct Import {
        std::shared_ptr<UserImport> work;
        std::int64_t last_used_ms = 0;
        bool busy = false;
    };

    Answer make_backup(barrel::Context& context);
    Answer begin_import(barrel::Context& context);
    Answer add_records(barrel::Context& context);
    Answer commit_import(barrel::Context& context);
    Answer abandon_import(barrel::Context& context);

    /// The import that the path names, marked busy; null when there is none or it is.
    std::shared_ptr<UserImport> take(const barrel::Context& context);
    void give_back(const barrel::Context& context);
    void forget(const barrel::Context& context);
    /// Imports that nobody has touched for long; no longer ours to know.
    std::vector<std::shared_ptr<UserImport>> forget_stale();

    Parts parts_;
    std::stop_source stop_;
    std::atomic<bool> backing_up_{false};  ///< one at a time; nobody waits for a turn
    std::mutex mutex_;                     ///< guards what follows
    std::map<std::int64_t, Import> imports_;
    std::int64_t next_import_ = 1;
    sys::BlockingPool pool_{1, 1};  ///< last: its job uses what stands above
};

}  // namespace homespun::sync::ops
