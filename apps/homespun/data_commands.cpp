#include "data_commands.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "admin_client.hpp"
#include "base/clock.hpp"
#include "command_lease.hpp"
#include "sync/ops/backup.hpp"
#include "sync/ops/data_check.hpp"
#include "sync/ops/data_stats.hpp"
#include "sync/ops/restore.hpp"
#include "sync/store/sqlite/store_files.hpp"
#include "sys/files.hpp"

using namespace homespun;
namespace ops = sync::ops;
namespace sqlite = sync::store::sqlite;

namespace {

/// A backup takes as long as it takes; the server says so when it fails.
constexpr std::chrono::hours backup_patience{24};

std::int64_t now_ms() {
    return base::SystemClock().now_ms();
}

base::Result<void> holds_data(const std::string& data) {
    if (auto whole = ops::refuse_unfinished_restore(data); !whole) return whole;
    std::error_code error;
    if (std::filesystem::exists(data + "/store/shard-0.db", error)) return {};
    return base::fail(
        fmt::format("{} holds no data of homespun; name the right directory with --data", data));
}

std::string mebibytes(std::int64_t bytes) {
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

std::string absolute(const std::string& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
}

base::Result<ops::Manifest> ask_for_backup(const std::string& data, const std::string& target) {
    std::string body;
    base::json::Writer(body).begin_object().member("directory", std::string_view(target)).end_object();
    const auto answer = ask_server(data, "POST", "/backups", std::move(body), backup_patience);
    if (!answer) return std::unexpected(answer.error());
    return ops::Manifest::parse(base::json::to_text(*answer));
}

}  // namespace

int DataCommands::in_data_directory(const std::function<int(const std::string&)>& work) const {
    const auto settings = common_.settings();
    if (!settings) return complain(settings.error().message, exit_usage);
    ::umask(077);  // whatever is written here is its owner's alone
    return work(settings->text("data"));
}

void DataCommands::add_to(CLI::App& app, const AddCommand& command) {
    const auto user_options = [this](CLI::App& sub) {
        auto* const email = sub.add_option("--user", email_, "One user, by e-mail address");
        sub.add_option("--uid", uid_, "One user, by the number in token.db")
            ->check(CLI::PositiveNumber)
            ->excludes(email);
    };
    auto& backup = command(app, "backup", "Copy all data, while the server runs or not, into a new directory",
                           [this] { return this->backup(); });
    backup.add_option("DIR", path_, "Directory to make; written by the server when one runs")->required();

    auto& restore = command(app, "restore", "Bring a backup back: all of it, or one user's records",
                            [this] { return this->restore(); });
    restore.add_option("DIR", path_, "The backup")->required();
    restore.add_flag("--replace", replace_, "Move data that are there aside; nothing is deleted");
    user_options(restore);

    auto& export_user = command(app, "export", "Write one user's records as JSON lines",
                                [this] { return this->export_user(); });
    export_user.add_option("FILE", path_, "File to write; - is standard output (default)");
    user_options(export_user);

    auto& import_user = command(app, "import", "Read what export wrote: all of it or nothing",
                                [this] { return this->import_user(); });
    import_user.add_option("FILE", path_, "File to read; - is standard input (default)");
    import_user.add_flag("--replace", replace_, "The user's records give way to those of the file");
    user_options(import_user);

    auto& check = command(app, "check", "Look for damage in the data, or in a backup; reads everything",
                          [this] { return this->check(); });
    check.add_option("BACKUP", path_, "A backup to look at instead of the data directory");
    check.add_flag("--json", json_);

    command(app, "stats", "Users, records, sizes of files", [this] {
        return stats();
    }).add_flag("--json", json_);

    command(app, "vacuum",
            "Write all files anew without gaps; needs the server stopped and as much disk again",
            [this] { return vacuum(); });
}

int DataCommands::backup() const {
    return in_data_directory([this](const std::string& data) {
        if (auto good = holds_data(data); !good) return complain(good.error().message, exit_failed);
        const auto target = absolute(path_);
        auto lease = sys::Lease::take(data);
        auto made = lease ? ops::make_backup({data, target, HOMESPUN_VERSION, now_ms()})
                          : ask_for_backup(data, target);
        if (!made) return complain(made.error().message, exit_failed);
        for (const auto& problem : made->problems)
            fmt::print(stderr, "homespun: {}\n", problem);
        std::int64_t bytes = 0;
        for (const auto& file : made->files)
            bytes += file.bytes;
        fmt::print("{} files, {}, read back and in order: {}\n", made->files.size(), mebibytes(bytes),
                   target);
        return 0;
    });
}

int DataCommands::restore() const {
    return in_data_directory(
        [this](const std::string& data) { return names_a_user() ? restore_user(data) : restore_all(data); });
}

int DataCommands::restore_all(const std::string& data) const {
    if (auto ready = sys::make_private_directory(data); !ready)
        return complain(ready.error().message, exit_failed);
    auto lease = take_lease_to_write(data);
    if (!lease) return complain(lease.error().message, exit_failed);
    const auto restored = ops::restore_backup({absolute(path_), data, replace_, now_ms()});
    if (!restored) return complain(restored.error().message, exit_failed);
    fmt::print("restored the backup of {} into {}\n", ops::utc_text(restored->manifest.made_at_ms), data);
    if (!restored->moved_to.empty()) fmt::print("what was there before: {}\n", restored->moved_to);
    return 0;
}

int DataCommands::check() const {
    return in_data_directory([this](const std::string& data) {
        const bool is_backup = !path_.empty();
        const auto found = ops::check_data(is_backup ? absolute(path_) : data, is_backup,
                                           sync::store::Timestamp::from_ms(now_ms()));
        if (json_) {
            fmt::print("{}\n", found.to_json());
        } else {
            for (const auto& problem : found.problems)
                fmt::print("{}\n", problem);
            if (found.problems.empty()) {
                for (const auto& file : found.files) {
                    std::string rows;
                    for (const auto& [table, count] : file.rows)
                        rows += fmt::format(" {} {}", count, table);
                    fmt::print("{:<20} good, format {}:{}\n", file.name, file.format, rows);
                }
                if (found.users_without_token > 0)
                    fmt::print("{} users have records that no account leads to\n", found.users_without_token);
            }
        }
        return found.problems.empty() ? 0 : exit_failed;
    });
}

int DataCommands::stats() const {
    return in_data_directory([this](const std::string& data) {
        if (auto good = holds_data(data); !good) return complain(good.error().message, exit_failed);
        const auto stats = ops::read_data_stats(data, sync::store::Timestamp::from_ms(now_ms()));
        if (!stats) return complain(stats.error().message, exit_failed);
        if (json_) {
            fmt::print("{}\n", stats->to_json());
            return 0;
        }
        const auto& records = stats->records;
        const auto time = [](const std::optional<sync::store::Timestamp>& at) {
            return at ? ops::utc_text(at->to_ms()) : std::string("-");
        };
        fmt::print("accounts {}, sessions {}, devices {}\n", stats->accounts, stats->sessions,
                   stats->devices);
        fmt::print("users with records {}, collections {}, records {}, payload {}\n", records.users,
                   records.collections, records.records, mebibytes(records.payload_bytes));
        fmt::print("collections last written between {} and {}\n", time(records.oldest),
                   time(records.newest));
        fmt::print("waiting for the purge: {} expired records, {} removed collections\n", records.expired,
                   records.dropped);
        fmt::print("{:<20} {:>6} {:>12} {:>12} {:>12}\n", "file", "format", "size", "free", "WAL");
        for (const auto& [name, facts] : stats->files) {
            fmt::print("{:<20} {:>6} {:>12} {:>12} {:>12}\n", name, facts.format, mebibytes(facts.bytes),
                       mebibytes(facts.free_bytes), mebibytes(facts.wal_bytes));
        }
        return 0;
    });
}

int DataCommands::vacuum() const {
    return in_data_directory([](const std::string& data) {
        if (auto good = holds_data(data); !good) return complain(good.error().message, exit_failed);
        auto lease = take_lease_to_write(data);
        if (!lease) return complain(lease.error().message, exit_failed);
        std::vector<std::pair<std::string, bool>> files{{"accounts.db", false}, {"token.db", false}};
        std::error_code error;
        for (std::size_t number = 0;
             std::filesystem::exists(sqlite::shard_path(data + "/store", number), error); ++number)
            files.emplace_back(fmt::format("store/shard-{}.db", number), true);
        for (const auto& [name, incremental] : files) {
            const auto won = sqlite::vacuum_file(data + "/" + name, incremental);
            if (!won) return complain(won.error().message, exit_failed);
            fmt::print("{:<20} {} given back\n", name, mebibytes(*won));
        }
        return 0;
    });
}
