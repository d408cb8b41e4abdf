#include "sync/ops/data_service.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "sync/ops/admin_answers.hpp"
#include "sync/ops/backup.hpp"
#include "sync/ops/export_format.hpp"
#include "sync/protocol/bso.hpp"

namespace homespun::sync::ops {
namespace {

using net::http::Response;

constexpr std::size_t most_imports = 8;
/// A command line that has gone away without a word; what it built up goes then.
constexpr std::int64_t stale_after_ms = 10LL * 60 * 1000;

Response no_such_import() {
    return refusal(404,
                   "the server does not know this import (any more): nothing was changed, so begin again");
}

std::int64_t number_of(const barrel::Context& context) {
    return base::parse_integer<std::int64_t>(context.parameter("import")).value_or(0);
}

/// Lines of one collection: records, or none at all for a collection that is to exist.
base::Result<std::vector<store::RecordUpdate>> parse_records(std::string_view body,
                                                             std::string_view collection) {
    std::vector<store::RecordUpdate> records;
    for (const auto line : base::split(body, '\n')) {
        if (line.empty()) continue;
        auto record = parse_record_line(line);
        if (!record) return std::unexpected(record.error());
        if (record->collection != collection) return base::fail("a record of another collection");
        records.push_back(std::move(record->update));
    }
    return records;
}

}  // namespace

void DataService::register_natives(barrel::Natives& natives) {
    natives.handler("make_backup", [this](barrel::Context& context) { return make_backup(context); });
    natives.handler("begin_import", [this](barrel::Context& context) { return begin_import(context); });
    natives.handler("add_records", [this](barrel::Context& context) { return add_records(context); });
    natives.handler("commit_import", [this](barrel::Context& context) { return commit_import(context); });
    natives.handler("abandon_import", [this](barrel::Context& context) { return abandon_import(context); });
}

void DataService::close() {
    stop_.request_stop();
    pool_.wait_until_idle();
}

DataService::Answer DataService::make_backup(barrel::Context& context) {
    const auto body = base::json::parse(context.request().body);
    const auto* directory = body ? body->string("directory") : nullptr;
    if (directory == nullptr || !directory->starts_with('/'))
        co_return refusal(400, "directory must be an absolute path");
    BackupRequest request{parts_.data_directory, *directory, parts_.program, parts_.clock.now_ms(),
                          stop_.get_token()};
    const auto started_ms = parts_.clock.now_ms();
    constexpr std::string_view busy = "another backup is being made: wait until it has ended";
    if (backing_up_.exchange(true)) co_return refusal(503, busy);
    auto work = [&request] { return ops::make_backup(request); };
    auto made = co_await pool_.run(*context.request().executor, std::move(work));
    backing_up_ = false;
    if (!made) co_return refusal(503, busy);
    if (!*made) {
        parts_.logger.error("backup_failed", {{"directory", *directory}, {"error", made->error().message}});
        co_return refusal(503, made->error().message);
    }
    parts_.logger.info("backup_made",
                       {{"directory", *directory}, {"took_ms", parts_.clock.now_ms() - started_ms}});
    co_return json_response((*made)->to_json());
}

DataService::Answer DataService::begin_import(barrel::Context& context) {
    auto& home = *context.request().executor;
    const auto body = base::json::parse(context.request().body);
    const auto* uid = body ? body->integer("uid") : nullptr;
    const auto* replace = body ? body->boolean("replace") : nullptr;
    if (uid == nullptr || *uid < 1 || replace == nullptr)
        co_return refusal(400, "uid must be a whole number above 0, and replace true or false");
    for (const auto& stale : forget_stale())
        (void)co_await stale->abandon(home);
    auto import = std::make_shared<UserImport>(parts_.store, static_cast<store::UserId>(*uid));
    auto begun = co_await import->begin(home, *replace);
    if (!begun) co_return refusal(409, begun.error().message);
    std::int64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        if (imports_.size() < most_imports) {
            number = next_import_++;
            imports_[number] = {std::move(import), parts_.clock.now_ms(), false};
        }
    }
    if (number == 0) co_return refusal(503, "too many imports are under way: wait until one has ended");
    std::string text;
    base::json::Writer(text).begin_object().member("import", number).end_object();
    co_return json_response(std::move(text));
}

std::vector<std::shared_ptr<UserImport>> DataService::forget_stale() {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<UserImport>> stale;
    std::erase_if(imports_, [&](auto& each) {
        auto& import = each.second;
        if (import.busy || parts_.clock.now_ms() - import.last_used_ms < stale_after_ms) return false;
        stale.push_back(std::move(import.work));
        return true;
    });
    return stale;
}

std::shared_ptr<UserImport> DataService::take(const barrel::Context& context) {
    const std::lock_guard lock(mutex_);
    const auto found = imports_.find(number_of(context));
    if (found == imports_.end() || found->second.busy) return nullptr;
    found->second.busy = true;
    return found->second.work;
}

void DataService::give_back(const barrel::Context& context) {
    const std::lock_guard lock(mutex_);
    auto& import = imports_.at(number_of(context));
    import.busy = false;
    import.last_used_ms = parts_.clock.now_ms();
}

void DataService::forget(const barrel::Context& context) {
    const std::lock_guard lock(mutex_);
    imports_.erase(number_of(context));
}

DataService::Answer DataService::add_records(barrel::Context& context) {
    const std::string collection(context.parameter("collection"));
    if (!protocol::valid_collection_name(collection)) co_return refusal(400, "no name of a collection");
    auto records = parse_records(context.request().body, collection);
    if (!records) co_return refusal(400, records.error().message);
    const auto import = take(context);
    if (!import) co_return no_such_import();
    auto added = co_await import->add(*context.request().executor, collection, std::move(*records));
    give_back(context);
    if (!added) co_return refusal(503, added.error().message);
    co_return json_response("{}");
}

DataService::Answer DataService::commit_import(barrel::Context& context) {
    const auto import = take(context);
    if (!import) co_return no_such_import();
    auto& home = *context.request().executor;
    const auto committed = co_await import->commit(home);
    if (!committed) (void)co_await import->abandon(home);
    forget(context);
    if (!committed) co_return refusal(409, committed.error().message);
    parts_.logger.info("user_imported", {{"uid", static_cast<std::int64_t>(import->user())}});
    std::string text;
    base::json::Writer(text).begin_object().key("timestamp").raw(committed->text()).end_object();
    co_return json_response(std::move(text));
}

DataService::Answer DataService::abandon_import(barrel::Context& context) {
    const auto import = take(context);
    if (!import) co_return no_such_import();
    const auto abandoned = co_await import->abandon(*context.request().executor);
    forget(context);
    if (!abandoned) co_return refusal(503, abandoned.error().message);
    co_return json_response("{}");
}

}  // namespace homespun::sync::ops
