// One user's records in and out: export, import, restore --user.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include "admin_client.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "command_lease.hpp"
#include "data_commands.hpp"
#include "net/io/loop.hpp"
#include "sync/ops/export_format.hpp"
#include "sync/ops/import_stream.hpp"
#include "sync/ops/manifest.hpp"
#include "sync/ops/restore.hpp"
#include "sync/ops/user_import.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"
#include "sync/store/sqlite/user_reader.hpp"
#include "sys/files.hpp"

using namespace homespun;
namespace ops = sync::ops;
namespace sqlite = sync::store::sqlite;
using sync::store::RecordUpdate;
using sync::store::Timestamp;

namespace {

constexpr std::chrono::minutes patience{5};

/// Through the admin channel of the server that has the data directory.
class ServerImport final : public ops::ImportTarget {
  public:
    static base::Result<std::unique_ptr<ops::ImportTarget>> begin(const std::string& data, std::uint64_t uid,
                                                                  bool replace) {
        std::string body;
        base::json::Writer(body)
            .begin_object()
            .member("uid", static_cast<std::int64_t>(uid))
            .member("replace", replace)
            .end_object();
        const auto answer = ask_server(data, "POST", "/imports", std::move(body), patience);
        if (!answer) return std::unexpected(answer.error());
        const auto* number = answer->integer("import");
        if (number == nullptr) return base::fail("the server's answer to the import is not understood");
        return std::unique_ptr<ops::ImportTarget>(new ServerImport(data, *number));
    }

    base::Result<void> add(const std::string& collection, std::vector<RecordUpdate> records) override {
        std::string lines;
        for (const auto& record : records) {
            lines += ops::record_line(
                collection, {record.id, record.payload.value_or(""), record.sortindex, record.ttl, {}});
        }
        const auto answer = ask("/records/" + collection, std::move(lines));
        if (!answer) return std::unexpected(answer.error());
        return {};
    }
    base::Result<std::string> commit() override {
        const auto answer = ask("/commit");
        if (!answer) return std::unexpected(answer.error());
        const auto* timestamp = answer->member("timestamp");
        return timestamp ? base::json::to_text(*timestamp) : std::string();
    }
    void abandon() override { (void)ask("/abandon"); }

  private:
    ServerImport(std::string data, std::int64_t number) : data_(std::move(data)), number_(number) {}
    base::Result<base::json::Value> ask(const std::string& what, std::string body = {}) {
        return ask_server(data_, "POST", fmt::format("/imports/{}{}", number_, what), std::move(body),
                          patience);
    }
    const std::string data_;
    const std::int64_t number_;
};

/// Into a store that nobody else has: the lease is ours.
class OwnImport final : public ops::ImportTarget {
  public:
    static base::Result<std::unique_ptr<ops::ImportTarget>> begin(const std::string& data, sys::Lease lease,
                                                                  std::uint64_t uid, bool replace) {
        std::unique_ptr<OwnImport> made(new OwnImport(std::move(lease)));
        auto store = sqlite::SqliteStore::open(
            {.directory = data + "/store", .clock = made->clock_, .logger = *made->logger_});
        if (!store) return std::unexpected(store.error());
        made->store_ = std::move(*store);
        made->import_.emplace(*made->store_, uid);
        if (auto begun = net::run_here(made->loop_, made->import_->begin(made->loop_, replace)); !begun)
            return std::unexpected(begun.error());
        return made;
    }
    ~OwnImport() override {
        if (store_) store_->close();
    }

    base::Result<void> add(const std::string& collection, std::vector<RecordUpdate> records) override {
        return net::run_here(loop_, import_->add(loop_, collection, std::move(records)));
    }
    base::Result<std::string> commit() override {
        const auto timestamp = net::run_here(loop_, import_->commit(loop_));
        if (!timestamp) return std::unexpected(timestamp.error());
        return timestamp->text();
    }
    void abandon() override { (void)net::run_here(loop_, import_->abandon(loop_)); }

  private:
    explicit OwnImport(sys::Lease lease) : lease_(std::move(lease)) {}
    sys::Lease lease_;
    base::SystemClock clock_;
    std::unique_ptr<base::Logger> logger_ =
        base::make_stderr_logger(base::LogLevel::warning, base::LogFormat::key_value);
    net::Loop loop_;
    std::unique_ptr<sqlite::SqliteStore> store_;
    std::optional<ops::UserImport> import_;
};

base::Result<std::unique_ptr<ops::ImportTarget>> begin_import(const std::string& data, std::uint64_t uid,
                                                              bool replace) {
    auto lease = sys::Lease::take(data);
    if (!lease) return ServerImport::begin(data, uid, replace);
    if (auto fine = may_write_files(data); !fine) return std::unexpected(fine.error());
    return OwnImport::begin(data, std::move(*lease), uid, replace);
}

base::Result<sqlite::KnownUser> find_user(const sqlite::DataPlace& place, const std::string& email,
                                          std::int64_t uid) {
    // Then there may be no store, and none must be made for an import.
    if (auto whole = ops::refuse_unfinished_restore(place.directory); !whole)
        return std::unexpected(whole.error());
    if (!email.empty()) return sqlite::find_user(place, email);
    return sqlite::find_user(place, static_cast<sync::store::UserId>(uid));
}

/// The records are encrypted by the browsers: with another key than today's nobody can read them.
base::Result<void> same_person_and_key(const sqlite::KnownUser& then, const sqlite::KnownUser& now) {
    if (then.email.empty() || now.email.empty()) return {};
    if (then.email != now.email) {
        return base::fail(fmt::format("user {} is {} in the backup and {} today: use --user to name a person",
                                      now.uid, then.email, now.email));
    }
    if (then.client_state != now.client_state) {
        return base::fail(
            fmt::format("the encryption key of {} has changed since the backup (a password was reset, for "
                        "example): no browser "
                        "could read the records. Nothing was restored",
                        now.email));
    }
    return {};
}

void tell_imported(const ops::Imported& done, std::uint64_t uid) {
    fmt::print("user {} has {} collections with {} records now, as of {}\n", uid, done.collections,
               done.records, done.timestamp);
}

/// Where an export goes: standard output, or a file that appears when it is complete.
class ExportFile {
  public:
    explicit ExportFile(std::string path) : path_(std::move(path)) {}
    ~ExportFile() {
        if (file_ != nullptr && file_ != stdout) {
            std::fclose(file_);
            ::unlink(partial().c_str());
        }
    }
    ExportFile(const ExportFile&) = delete;
    ExportFile& operator=(const ExportFile&) = delete;

    base::Result<void> open() {
        file_ = to_stdout() ? stdout : std::fopen(partial().c_str(), "we");
        return file_ != nullptr ? base::Result<void>() : failure();
    }
    base::Result<void> write(const std::string& text) {
        if (std::fwrite(text.data(), 1, text.size(), file_) == text.size()) return {};
        return failure();
    }
    base::Result<void> close() {
        if (std::fflush(file_) != 0) return failure();
        if (to_stdout()) return {};
        if (::fsync(fileno(file_)) != 0) return failure();
        if (auto renamed = sys::rename_durably(partial(), path_); !renamed) return renamed;
        std::fclose(std::exchange(file_, nullptr));
        return {};
    }

  private:
    [[nodiscard]] bool to_stdout() const { return path_.empty() || path_ == "-"; }
    [[nodiscard]] std::string partial() const { return path_ + ".partial"; }
    [[nodiscard]] std::unexpected<base::Error> failure() const {
        return base::fail(fmt::format("cannot write {}: {}", to_stdout() ? "standard output" : path_,
                                      std::strerror(errno)));
    }
    const std::string path_;
    std::FILE* file_ = nullptr;
};

base::Result<std::uint64_t> write_export(const std::string& data, const sqlite::KnownUser& user,
                                         ExportFile& file) {
    const auto now = base::SystemClock().now_ms();
    std::uint64_t collections = 0, records = 0;
    auto done = file.open();
    if (done) done = file.write(ops::header_line({user.uid, user.email, now, HOMESPUN_VERSION}));
    const sqlite::UserSink sink{[&](std::string_view name, Timestamp modified) {
                                    ++collections;
                                    return file.write(ops::collection_line(name, modified));
                                },
                                [&](std::string_view collection, const sqlite::StoredRecord& record) {
                                    ++records;
                                    return file.write(ops::record_line(collection, record));
                                }};
    if (done) done = sqlite::read_user({data}, user.uid, Timestamp::from_ms(now), sink);
    if (done) done = file.write(ops::end_line(collections, records));
    if (done) done = file.close();
    if (!done) return std::unexpected(done.error());
    return records;
}

}  // namespace

int DataCommands::export_user() const {
    if (!names_a_user()) return complain("export: name the user with --user or --uid", exit_usage);
    return in_data_directory([this](const std::string& data) {
        const auto user = find_user({data}, email_, uid_);
        if (!user) return complain(user.error().message, exit_failed);
        ExportFile file(path_);
        const auto written = write_export(data, *user, file);
        if (!written) return complain(written.error().message, exit_failed);
        fmt::print(stderr, "user {}: {} records\n", user->uid, *written);
        return 0;
    });
}

int DataCommands::import_user() const {
    if (!names_a_user()) return complain("import: name the user with --user or --uid", exit_usage);
    return in_data_directory([this](const std::string& data) {
        const auto user = find_user({data}, email_, uid_);
        if (!user) return complain(user.error().message, exit_failed);
        const bool from_stdin = path_.empty() || path_ == "-";
        std::ifstream file;
        if (!from_stdin) {
            file.open(path_, std::ios::binary);
            if (!file)
                return complain(fmt::format("cannot read {}: {}", path_, std::strerror(errno)), exit_failed);
        }
        auto target = begin_import(data, user->uid, replace_);
        if (!target) return complain(target.error().message, exit_failed);
        std::ios::sync_with_stdio(false);
        const auto done =
            ops::import_lines(from_stdin ? std::cin : file, from_stdin ? "standard input" : path_, **target);
        if (!done) return complain(done.error().message, exit_failed);
        tell_imported(*done, user->uid);
        return 0;
    });
}

int DataCommands::restore_user(const std::string& data) const {
    const sqlite::DataPlace backup{std::filesystem::absolute(path_).lexically_normal().string(), true};
    const auto manifest = ops::read_manifest(backup.directory);
    if (!manifest) return complain(manifest.error().message, exit_failed);
    for (const auto& file : manifest->files) {
        if (auto good = ops::verify_file(backup.directory, file); !good)
            return complain(good.error().message + "; nothing was restored", exit_failed);
    }
    const auto then = find_user(backup, email_, uid_);
    if (!then) return complain(then.error().message, exit_failed);
    const auto now = find_user({data}, email_, uid_);
    if (!now) return complain(now.error().message, exit_failed);
    if (auto good = same_person_and_key(*then, *now); !good)
        return complain(good.error().message, exit_failed);

    auto target = begin_import(data, now->uid, true);
    if (!target) return complain(target.error().message, exit_failed);
    ops::ImportStream stream(**target);
    const sqlite::UserSink sink{
        [&](std::string_view name, Timestamp) { return stream.begin_collection(name); },
        [&](std::string_view, const sqlite::StoredRecord& record) {
            return stream.add(
                {std::string(record.id), std::string(record.payload), record.sortindex, record.ttl_s});
        }};
    // What had not expired when the backup was made comes back with what it had left then.
    const auto read = sqlite::read_user(backup, then->uid, Timestamp::from_ms(manifest->made_at_ms), sink);
    if (!read) return complain(read.error().message + "; nothing was restored", exit_failed);
    const auto done = stream.commit();
    if (!done) return complain(done.error().message, exit_failed);
    tell_imported(*done, now->uid);
    return 0;
}
