#include <algorithm>

#include "base/json.hpp"
#include "sync/storage/answers.hpp"
#include "sync/storage/service.hpp"

namespace homespun::sync::storage {
namespace {

Refusal refusal_for(const protocol::BodyRefusal& refusal) {
    switch (refusal.fault) {
        case protocol::BodyFault::not_json:
            return {400, 6, "body_not_json"};
        case protocol::BodyFault::invalid_record:
            return {400, 8, "invalid_record"};
        case protocol::BodyFault::too_large:
            return {413, 17, "payload_too_large"};
    }
    return {};
}

/// The members success and failed of a POST's answer.
void append_results(base::json::Writer& writer, const std::vector<std::string>& success,
                    const std::vector<std::pair<std::string, std::string>>& failed) {
    writer.key("success").begin_array();
    for (const auto& id : success)
        writer.value(std::string_view(id));
    writer.end_array().key("failed").begin_object();
    for (const auto& [id, reason] : failed)
        writer.member(id, std::string_view(reason));
    writer.end_object();
}

}  // namespace

StorageService::Answer StorageService::put_item(Context& context) {
    const auto& request = context.request();
    if (const auto format = upload_format(request); !format || *format != Format::json) {
        co_return refuse(context, format ? Refusal{415, 0, "wrong_content_type"} : format.error());
    }
    std::string collection(context.parameter("collection"));
    const auto& limits = limits_.of(collection);
    if (request.body.size() > limits.max_request_bytes)
        co_return refuse(context, {413, 17, "body_too_large"});
    auto update = protocol::parse_put_body(request.body, collection, context.parameter("id"), limits);
    if (!update) co_return refuse(context, refusal_for(update.error()));
    const auto when = parse_precondition(request);
    if (!when) co_return refuse(context, when.error());
    const auto uid = context.identity<StorageUser>()->uid;
    const auto written =
        co_await store_.put(*request.executor, uid, std::move(collection), std::move(*update), *when);
    if (!written) co_return fail(context, written.error());
    auto response = timestamp_answer(written->modified);
    warn_of_quota(*written, response);
    co_return response;
}

Parsed<StorageService::Upload> StorageService::parse_upload(const Context& context) const {
    const auto& request = context.request();
    const auto format = upload_format(request);
    if (!format) return std::unexpected(format.error());
    const auto& limits = limits_.of(context.parameter("collection"));
    if (request.body.size() > limits.max_request_bytes)
        return std::unexpected(Refusal{413, 17, "body_too_large"});
    auto batch = parse_batch_query(request.query());
    if (!batch) return std::unexpected(batch.error());
    const AnnouncedLimits announced{limits.max_post_records, limits.max_post_bytes, limits.max_total_records,
                                    limits.max_total_bytes};
    if (auto fits = check_announced(request, announced); !fits) return std::unexpected(fits.error());
    auto body = protocol::parse_post_body(request.body, *format, context.parameter("collection"), limits);
    if (!body) return std::unexpected(refusal_for(body.error()));
    Upload upload{std::move(*batch), std::move(body->updates), {}, std::move(body->failed)};
    for (const auto& update : upload.updates)
        upload.success.push_back(update.id);
    return upload;
}

StorageService::Answer StorageService::post_collection(Context& context) {
    auto upload = parse_upload(context);
    if (!upload) co_return refuse(context, upload.error());
    const auto when = parse_precondition(context.request());
    if (!when) co_return refuse(context, when.error());
    co_return co_await store_upload(context, std::move(*upload), *when);
}

StorageService::Answer StorageService::store_upload(Context& context, Upload upload,
                                                    store::Precondition when) {
    using Kind = BatchQuery::Kind;
    auto& home = *context.request().executor;
    const auto uid = context.identity<StorageUser>()->uid;
    std::string collection(context.parameter("collection"));
    const auto& batch = upload.batch;

    if (batch.kind == Kind::none || batch.commit) {
        const bool commits = batch.kind == Kind::append;
        auto writing = commits
                           ? store_.commit_batch(home, uid, std::move(collection), batch.id,
                                                 std::move(upload.updates), when)
                           : store_.post(home, uid, std::move(collection), std::move(upload.updates), when);
        const auto written = co_await std::move(writing);
        if (!written) co_return fail(context, written.error());
        std::string body = "{\"modified\":" + written->modified.text() + ",";
        base::json::Writer writer(body);
        append_results(writer, upload.success, upload.failed);
        body += '}';
        auto response = json_answer(written->modified, std::move(body));
        warn_of_quota(*written, response);
        co_return response;
    }

    auto staging = batch.kind == Kind::open
                       ? store_.open_batch(home, uid, std::move(collection), std::move(upload.updates), when)
                       : store_.append_batch(home, uid, std::move(collection), batch.id,
                                             std::move(upload.updates), when);
    const auto staged = co_await std::move(staging);
    if (!staged) co_return fail(context, staged.error());
    std::string body;
    base::json::Writer writer(body);
    writer.begin_object().member("batch", std::string_view(staged->batch));
    append_results(writer, upload.success, upload.failed);
    writer.end_object();
    auto response = json_answer(staged->last_modified, std::move(body));
    response.status = 202;
    co_return response;
}

void StorageService::warn_of_quota(const store::Store::Written& written, Response& response) const {
    constexpr std::uint64_t always_told = std::uint64_t{1} << 20;
    constexpr std::uint64_t bytes_per_kb = 1024;
    if (!written.user_bytes) return;
    const auto left = quota_.user_hard - std::min(*written.user_bytes, quota_.user_hard);
    const bool beyond_soft = quota_.user_soft > 0 && *written.user_bytes >= quota_.user_soft;
    if (left < always_told || beyond_soft)
        response.headers.add("X-Weave-Quota-Remaining", std::to_string(left / bytes_per_kb));
}

StorageService::Answer StorageService::delete_item(Context& context) {
    const auto when = parse_precondition(context.request());
    if (!when) co_return refuse(context, when.error());
    const auto uid = context.identity<StorageUser>()->uid;
    const auto removed =
        co_await store_.remove(*context.request().executor, uid, std::string(context.parameter("collection")),
                               std::string(context.parameter("id")), *when);
    if (!removed) co_return fail(context, removed.error());
    co_return modified_answer(*removed);
}

StorageService::Answer StorageService::delete_collection(Context& context) {
    auto ids = parse_delete_ids(context.request().query());
    if (!ids) co_return refuse(context, ids.error());
    const auto when = parse_precondition(context.request());
    if (!when) co_return refuse(context, when.error());
    auto& home = *context.request().executor;
    const auto uid = context.identity<StorageUser>()->uid;
    std::string collection(context.parameter("collection"));
    auto removing = *ids ? store_.remove_ids(home, uid, std::move(collection), std::move(**ids), *when)
                         : store_.remove_collection(home, uid, std::move(collection), *when);
    const auto removed = co_await std::move(removing);
    if (!removed) co_return fail(context, removed.error());
    co_return modified_answer(*removed);
}

StorageService::Answer StorageService::delete_user(Context& context) {
    const auto when = parse_precondition(context.request());
    if (!when) co_return refuse(context, when.error());
    const auto removed =
        co_await store_.remove_user(*context.request().executor, context.identity<StorageUser>()->uid, *when);
    if (!removed) co_return fail(context, removed.error());
    co_return json_answer(*removed, "{}");
}

}  // namespace homespun::sync::storage
