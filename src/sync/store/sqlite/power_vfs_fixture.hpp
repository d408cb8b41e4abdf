#pragma once
#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "sync/store/sqlite/vfs_methods_fixture.hpp"

namespace homespun::sync::store::sqlite {

/// A SQLite VFS over the system's that knows what a loss of power would leave: for each file what was synced,
/// and what was written since, which may survive whole, in part (sectors of 512 bytes) or not at all; and
/// which names the directory on the disk has. A failed sync loses what was to be synced, as Linux does:
/// a later sync that succeeds does not bring it back. Real syncs are left out, so it is fast. All files lie
/// in one directory. Registered under `name` while it lives; one at a time. Thread-safe.
class PowerVfs {
  public:
    static constexpr const char* name = "power";

    enum class Call { read, write, sync, change };  ///< change: a write, truncation, removal or sync
    enum class Failure {
        full,       ///< the disk is full: half of the write is done
        io_error,   ///< half of the write is done, or nothing of the rest
        power_off,  ///< from this call on nothing reaches the disk and all fails
    };
    struct Order {
        Call call = Call::write;
        int nth = 1;       ///< the first call that fails, from 1
        int failures = 1;  ///< how many then fail in a row
        Failure failure = Failure::io_error;
    };

    explicit PowerVfs(std::uint64_t seed) : system_(sqlite3_vfs_find(nullptr)), own_(*system_), dice_(seed) {
        own_.zName = name;
        own_.szOsFile = static_cast<int>(sizeof(File)) + system_->szOsFile;
        own_.pAppData = this;
        own_.pNext = nullptr;
        own_.xOpen = &PowerVfs::open;
        own_.xDelete = &PowerVfs::remove;
        sqlite3_vfs_register(&own_, 0);
    }
    ~PowerVfs() { sqlite3_vfs_unregister(&own_); }
    PowerVfs(const PowerVfs&) = delete;
    PowerVfs& operator=(const PowerVfs&) = delete;

    void fail(const Order& order) {
        const std::lock_guard lock(mutex_);
        order_ = order;
    }
    /// No further failures; a loss of power stays.
    void heal() {
        const std::lock_guard lock(mutex_);
        order_.reset();
    }
    /// Syncs do nothing and say that all is well, like a disk that lies.
    void lie_about_syncs() {
        const std::lock_guard lock(mutex_);
        lies_ = true;
    }
    void power_off() {
        const std::lock_guard lock(mutex_);
        on_ = false;
    }
    bool is_on() {
        const std::lock_guard lock(mutex_);
        return on_;
    }
    /// How often an order struck.
    int failures() {
        const std::lock_guard lock(mutex_);
        return failures_;
    }
    /// When nothing is open any more: gives the files the content that a loss of power now would leave.
    void power_on() {
        const std::lock_guard lock(mutex_);
        order_.reset();
        for (auto& [path, place] : places_) {
            if (!std::filesystem::exists(path)) place.now = nullptr;
            // What happened to the directory since its last sync may or may not have reached the disk.
            const auto left = dice_() % 2 == 0 ? place.now : place.on_disk;
            std::filesystem::remove(path);  // ext4 waits for the disk when a file is cut and written anew
            if (left) {
                survive(*left);
                std::ofstream(path, std::ios::binary) << left->synced;
            }
            std::filesystem::remove(path + "-shm");
            place.now = place.on_disk = left;
        }
        on_ = true;
    }

  private:
    struct Change {
        std::int64_t at = 0;  ///< offset, or the new size
        std::string bytes;
        bool truncates = false;
    };
    struct Disk {
        std::string synced;
        std::vector<Change> pending;
        bool names_directory = false;  ///< its first sync syncs the directory too, as SQLite does it
    };
    struct Place {
        std::shared_ptr<Disk> now, on_disk;  ///< what the name stands for; null: for nothing
    };
    /// SQLite's view of a file: ours in front, the system's behind it.
    struct File {
        sqlite3_file base;
        PowerVfs* vfs;
        [[nodiscard]] sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };
    static File& file(sqlite3_file* each) { return *reinterpret_cast<File*>(each); }
    static sqlite3_file* inner(sqlite3_file* each) { return file(each).inner(); }

    static void apply(std::string& content, const Change& change) {
        const auto at = static_cast<std::size_t>(change.at);
        if (change.truncates) return content.resize(at);
        if (content.size() < at + change.bytes.size()) content.resize(at + change.bytes.size());
        content.replace(at, change.bytes.size(), change.bytes);
    }

    /// Any part of what was not synced may be on the disk all the same.
    void survive(Disk& disk) {
        const auto odds = dice_() % 5;  // of 4: nothing, some, half, most, all
        for (const auto& change : disk.pending) {
            if (change.truncates) {
                if (dice_() % 4 < odds) apply(disk.synced, change);
                continue;
            }
            constexpr std::size_t sector = 512;
            for (std::size_t from = 0; from < change.bytes.size(); from += sector) {
                if (dice_() % 4 >= odds) continue;
                const auto offset = change.at + static_cast<std::int64_t>(from);
                apply(disk.synced, {offset, change.bytes.substr(from, sector), false});
            }
        }
        disk.pending.clear();
    }

    /// Whether this call fails, and how. Needs the mutex.
    std::optional<Failure> judge(Call call) {
        if (!on_) return Failure::power_off;
        if (!order_) return std::nullopt;
        if (order_->call != call && (order_->call != Call::change || call == Call::read)) return std::nullopt;
        if (--order_->nth > 0) return std::nullopt;
        const auto failure = order_->failure;
        ++failures_;
        if (failure == Failure::power_off) on_ = false;
        if (--order_->failures <= 0) order_.reset();
        return failure;
    }

    static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* each, int flags, int* out_flags) {
        static const sqlite3_io_methods methods = make_methods();
        auto& self = *static_cast<PowerVfs*>(vfs->pAppData);
        const std::lock_guard lock(self.mutex_);
        auto& opened = file(each);
        opened.base.pMethods = nullptr;
        opened.vfs = &self;
        if (!self.on_) return SQLITE_CANTOPEN;
        const bool there = path != nullptr && std::filesystem::exists(path);
        const int code = self.system_->xOpen(self.system_, path, opened.inner(), flags, out_flags);
        if (opened.inner()->pMethods == nullptr) return code;
        opened.base.pMethods = &methods;
        if (path != nullptr) self.open_[each] = self.disk_of(path, there, flags);
        return code;
    }

    std::shared_ptr<Disk> disk_of(const std::string& path, bool there, int flags) {
        auto& place = places_[path];
        if (there && place.now) return place.now;
        place.now = std::make_shared<Disk>();
        if (there) {  // from before our time
            std::ifstream in(path, std::ios::binary);
            place.now->synced.assign(std::istreambuf_iterator<char>(in), {});
            place.on_disk = place.now;
        }
        place.now->names_directory = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
        return place.now;
    }

    static int remove(sqlite3_vfs* vfs, const char* path, int sync_directory) {
        auto& self = *static_cast<PowerVfs*>(vfs->pAppData);
        const std::lock_guard lock(self.mutex_);
        if (self.judge(Call::change)) return SQLITE_IOERR_DELETE;
        const int code = self.system_->xDelete(self.system_, path, 0);
        if (code == SQLITE_OK) self.places_[path].now = nullptr;
        if (code == SQLITE_OK && sync_directory != 0) self.sync_directory();
        return code;
    }

    void sync_directory() {
        if (lies_) return;
        for (auto& [path, place] : places_)
            place.on_disk = place.now;
    }

    static int read(sqlite3_file* each, void* to, int count, sqlite3_int64 at) {
        auto& self = *file(each).vfs;
        {
            const std::lock_guard lock(self.mutex_);
            if (self.judge(Call::read)) return SQLITE_IOERR_READ;
        }
        return inner(each)->pMethods->xRead(inner(each), to, count, at);
    }

    static int write(sqlite3_file* each, const void* bytes, int count, sqlite3_int64 at) {
        auto& self = *file(each).vfs;
        const std::lock_guard lock(self.mutex_);
        const auto failure = self.judge(Call::write);
        if (failure == Failure::power_off) return SQLITE_IOERR_WRITE;
        if (failure) count /= 2;
        if (count > 0) {
            const int code = inner(each)->pMethods->xWrite(inner(each), bytes, count, at);
            if (code != SQLITE_OK) return code;
            self.note(each, {at, {static_cast<const char*>(bytes), static_cast<std::size_t>(count)}, false});
        }
        if (failure) return *failure == Failure::full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
        return SQLITE_OK;
    }

    static int truncate(sqlite3_file* each, sqlite3_int64 size) {
        auto& self = *file(each).vfs;
        const std::lock_guard lock(self.mutex_);
        if (self.judge(Call::change)) return SQLITE_IOERR_TRUNCATE;
        const int code = inner(each)->pMethods->xTruncate(inner(each), size);
        if (code == SQLITE_OK) self.note(each, {size, {}, true});
        return code;
    }

    void note(sqlite3_file* each, Change change) {
        const auto place = open_.find(each);
        if (place != open_.end()) place->second->pending.push_back(std::move(change));
    }

    static int sync(sqlite3_file* each, int) {
        auto& self = *file(each).vfs;
        const std::lock_guard lock(self.mutex_);
        const auto failure = self.judge(Call::sync);
        if (failure == Failure::power_off) return SQLITE_IOERR_FSYNC;
        const auto place = self.open_.find(each);
        if (place == self.open_.end() || (self.lies_ && !failure)) return SQLITE_OK;
        auto& disk = *place->second;
        if (failure) {
            self.survive(disk);
            return SQLITE_IOERR_FSYNC;
        }
        for (const auto& change : disk.pending)
            apply(disk.synced, change);
        disk.pending.clear();
        if (disk.names_directory) self.sync_directory();
        disk.names_directory = false;
        return SQLITE_OK;
    }

    static int close(sqlite3_file* each) {
        auto& self = *file(each).vfs;
        const std::lock_guard lock(self.mutex_);
        self.open_.erase(each);
        return inner(each)->pMethods->xClose(inner(each));
    }

    static sqlite3_io_methods make_methods() {
        auto m = passing_methods<&inner>();
        m.xClose = &close;
        m.xRead = &read;
        m.xWrite = &write;
        m.xTruncate = &truncate;
        m.xSync = &sync;
        return m;
    }

    sqlite3_vfs* system_;
    sqlite3_vfs own_;
    std::mutex mutex_;
    std::mt19937_64 dice_;
    std::map<std::string, Place> places_;
    std::map<sqlite3_file*, std::shared_ptr<Disk>> open_;
    std::optional<Order> order_;
    int failures_ = 0;
    bool on_ = true;
    bool lies_ = false;
};

}  // namespace homespun::sync::store::sqlite
