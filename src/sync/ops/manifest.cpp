#include "sync/ops/manifest.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/json.hpp"

namespace homespun::sync::ops {
namespace {

constexpr std::int64_t most_shards = 256;
constexpr std::size_t sha256_hex_size = 64;

base::Result<BackupFile> parse_file(const base::json::Value& value) {
    const auto* name = value.string("name");
    const auto* format = value.integer("format");
    const auto* bytes = value.integer("bytes");
    const auto* sha256 = value.string("sha256");
    const auto* rows = value.member("rows");
    if (name == nullptr || format == nullptr || bytes == nullptr || sha256 == nullptr || rows == nullptr ||
        rows->object() == nullptr || *bytes < 0 || sha256->size() != sha256_hex_size)
        return base::fail("a file in it is not fully described");
    BackupFile file{*name, *format, *bytes, *sha256, {}};
    for (const auto& [table, count] : *rows->object()) {
        if (count.integer() == nullptr) return base::fail("a number of rows in it is no number");
        file.rows.emplace_back(table, *count.integer());
    }
    return file;
}

/// Each of the names a backup has, once, and no other.
base::Result<void> judge_names(const std::vector<BackupFile>& files, std::int64_t shards) {
    std::vector<std::string> names;
    for (const auto& file : files)
        names.push_back(file.name);
    std::vector<std::string> wanted{"accounts.db", "secrets.json", "token.db"};
    for (std::int64_t number = 0; number < shards; ++number)
        wanted.push_back(fmt::format("store/shard-{}.db", number));
    // Backups of before the services of 2010 have none.
    if (std::ranges::find(names, "registration.db") != names.end()) wanted.emplace_back("registration.db");
    std::ranges::sort(names);
    std::ranges::sort(wanted);
    for (const auto& name : wanted) {
        if (std::ranges::count(names, name) != 1)
            return base::fail(fmt::format("{} is not in it once", name));
    }
    for (const auto& name : names) {
        if (!std::ranges::binary_search(wanted, name))
            return base::fail(fmt::format("a backup has no file called \"{}\"", name));
    }
    return {};
}

}  // namespace

std::string utc_text(std::int64_t ms) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(ms / 1000)));
}

std::string Manifest::to_json() const {
    std::string text;
    base::json::Writer writer(text);
    writer.begin_object()
        .member("homespun_backup", backup_format)
        .member("program", std::string_view(program))
        .member("made_at", std::string_view(utc_text(made_at_ms)))
        .member("made_at_ms", made_at_ms)
        .member("store", std::string_view(store))
        .member("shards", shards)
        .key("files")
        .begin_array();
    for (const auto& file : files) {
        text += '\n';  // a line a file, for people
        writer.begin_object()
            .member("name", std::string_view(file.name))
            .member("format", file.format)
            .member("bytes", file.bytes)
            .member("sha256", std::string_view(file.sha256))
            .key("rows")
            .begin_object();
        for (const auto& [table, count] : file.rows)
            writer.member(table, count);
        writer.end_object().end_object();
    }
    writer.end_array().key("problems").begin_array();
    for (const auto& problem : problems)
        writer.value(std::string_view(problem));
    writer.end_array().end_object();
    return text;
}

base::Result<Manifest> Manifest::parse(std::string_view text) {
    const auto json = base::json::parse(text);
    if (!json) return base::fail("it is no JSON: " + json.error().message);
    const auto* format = json->integer("homespun_backup");
    if (format == nullptr) return base::fail("it says no \"homespun_backup\"");
    if (*format > backup_format) {
        return base::fail(
            fmt::format("the backup has format {}, this program knows formats up to {}: restore it with "
                        "the newer version that made it",
                        *format, backup_format));
    }
    const auto* program = json->string("program");
    const auto* made_at = json->integer("made_at_ms");
    const auto* store = json->string("store");
    const auto* shards = json->integer("shards");
    const auto* files = json->member("files");
    if (program == nullptr || made_at == nullptr || store == nullptr || shards == nullptr || *shards < 1 ||
        *shards > most_shards || files == nullptr || files->array() == nullptr)
        return base::fail("\"program\", \"made_at_ms\", \"store\", \"shards\" or \"files\" is missing");
    Manifest manifest{*program, *made_at, *store, *shards, {}, {}};
    for (const auto& each : *files->array()) {
        auto file = parse_file(each);
        if (!file) return std::unexpected(file.error());
        manifest.files.push_back(std::move(*file));
    }
    if (const auto* problems = json->member("problems");
        problems != nullptr && problems->array() != nullptr) {
        for (const auto& problem : *problems->array())
            manifest.problems.push_back(problem.string() ? *problem.string() : "");
    }
    if (auto good = judge_names(manifest.files, *shards); !good) return std::unexpected(good.error());
    return manifest;
}

}  // namespace homespun::sync::ops
