#include "sync/storage/service.hpp"

#include "base/json.hpp"
#include "sync/storage/answers.hpp"

namespace homespun::sync::storage {
namespace {

using protocol::Timestamp;

std::string configuration_body(const protocol::LimitTable& table, const store::QuotaLimits& quota) {
    const auto& limits = table.general;
    std::string body;
    base::json::Writer writer(body);
    writer.begin_object()
        .member("max_post_records", limits.max_post_records)
        .member("max_post_bytes", limits.max_post_bytes)
        .member("max_record_payload_bytes", limits.max_record_payload_bytes)
        .member("max_request_bytes", limits.max_request_bytes)
        .member("max_total_records", limits.max_total_records)
        .member("max_total_bytes", limits.max_total_bytes);
    if (quota.user_hard > 0) writer.member("max_quota_limit", quota.user_hard);
    if (!table.collections.empty()) {
        writer.key("collections").begin_object();
        for (const auto& [name, its] : table.collections) {
            writer.key(name)
                .begin_object()
                .member("max_record_payload_bytes", its.max_record_payload_bytes)
                .member("max_post_bytes", its.max_post_bytes)
                .member("max_request_bytes", its.max_request_bytes)
                .end_object();
        }
        writer.end_object();
    }
    writer.end_object();
    return body;
}

}  // namespace

StorageService::StorageService(store::Store& store, const StorageAuth& auth,
                               const protocol::LimitTable& limits, const store::QuotaLimits& quota,
                               Notices& notices, const base::Clock& clock, base::Logger& logger)
    : store_(store),
      auth_(auth),
      limits_(limits),
      quota_(quota),
      notices_(notices),
      clock_(clock),
      logger_(logger),
      configuration_(configuration_body(limits, quota)) {}

void StorageService::register_natives(barrel::Natives& natives) {
    natives.authenticator("storage_token",
                          [this](Context& context) -> base::Task<std::expected<void, barrel::Problem>> {
                              auto user = auth_.authenticate(context);
                              if (!user) co_return std::unexpected(std::move(user.error()));
                              context.set_identity(*user);
                              co_return std::expected<void, barrel::Problem>();
                          });
    const auto handler = [&](std::string name, Answer (StorageService::*function)(Context&)) {
        natives.handler(std::move(name),
                        [this, function](Context& context) { return (this->*function)(context); });
    };
    for (const auto* upload : {"put_item", "post_collection"})
        natives.body_limit(upload, limits_.largest_request());
    handler("info_collections", &StorageService::info_collections);
    handler("info_collection_counts", &StorageService::info_counts);
    handler("info_collection_usage", &StorageService::info_usage);
    handler("info_quota", &StorageService::info_quota);
    handler("info_configuration", &StorageService::info_configuration);
    handler("get_item", &StorageService::get_item);
    handler("get_collection", &StorageService::get_collection);
    handler("put_item", &StorageService::put_item);
    handler("post_collection", &StorageService::post_collection);
    handler("delete_item", &StorageService::delete_item);
    handler("delete_collection", &StorageService::delete_collection);
    handler("delete_user", &StorageService::delete_user);
    natives.hook("storage_problem", [](Context&, const barrel::Problem& its) { return problem(its); });
    natives.options("storage_preflight",
                    [](Context& context) { return preflight_answer(context.request()); });
    natives.finish([this](const Context& context, Response& response) { finish(context, response); });
}

StorageService::Response StorageService::refuse(Context& context, const Refusal& refusal) const {
    context.set_reason(std::string(refusal.reason));
    return error_answer(refusal.status, refusal.code);
}

StorageService::Response StorageService::fail(Context& context, const store::Failure& failure) const {
    using Kind = store::Failure::Kind;
    switch (failure.kind) {
        case Kind::not_modified:
        case Kind::precondition_failed: {
            Response response(failure.kind == Kind::not_modified ? 304 : 412);
            if (failure.kind == Kind::precondition_failed) context.set_reason("modified_since");
            response.headers.add("X-Last-Modified", failure.last_modified.text());
            return response;
        }
        case Kind::not_found:
            return refuse(context, {404, 0, "not_found"});
        case Kind::no_such_batch:
            return refuse(context, {400, 0, "no_such_batch"});
        case Kind::bad_offset:
            return refuse(context, {400, 0, "bad_offset"});
        case Kind::over_quota:
            return refuse(context, {403, 14, "over_quota"});
        case Kind::batch_too_large:
            return refuse(context, {400, 17, "batch_too_large"});
        case Kind::unavailable:
            break;
    }
    logger_.warning("store_unavailable", {{"detail", failure.detail}, {"target", context.request().path()}});
    auto response = refuse(context, {503, 0, "store_unavailable"});
    response.headers.add("Retry-After", std::to_string(std::max(failure.retry_after_s, 1)));
    return response;
}

/// What the runtime refuses before a handler is asked, in the protocol's form. It has noted the reason
/// already.
StorageService::Response StorageService::problem(const barrel::Problem& problem) {
    auto response = error_answer(problem.status, problem.status == 413 ? 17 : 0);
    if (problem.status == 401) response.headers.add("WWW-Authenticate", "Hawk");
    if (problem.status == 503) response.headers.add("Retry-After", "10");
    return response;
}

/// X-Weave-Timestamp is the time the request began, but never below X-Last-Modified; of a write it is the
/// write's own timestamp, to which the answer's body and X-Last-Modified are equal.
void StorageService::finish(const Context& context, Response& response) const {
    const auto* user = context.identity<StorageUser>();
    auto time = user ? user->began : Timestamp::from_ms(clock_.now_ms());
    if (const auto text = response.headers.find("X-Last-Modified")) {
        if (const auto last_modified = Timestamp::parse(*text)) time = std::max(time, *last_modified);
    }
    response.headers.add("X-Weave-Timestamp", time.text());
    response.headers.add("X-Content-Type-Options", "nosniff");
    notices_.add_to(response, store_.fullness());
    add_cors(context.request(), response);
}

}  // namespace homespun::sync::storage
