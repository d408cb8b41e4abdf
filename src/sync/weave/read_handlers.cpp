#include "base/json.hpp"
#include "sync/storage/answers.hpp"
#include "sync/weave/service.hpp"
#include "sync/weave/weave_user.hpp"

namespace homespun::sync::weave {
namespace {

using net::http::Response;
using store::Timestamp;

Response in_format(Format format, std::string body, std::size_t records) {
    Response response(200, std::string(content_type(format)), std::move(body));
    response.headers.add("X-Weave-Records", std::to_string(records));
    return response;
}

/// {"name": value} for every collection; in the other formats one such object for each, so that no value
/// gets lost (sheet, 11.9).
template <class List, class Append>
std::string by_collection(Format format, const List& collections, Append append) {
    if (format == Format::json) return storage::collections_body(collections, append);
    ListWriter writer(format);
    for (const auto& [name, value] : collections) {
        std::string line = "{";
        base::json::append_string(line, name);
        line += ':';
        append(line, value);
        writer.add(line + '}');
    }
    return writer.finish();
}

}  // namespace

WeaveService::Answer WeaveService::info_collections(Context& context) {
    const auto format = negotiate(context.request().headers.find("Accept"));
    const auto stamps = co_await parts_.records.weave_stamps(*context.request().executor, uid_of(context));
    if (!stamps) co_return fail(context, stamps.error());
    auto body = by_collection(format, *stamps, [](std::string& out, Timestamp time) { time.append_to(out); });
    co_return in_format(format, std::move(body), stamps->size());
}

WeaveService::Answer WeaveService::info_counts(Context& context) {
    const auto format = negotiate(context.request().headers.find("Accept"));
    const auto found = co_await parts_.store.counts(*context.request().executor, uid_of(context), {});
    if (!found) co_return fail(context, found.error());
    auto body = by_collection(format, found->collections,
                              [](std::string& out, std::uint64_t count) { out += std::to_string(count); });
    co_return in_format(format, std::move(body), found->collections.size());
}

WeaveService::Answer WeaveService::info_usage(Context& context) {
    auto& home = *context.request().executor;
    const auto used = co_await parts_.store.usage(home, uid_of(context), {});
    if (!used) co_return fail(context, used.error());
    co_return Response(200, "application/json",
                       storage::collections_body(used->collections, storage::append_kb));
}

WeaveService::Answer WeaveService::info_quota(Context& context) {
    const auto used = co_await parts_.store.usage(*context.request().executor, uid_of(context), {});
    if (!used) co_return fail(context, used.error());
    co_return Response(200, "application/json", storage::quota_body(*used, quota_bytes_));
}

WeaveService::Answer WeaveService::get_collection(Context& context) {
    auto query = parse_query(context.request().query());
    if (!query)
        co_return refuse(context, {invalid_record, "bad_query", query.error() + " has no good value"});
    const auto format = negotiate(context.request().headers.find("Accept"));
    const bool full = query->full;
    ListWriter writer(format);
    std::string one;
    store::WeaveSink sink = [&](const store::WeaveView& record) {
        one.clear();
        if (full)
            append_json(one, record);
        else
            base::json::append_string(one, record.id);
        writer.add(one);
    };
    const auto count = co_await parts_.records.weave_find(*context.request().executor, uid_of(context),
                                                          std::string(context.parameter("collection")),
                                                          std::move(*query), sink);
    if (!count) co_return fail(context, count.error());
    co_return in_format(format, writer.finish(), *count);
}

WeaveService::Answer WeaveService::get_item(Context& context) {
    store::WeaveQuery query{.ids = std::vector{std::string(context.parameter("id"))}};
    query.full = true;
    std::string body;
    store::WeaveSink sink = [&](const store::WeaveView& record) { append_json(body, record); };
    const auto count = co_await parts_.records.weave_find(*context.request().executor, uid_of(context),
                                                          std::string(context.parameter("collection")),
                                                          std::move(query), sink);
    if (!count) co_return fail(context, count.error());
    if (*count == 0) co_return fail(context, {store::Failure::Kind::not_found, {}, 0, {}});
    co_return Response(200, "application/json", std::move(body));
}

}  // namespace homespun::sync::weave
