#pragma once
#include <sqlite3.h>

#include <atomic>
#include <string>
#include <string_view>

#include "sync/store/sqlite/vfs_methods_fixture.hpp"

namespace homespun::sync::store::sqlite {

/// A SQLite VFS that hands everything to the system's, until it is told to fail. Registered while it lives,
/// under the name `fault`; one at a time. Thread-safe.
class FaultVfs {
  public:
    FaultVfs() : system_(sqlite3_vfs_find(nullptr)), own_(*system_) {
        own_.zName = name;
        own_.szOsFile = static_cast<int>(sizeof(File)) + system_->szOsFile;
        own_.pAppData = this;
        own_.pNext = nullptr;
        own_.xOpen = &FaultVfs::open;
        sqlite3_vfs_register(&own_, 0);
    }
    ~FaultVfs() { sqlite3_vfs_unregister(&own_); }
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;

    static constexpr const char* name = "fault";

    /// A WAL finds the disk full when it would grow beyond this many bytes.
    std::atomic<std::int64_t> wal_limit{INT64_MAX};
    /// fsync of a WAL fails.
    std::atomic<bool> sync_fails{false};
    /// fsync of any other file fails.
    std::atomic<bool> database_sync_fails{false};

  private:
    /// SQLite's view of a file: ours in front, the system's behind it.
    struct File {
        sqlite3_file base;
        FaultVfs* vfs;
        bool is_wal;
        [[nodiscard]] sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };
    static File& file(sqlite3_file* each) { return *reinterpret_cast<File*>(each); }
    static sqlite3_file* inner(sqlite3_file* each) { return file(each).inner(); }

    static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* each, int flags, int* out_flags) {
        static const sqlite3_io_methods methods = make_methods();
        auto& self = *static_cast<FaultVfs*>(vfs->pAppData);
        auto& opened = file(each);
        opened.base.pMethods = nullptr;
        opened.vfs = &self;
        opened.is_wal = (flags & SQLITE_OPEN_WAL) != 0;
        const int code = self.system_->xOpen(self.system_, path, opened.inner(), flags, out_flags);
        if (opened.inner()->pMethods != nullptr) opened.base.pMethods = &methods;
        return code;
    }

    static int write(sqlite3_file* each, const void* bytes, int count, sqlite3_int64 offset) {
        if (file(each).is_wal && offset + count > file(each).vfs->wal_limit) return SQLITE_FULL;
        return inner(each)->pMethods->xWrite(inner(each), bytes, count, offset);
    }
    static int sync(sqlite3_file* each, int flags) {
        const auto& vfs = *file(each).vfs;
        if (file(each).is_wal ? vfs.sync_fails : vfs.database_sync_fails) return SQLITE_IOERR_FSYNC;
        return inner(each)->pMethods->xSync(inner(each), flags);
    }

    static sqlite3_io_methods make_methods() {
        auto m = passing_methods<&inner>();
        m.xWrite = &write;
        m.xSync = &sync;
        return m;
    }

    sqlite3_vfs* system_;
    sqlite3_vfs own_;
};

}  // namespace homespun::sync::store::sqlite
