#include "sync/weave/service.hpp"

#include <algorithm>

#include "sync/weave/weave_user.hpp"

namespace homespun::sync::weave {
namespace {

using store::Timestamp;

}  // namespace

WeaveService::WeaveService(const Parts& parts, std::uint64_t quota_bytes)
    : parts_(parts), quota_bytes_(quota_bytes), limits_{} {}

void WeaveService::register_natives(barrel::Natives& natives) {
    natives.authenticator(
        "weave_user", [this](Context& context) -> base::Task<std::expected<void, barrel::Problem>> {
            if (context.parameter("user").size() > longest_name)
                co_return std::unexpected(barrel::Problem{.status = 400, .reason = "user_name_too_long"});
            const auto began = Timestamp::from_ms(parts_.clock.now_ms());
            auto known = co_await parts_.auth.authenticate(context);
            if (!known) co_return known;
            const auto uid = auth::record_store_user(*context.identity<auth::BackendUser>());
            context.set_identity(WeaveUser{uid, began});
            co_return known;
        });
    const auto handler = [&](std::string name, Answer (WeaveService::*function)(Context&)) {
        natives.handler(std::move(name), [this, function](Context& context) -> Answer {
            if (context.request().method == "HEAD") co_return auth::WeaveAnswers::no_head();
            if (context.parameter("collection").size() > longest_name)
                co_return refuse(context, {invalid_collection, "collection_name_too_long"});
            co_return co_await (this->*function)(context);
        });
    };
    handler("weave_info_collections", &WeaveService::info_collections);
    handler("weave_info_counts", &WeaveService::info_counts);
    handler("weave_info_usage", &WeaveService::info_usage);
    handler("weave_info_quota", &WeaveService::info_quota);
    handler("weave_get_collection", &WeaveService::get_collection);
    handler("weave_get_item", &WeaveService::get_item);
    handler("weave_put_item", &WeaveService::put_item);
    handler("weave_post_collection", &WeaveService::post_collection);
    handler("weave_delete_item", &WeaveService::delete_item);
    handler("weave_delete_collection", &WeaveService::delete_collection);
    handler("weave_delete_storage", &WeaveService::delete_storage);
    natives.hook("weave_problem",
                 [this](Context& context, const barrel::Problem& its) { return problem(context, its); });
    natives.finish([this](const Context& context, Response& response) { finish(context, response); });
}

WeaveService::Response WeaveService::fail(Context& context, const store::Failure& failure) const {
    using Kind = store::Failure::Kind;
    switch (failure.kind) {
        case Kind::precondition_failed: {
            context.set_reason("modified_since");
            auto response = auth::WeaveAnswers::status(412);
            response.body = "412 Precondition Failed: " + std::string(context.parameter("collection"));
            return response;
        }
        case Kind::over_quota:
            return refuse(context, {over_quota, "over_quota"});
        case Kind::not_found:
            context.set_reason("not_found");
            return auth::WeaveAnswers::status(404);
        default:
            break;
    }
    parts_.logger.warning("store_unavailable",
                          {{"detail", failure.detail}, {"target", context.request().path()}});
    barrel::Problem unavailable{.status = 503, .reason = "store_unavailable", .hint = failure.detail};
    unavailable.headers.emplace_back("Retry-After", std::to_string(std::max(failure.retry_after_s, 1)));
    context.explain(unavailable);
    return parts_.answers.problem(context, unavailable);
}

WeaveService::Response WeaveService::problem(Context& context, const barrel::Problem& problem) const {
    if (problem.reason == "user_name_too_long") return refuse(context, {invalid_user, "user_name_too_long"});
    return parts_.answers.problem(context, problem);
}

/// A write's answer has its own timestamp already.
void WeaveService::finish(const Context& context, Response& response) const {
    const auto* user = context.identity<WeaveUser>();
    auth::WeaveAnswers::add_timestamp(response, user ? user->began.to_ms() : parts_.clock.now_ms());
    response.headers.add("X-Content-Type-Options", "nosniff");
    parts_.notices.add_to(response, parts_.store.fullness());
}

}  // namespace homespun::sync::weave
