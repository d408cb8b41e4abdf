#include "base/json.hpp"
#include "sync/storage/answers.hpp"
#include "sync/storage/service.hpp"

namespace homespun::sync::storage {
namespace {

/// {"name": …} for every collection, and X-Weave-Records.
template <class T, class Append>
net::http::Response by_collection(const store::ByCollection<T>& found, Append append) {
    auto response = json_answer(found.storage, collections_body(found.collections, append));
    response.headers.add("X-Weave-Records", std::to_string(found.collections.size()));
    return response;
}

/// What every read checks first: Accept, then the X-If headers.
Parsed<store::Precondition> check_read(const net::http::Request& request) {
    if (const auto format = negotiate(request, false); !format) return std::unexpected(format.error());
    return parse_precondition(request);
}

}  // namespace

StorageService::Answer StorageService::info_collections(Context& context) {
    const auto when = check_read(context.request());
    if (!when) co_return refuse(context, when.error());
    const auto uid = context.identity<StorageUser>()->uid;
    const auto found = co_await store_.info(*context.request().executor, uid, *when);
    if (!found) co_return fail(context, found.error());
    co_return by_collection(*found, [](std::string& out, protocol::Timestamp time) { time.append_to(out); });
}

StorageService::Answer StorageService::info_counts(Context& context) {
    const auto when = check_read(context.request());
    if (!when) co_return refuse(context, when.error());
    const auto uid = context.identity<StorageUser>()->uid;
    const auto found = co_await store_.counts(*context.request().executor, uid, *when);
    if (!found) co_return fail(context, found.error());
    co_return by_collection(*found,
                            [](std::string& out, std::uint64_t count) { out += std::to_string(count); });
}

StorageService::Answer StorageService::info_usage(Context& context) {
    const auto when = check_read(context.request());
    if (!when) co_return refuse(context, when.error());
    const auto uid = context.identity<StorageUser>()->uid;
    const auto found = co_await store_.usage(*context.request().executor, uid, *when);
    if (!found) co_return fail(context, found.error());
    co_return by_collection(*found, append_kb);
}

StorageService::Answer StorageService::info_quota(Context& context) {
    const auto when = check_read(context.request());
    if (!when) co_return refuse(context, when.error());
    const auto uid = context.identity<StorageUser>()->uid;
    const auto found = co_await store_.usage(*context.request().executor, uid, *when);
    if (!found) co_return fail(context, found.error());
    co_return json_answer(found->storage, quota_body(*found, quota_.user_hard));
}

StorageService::Answer StorageService::info_configuration(Context& context) {
    if (const auto format = negotiate(context.request(), false); !format)
        co_return refuse(context, format.error());
    co_return json_answer(protocol::Timestamp{}, configuration_);
}

StorageService::Answer StorageService::get_item(Context& context) {
    const auto when = check_read(context.request());
    if (!when) co_return refuse(context, when.error());
    const auto uid = context.identity<StorageUser>()->uid;
    std::string body;
    store::RowSink sink = [&body](const store::RecordView& record) {
        protocol::append_record_json(body, record);
    };
    const auto found =
        co_await store_.get(*context.request().executor, uid, std::string(context.parameter("collection")),
                            std::string(context.parameter("id")), *when, std::move(sink));
    if (!found) co_return fail(context, found.error());
    co_return json_answer(*found, std::move(body));
}

StorageService::Answer StorageService::get_collection(Context& context) {
    const auto format = negotiate(context.request(), true);
    if (!format) co_return refuse(context, format.error());
    const auto when = parse_precondition(context.request());
    if (!when) co_return refuse(context, when.error());
    auto query = parse_list_query(context.request().query());
    if (!query) co_return refuse(context, query.error());

    const auto uid = context.identity<StorageUser>()->uid;
    const bool lines = *format == Format::newlines;
    const bool full = query->full;
    std::string body = lines ? "" : "[";
    store::RowSink sink = [&body, lines, full](const store::RecordView& record) {
        if (!lines && body.size() > 1) body += ',';
        if (full) {
            protocol::append_record_json(body, record);
        } else {
            base::json::append_string(body, record.id);
        }
        if (lines) body += '\n';
    };
    const auto listing =
        co_await store_.list(*context.request().executor, uid, std::string(context.parameter("collection")),
                             std::move(*query), *when, std::move(sink));
    if (!listing) co_return fail(context, listing.error());
    if (!lines) body += ']';
    auto response = json_answer(listing->last_modified, std::move(body));
    if (lines) response.content_type = "application/newlines";
    response.headers.add("X-Weave-Records", std::to_string(listing->count));
    if (!listing->next_offset.empty()) response.headers.add("X-Weave-Next-Offset", listing->next_offset);
    co_return response;
}

}  // namespace homespun::sync::storage
