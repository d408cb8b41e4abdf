#include "sync/ops/data_check.hpp"
#include "sync/auth/user_backend.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "base/json.hpp"
#include "sync/ops/restore.hpp"

namespace homespun::sync::ops {
namespace {

namespace sqlite = store::sqlite;
using store::Timestamp;

class Checker {
  public:
    Checker(std::string directory, sqlite::InspectOptions options)
        : directory_(std::move(directory)), options_(options) {}

    DataCheck run() {
        if (auto whole = refuse_unfinished_restore(directory_); !whole)
            result_.problems.push_back(whole.error().message);
        if (options_.immutable) check_manifest();
        check_shards();
        const auto token = inspect("token.db", sqlite::FileKind::token);
        inspect("accounts.db", sqlite::FileKind::accounts);
        std::error_code error;
        if (std::filesystem::exists(directory_ + "/registration.db", error))
            inspect("registration.db", sqlite::FileKind::registration);
        check_secrets();
        if (token) {
            std::vector<std::int64_t> unknown;
            // Users of the services of 2010 have no rows there.
            const auto first_of_2010 = static_cast<std::int64_t>(auth::record_store_user({}));
            std::erase_if(users_, [&](std::int64_t user) { return user >= first_of_2010; });
            std::ranges::sort(users_);
            std::ranges::set_difference(users_, token->users, std::back_inserter(unknown));
            result_.users_without_token = static_cast<std::int64_t>(unknown.size());
        }
        return std::move(result_);
    }

  private:
    void problem(const std::string& name, const std::string& text) {
        result_.problems.push_back(fmt::format("{}/{} {}", directory_, name, text));
    }

    std::optional<sqlite::Inspection> inspect(const std::string& name, sqlite::FileKind kind) {
        std::error_code error;
        if (!std::filesystem::exists(directory_ + "/" + name, error)) {
            problem(name, "is missing: restore it from a backup");
            return std::nullopt;
        }
        auto found = sqlite::inspect(directory_ + "/" + name, kind, options_);
        if (!found) {
            result_.problems.push_back(found.error().message);
            return std::nullopt;
        }
        for (const auto& text : found->problems)
            problem(name, text);
        result_.files.push_back({name, found->format, found->rows, found->notes});
        return std::move(*found);
    }

    void check_shards() {
        std::int64_t shards = 1;
        for (std::int64_t number = 0; number < shards; ++number) {
            const auto name = fmt::format("store/shard-{}.db", number);
            auto found = inspect(name, sqlite::FileKind::shard);
            if (!found) continue;
            users_.insert(users_.end(), found->users.begin(), found->users.end());
            if (found->shards == 0) continue;  // damaged: told already
            if (number == 0) {
                shards = found->shards;
                result_.store = found->store;
            }
            if (found->index != number || (!result_.store.empty() && found->store != result_.store))
                problem(name, "belongs to another store, or to another place in this one");
        }
    }

    void check_secrets() {
        struct stat facts{};
        if (::stat((directory_ + "/secrets.json").c_str(), &facts) != 0)
            problem("secrets.json", "is missing: restore it from a backup");
        else if ((facts.st_mode & 077) != 0)
            problem("secrets.json", "can be read by others: chmod 600");
    }

    void check_manifest() {
        const auto manifest = read_manifest(directory_);
        if (!manifest) {
            result_.problems.push_back(manifest.error().message);
            return;
        }
        for (const auto& file : manifest->files) {
            if (auto good = verify_file(directory_, file); !good)
                result_.problems.push_back(good.error().message);
        }
    }

    const std::string directory_;
    const sqlite::InspectOptions options_;
    std::vector<std::int64_t> users_;
    DataCheck result_;
};

void write_numbers(base::json::Writer& writer, std::string_view name, const sqlite::Numbers& numbers) {
    writer.key(name).begin_object();
    for (const auto& [what, number] : numbers)
        writer.member(what, number);
    writer.end_object();
}

}  // namespace

DataCheck check_data(const std::string& directory, bool immutable, Timestamp now) {
    return Checker(directory, {.immutable = immutable, .now = now}).run();
}

std::string DataCheck::to_json() const {
    std::string text;
    base::json::Writer writer(text);
    writer.begin_object().member("good", problems.empty()).member("store", std::string_view(store));
    writer.key("files").begin_array();
    for (const auto& file : files) {
        writer.begin_object().member("name", std::string_view(file.name)).member("format", file.format);
        write_numbers(writer, "rows", file.rows);
        write_numbers(writer, "notes", file.notes);
        writer.end_object();
    }
    writer.end_array().member("users_without_token", users_without_token).key("problems").begin_array();
    for (const auto& problem : problems)
        writer.value(std::string_view(problem));
    writer.end_array().end_object();
    return text;
}

}  // namespace homespun::sync::ops
