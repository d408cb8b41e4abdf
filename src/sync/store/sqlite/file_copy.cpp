#include "sync/store/sqlite/file_copy.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "sys/files.hpp"
#include "sys/kill_point.hpp"

namespace homespun::sync::store::sqlite {
namespace {

struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
};
using Connection = std::unique_ptr<sqlite3, Close>;

std::unexpected<base::Error> failure(const std::string& to, sqlite3* target, int code) {
    // For want of space SQLite may only say that writing failed.
    const int system = target != nullptr ? sqlite3_system_errno(target) : 0;
    const bool says_why = system != 0 && ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN);
    return base::fail(
        fmt::format("cannot write {}: {}", to, says_why ? std::strerror(system) : sqlite3_errstr(code)));
}

base::Result<void> copy_pages(sqlite3* source, const std::string& to) {
    sqlite3* raw = nullptr;
    const int opened =
        sqlite3_open_v2(to.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, nullptr);
    const Connection target(raw);
    if (opened != SQLITE_OK) return failure(to, raw, opened);
    // Nothing reads the file before it is complete and synced as a whole: a journal would be work for nobody.
    int code =
        sqlite3_exec(raw, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return failure(to, raw, code);
    sqlite3_backup* const backup = sqlite3_backup_init(raw, "main", source, "main");
    if (backup == nullptr) return failure(to, raw, sqlite3_extended_errcode(raw));
    code = sqlite3_backup_step(backup, -1);
    const int finished = sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE && finished == SQLITE_OK) return {};
    return failure(to, raw, code == SQLITE_DONE ? finished : code);
}

}  // namespace

base::Result<void> copy_database(Database& source, const std::string& to) {
    if (auto made = sys::make_private_file(to); !made) return made;
    auto done = copy_pages(source.handle(), to);
    if (done) done = sys::sync_path(to);
    if (!done) ::unlink(to.c_str());
    return done;
}

base::Result<void> copy_database_whole(Database& source, const std::string& to) {
    const auto temporary = to + ".partial";
    ::unlink(temporary.c_str());
    if (auto copied = copy_database(source, temporary); !copied) return copied;
    HOMESPUN_KILL_POINT("migration");
    return sys::rename_durably(temporary, to);
}

}  // namespace homespun::sync::store::sqlite
