#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "base/text.hpp"
#include "sync/storage/answers.hpp"
#include "sync/weave/service.hpp"
#include "sync/weave/weave_user.hpp"

namespace homespun::sync::weave {
namespace {

using net::http::Response;
using store::Timestamp;
using store::WeaveWrite;

constexpr std::int64_t little_room = std::int64_t{1} << 20;

Refusal refusal_for(const BodyRefusal& refusal) {
    const bool no_json = refusal.fault == BodyFault::not_json;
    return {static_cast<int>(refusal.fault), no_json ? "body_not_json" : "invalid_record", refusal.detail};
}

/// X-If-Unmodified-Since; the error when it is no time.
std::expected<store::Precondition, Refusal> condition(const net::http::Request& request) {
    store::Precondition when;
    const auto text = request.headers.find("X-If-Unmodified-Since");
    if (!text) return when;
    when.if_unmodified_since = parse_time(base::trim(*text));
    if (!when.if_unmodified_since)
        return std::unexpected(Refusal{invalid_record, "bad_if_header", "X-If-Unmodified-Since is no time"});
    return when;
}

/// `answered`: X-Weave-Timestamp.
Response written(Timestamp answered, std::string body, std::optional<std::int64_t> room) {
    Response response(200, "application/json", std::move(body));
    response.headers.add("X-Weave-Timestamp", answered.text());
    if (room && *room <= little_room) {
        std::string left;
        storage::append_kb(left, static_cast<std::uint64_t>(*room));
        response.headers.add("X-Weave-Quota-Remaining", left);
    }
    return response;
}

void append_failed(base::json::Writer& writer, const PostBody& body) {
    for (const auto& [id, reason] : body.failed)
        writer.key(id).begin_array().value(std::string_view(reason)).end_array();
}

std::string batch_answer(Timestamp modified, const PostBody& body) {
    std::string text = "{\"modified\":" + modified.text() + ",";
    base::json::Writer writer(text);
    writer.key("success").begin_array();
    for (const auto& id : body.success)
        writer.value(std::string_view(id));
    writer.end_array().key("failed").begin_object();
    append_failed(writer, body);
    writer.end_object();
    return text + '}';
}

/// Of a list that the store did not take: the reason is a text here, not a list of texts.
std::string batch_failure(Timestamp now, const PostBody& body) {
    std::string text = "{\"modified\":" + now.text() + ",\"success\":[],";
    base::json::Writer writer(text);
    writer.key("failed").begin_object();
    std::set lost(body.success.begin(), body.success.end());
    for (const auto& [id, reason] : body.failed)
        lost.erase(id);
    for (const auto& id : lost)
        writer.member(id, "db error");
    append_failed(writer, body);
    writer.end_object();
    return text + '}';
}

}  // namespace

/// Only what is stored already counts, so the last write may go beyond (sheet, 4.7).
base::Task<WeaveService::Allowed<WeaveService::Room>> WeaveService::room(Context& context) {
    if (quota_bytes_ == 0) co_return std::nullopt;
    const auto used = co_await parts_.store.usage(*context.request().executor, uid_of(context), {});
    if (!used) co_return std::unexpected(fail(context, used.error()));
    auto left = static_cast<std::int64_t>(quota_bytes_);
    for (const auto& [name, size] : used->collections)
        left -= static_cast<std::int64_t>(size);
    if (left <= 0) co_return std::unexpected(refuse(context, {over_quota, "over_quota"}));
    co_return left;
}

/// The precondition counts before the body (sheet, 4.6), which the store never sees when it is bad. What may
/// change until the write the store judges once more, with the write itself.
base::Task<WeaveService::Allowed<store::Precondition>> WeaveService::precondition(Context& context) {
    const auto when = condition(context.request());
    if (!when) co_return std::unexpected(refuse(context, when.error()));
    if (!when->if_unmodified_since) co_return *when;
    const auto stamps = co_await parts_.records.weave_stamps(*context.request().executor, uid_of(context));
    if (!stamps) co_return std::unexpected(fail(context, stamps.error()));
    const auto has = std::ranges::find(*stamps, context.parameter("collection"),
                                       &std::pair<std::string, Timestamp>::first);
    if (has != stamps->end() && has->second > *when->if_unmodified_since)
        co_return std::unexpected(
            fail(context, {store::Failure::Kind::precondition_failed, has->second, 0, {}}));
    co_return *when;
}

/// Quota, then the precondition, then the body (sheet, 4.6).
WeaveService::Answer WeaveService::put_item(Context& context) {
    auto space = co_await room(context);
    if (!space) co_return std::move(space.error());
    auto when = co_await precondition(context);
    if (!when) co_return std::move(when.error());
    auto update = read_put(context.request().body, context.parameter("id"), limits_);
    if (!update) co_return refuse(context, refusal_for(update.error()));
    co_return co_await store_single(context, std::move(*update), *when, *space);
}

/// The precondition, the body, then the quota.
WeaveService::Answer WeaveService::post_collection(Context& context) {
    auto when = co_await precondition(context);
    if (!when) co_return std::move(when.error());
    auto body = read_post(context.request().body, limits_);
    if (!body) co_return refuse(context, refusal_for(body.error()));
    auto space = co_await room(context);
    if (!space) co_return std::move(space.error());
    auto storing = body->single ? store_single(context, std::move(body->updates.front()), *when, *space)
                                : store_batch(context, std::move(*body), *when, *space);
    co_return co_await std::move(storing);
}

WeaveService::Answer WeaveService::store_single(Context& context, store::WeaveUpdate update,
                                                store::Precondition when, Room space) {
    std::vector<store::WeaveUpdate> updates;
    updates.push_back(std::move(update));
    const auto modified = co_await parts_.records.weave_write(*context.request().executor, uid_of(context),
                                                              std::string(context.parameter("collection")),
                                                              std::move(updates), WeaveWrite::single, when);
    if (!modified) co_return fail(context, modified.error());
    // Without payload the body may be an old time; the header never is.
    const auto began = context.identity<WeaveUser>()->began;
    co_return written(std::max(began, *modified), modified->text(), space);
}

WeaveService::Answer WeaveService::store_batch(Context& context, PostBody body, store::Precondition when,
                                               Room space) {
    const auto modified = co_await parts_.records.weave_write(
        *context.request().executor, uid_of(context), std::string(context.parameter("collection")),
        std::move(body.updates), WeaveWrite::batch, when);
    if (!modified && modified.error().kind != store::Failure::Kind::unavailable)
        co_return fail(context, modified.error());
    if (modified) co_return written(*modified, batch_answer(*modified, body), space);
    // Clients send again what failed; they do not look at the status of a list (sheet, 4.5).
    (void)fail(context, modified.error());
    const auto began = context.identity<WeaveUser>()->began;
    co_return written(began, batch_failure(began, body), space);
}

WeaveService::Answer WeaveService::delete_item(Context& context) {
    return remove(context, {.ids = std::vector{std::string(context.parameter("id"))}});
}

WeaveService::Answer WeaveService::delete_collection(Context& context) {
    auto query = parse_query(context.request().query());
    if (!query)
        co_return refuse(context, {invalid_record, "bad_query", query.error() + " has no good value"});
    co_return co_await remove(context, std::move(*query));
}

WeaveService::Answer WeaveService::remove(Context& context, store::WeaveQuery query) {
    const auto when = condition(context.request());
    if (!when) co_return refuse(context, when.error());
    const auto removed = co_await parts_.records.weave_remove(*context.request().executor, uid_of(context),
                                                              std::string(context.parameter("collection")),
                                                              std::move(query), *when);
    if (!removed) co_return fail(context, removed.error());
    co_return written(*removed, removed->text(), std::nullopt);
}

WeaveService::Answer WeaveService::delete_storage(Context& context) {
    if (!context.request().headers.has("X-Confirm-Delete"))
        co_return refuse(context, {overwrite_refused, "delete_not_confirmed"});
    const auto removed = co_await parts_.store.remove_user(*context.request().executor, uid_of(context), {});
    if (!removed) co_return fail(context, removed.error());
    co_return written(*removed, removed->text(), std::nullopt);
}

}  // namespace homespun::sync::weave
