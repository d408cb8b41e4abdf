#include "sync/client/record_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "sync/client/messages.hpp"

namespace homespun::sync::client {
namespace {

using base::json::Value;
using net::http::ClientResponse;

constexpr std::size_t most_ids_at_once = 50;
constexpr std::size_t most_id_bytes_at_once = 4000;  // in an address
constexpr int most_tries = 3;

std::optional<double> number_of(const Value* value) {
    if (value == nullptr) return std::nullopt;
    if (value->integer() != nullptr) return static_cast<double>(*value->integer());
    if (value->real() != nullptr) return *value->real();
    return std::nullopt;
}

std::string path_of(std::string_view collection) {
    return "/storage/" + base::percent_encode(collection);
}
std::string path_of(std::string_view collection, std::string_view id) {
    return path_of(collection) + "/" + base::percent_encode(id);
}

/// Ids are separated by commas, and blanks around them may be dropped.
bool may_stand_in_a_list(std::string_view id) {
    return !id.contains(',') && base::trim(id) == id && !id.empty();
}

base::Error not_understood(std::string_view what) {
    return {fmt::format("{}: the answer is not what a Sync server says", what)};
}

}  // namespace

std::optional<StoredRecord> StoredRecord::read(const Value& json) {
    const auto* id = json.string("id");
    if (id == nullptr) return std::nullopt;
    StoredRecord record{*id};
    if (const auto* payload = json.string("payload")) record.payload = *payload;
    record.modified = number_of(json.member("modified"));
    if (const auto* sortindex = json.integer("sortindex")) record.sortindex = *sortindex;
    return record;
}

std::string seconds_text(double seconds) {
    return fmt::format("{:.2f}", seconds);
}

base::Error refusal(std::string_view what, const ClientResponse& response) {
    switch (response.status) {
        case 401:
            return {
                fmt::format("{}: the server does not accept this login (401): the password was changed, "
                            "or the account is gone; log in again",
                            what)};
        case 400:
            // Both protocols: the body is 14 and nothing else.
            if (base::trim(response.body) == "14")
                return {fmt::format("{}: the quota is used up; delete something first", what)};
            break;
        case 412:
            return {fmt::format("{}: another client was faster (412); try again", what)};
        case 503: {
            const auto after = response.headers.find("Retry-After");
            return {fmt::format("{}: the server is busy or under repair (503){}", what,
                                after ? fmt::format("; try again in {} s", *after) : std::string())};
        }
        default:
            break;
    }
    return {fmt::format("{}: {}", what, describe_failure(response))};
}

std::vector<std::vector<std::string>> portions(std::vector<std::string> ids) {
    std::vector<std::vector<std::string>> all;
    std::vector<std::string> portion;
    std::size_t bytes = 0;
    for (auto& id : ids) {
        if (!may_stand_in_a_list(id)) {
            all.push_back({std::move(id)});
            continue;
        }
        const auto size = base::percent_encode(id).size() + 1;
        if (portion.size() == most_ids_at_once || bytes + size > most_id_bytes_at_once) {
            all.push_back(std::exchange(portion, {}));
            bytes = 0;
        }
        bytes += size;
        portion.push_back(std::move(id));
    }
    if (!portion.empty()) all.push_back(std::move(portion));
    return all;
}

base::Task<base::Result<Value>> Records::get_json(std::string path) {
    const auto what = "GET " + path.substr(0, path.find('?'));
    const auto response = co_await server_.send("GET", std::move(path));
    if (!response) co_return std::unexpected(response.error());
    if (response->status != 200) co_return std::unexpected(refusal(what, *response));
    auto json = base::json::parse(response->body);
    if (!json) co_return std::unexpected(not_understood(what));
    co_return std::move(*json);
}

base::Task<base::Result<std::vector<CollectionFacts>>> Records::collections() {
    const auto times = co_await get_json("/info/collections");
    if (!times) co_return std::unexpected(times.error());
    const auto counts = co_await get_json("/info/collection_counts");
    if (!counts) co_return std::unexpected(counts.error());
    if (times->object() == nullptr) co_return std::unexpected(not_understood("GET /info/collections"));
    std::vector<CollectionFacts> all;
    for (const auto& [name, time] : *times->object()) {
        const auto* count = counts->integer(name);
        all.push_back({name, number_of(&time).value_or(0), count ? *count : 0});
    }
    std::ranges::sort(all, {}, &CollectionFacts::name);
    co_return all;
}

base::Task<base::Result<std::vector<StoredRecord>>> Records::pages(std::string path, std::string query) {
    const auto what = "GET " + path;
    std::vector<StoredRecord> all;
    std::set<std::string> ids, offsets;
    for (std::string offset;;) {
        auto asked = query;
        if (!offset.empty())
            asked += (asked.empty() ? "?" : "&") + ("offset=" + base::percent_encode(offset));
        const auto response = co_await server_.send("GET", path + asked);
        if (!response) co_return std::unexpected(response.error());
        if (response->status == 404) co_return all;  // what Sync 1.1 may say of an empty collection
        if (response->status != 200) co_return std::unexpected(refusal(what, *response));
        const auto json = base::json::parse(response->body);
        if (!json || json->array() == nullptr) co_return std::unexpected(not_understood(what));
        const auto known = ids.size();
        for (const auto& each : *json->array()) {
            auto record = each.string() != nullptr ? std::optional(StoredRecord{*each.string()})
                                                   : StoredRecord::read(each);
            if (!record) co_return std::unexpected(not_understood(what));
            // While others write, a record may come in two pages.
            if (ids.insert(record->id).second) all.push_back(std::move(*record));
        }
        offset = response->headers.find("X-Weave-Next-Offset").value_or("");
        if (offset.empty()) co_return all;
        if (!offsets.insert(offset).second || ids.size() == known) {
            co_return base::fail(fmt::format(
                "{}: the server's pages lead in a circle: it names a next page (X-Weave-Next-Offset: "
                "{}), but nothing new comes; {} records came",
                what, offset, all.size()));
        }
    }
}

base::Task<base::Result<std::vector<std::string>>> Records::ids(std::string collection) {
    auto all = co_await pages(path_of(collection), "");
    if (!all) co_return std::unexpected(all.error());
    std::vector<std::string> ids;
    ids.reserve(all->size());
    for (auto& record : *all)
        ids.push_back(std::move(record.id));
    co_return ids;
}

base::Task<base::Result<std::optional<StoredRecord>>> Records::find(std::string collection, std::string id) {
    const auto path = path_of(collection, id);
    const auto response = co_await server_.send("GET", path);
    if (!response) co_return std::unexpected(response.error());
    if (response->status == 404) co_return std::optional<StoredRecord>();
    if (response->status != 200) co_return std::unexpected(refusal("GET " + path, *response));
    const auto json = base::json::parse(response->body);
    auto record = json ? StoredRecord::read(*json) : std::nullopt;
    if (!record) co_return std::unexpected(not_understood("GET " + path));
    co_return std::move(record);
}

base::Task<base::Result<std::vector<StoredRecord>>> Records::fetch(std::string collection,
                                                                   std::vector<std::string> ids) {
    if (ids.size() == 1) {
        auto one = co_await find(std::move(collection), std::move(ids.front()));
        if (!one) co_return std::unexpected(one.error());
        std::vector<StoredRecord> all;
        if (*one) all.push_back(std::move(**one));
        co_return all;
    }
    std::string list;
    for (const auto& id : ids)
        list += (list.empty() ? "" : ",") + base::percent_encode(id);
    co_return co_await pages(path_of(collection), "?full=1&ids=" + list);
}

base::Task<base::Result<ClientResponse>> Records::send_put(std::string path, std::string id,
                                                           std::string payload, net::http::Headers headers) {
    std::string body;
    base::json::Writer(body)
        .begin_object()
        .member("id", std::string_view(id))
        .member("payload", std::string_view(payload))
        .end_object();
    co_return co_await server_.send("PUT", std::move(path), std::move(body), std::move(headers));
}

base::Task<base::Result<void>> Records::put(std::string collection, std::string id, std::string payload) {
    const auto path = path_of(collection, id);
    const auto response = co_await send_put(path, std::move(id), std::move(payload), {});
    if (!response) co_return std::unexpected(response.error());
    if (response->status != 200) co_return std::unexpected(refusal("PUT " + path, *response));
    co_return base::Result<void>();
}

base::Task<base::Result<bool>> Records::make(std::string collection, std::string id,
                                             std::function<std::string()> payload) {
    const auto path = path_of(collection, id);
    for (int tries = 0; tries < most_tries; ++tries) {
        // Before the record: what changes in between is noticed. Sync 1.1 compares with the collection, 1.5
        // with the record.
        const auto times = co_await get_json("/info/collections");
        if (!times) co_return std::unexpected(times.error());
        const auto found = co_await find(collection, id);
        if (!found) co_return std::unexpected(found.error());
        if (*found) co_return false;
        net::http::Headers headers;
        headers.add("X-If-Unmodified-Since", seconds_text(number_of(times->member(collection)).value_or(0)));
        const auto response = co_await send_put(path, id, payload(), std::move(headers));
        if (!response) co_return std::unexpected(response.error());
        if (response->status == 200) co_return true;
        if (response->status != 412) co_return std::unexpected(refusal("PUT " + path, *response));
    }
    co_return base::fail(fmt::format("PUT {}: others write at the same time (412); try again", path));
}

base::Task<base::Result<bool>> Records::remove(std::string collection, std::string id) {
    const auto path = path_of(collection, id);
    const auto response = co_await server_.send("DELETE", path);
    if (!response) co_return std::unexpected(response.error());
    if (response->status == 404) co_return false;
    if (response->status != 200) co_return std::unexpected(refusal("DELETE " + path, *response));
    co_return true;
}

base::Task<base::Result<void>> Records::remove_all(std::string collection) {
    const auto path = path_of(collection);
    const auto response = co_await server_.send("DELETE", path);
    if (!response) co_return std::unexpected(response.error());
    if (response->status != 200 && response->status != 404)
        co_return std::unexpected(refusal("DELETE " + path, *response));
    co_return base::Result<void>();
}

}  // namespace homespun::sync::client
