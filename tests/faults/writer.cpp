#include "faults/writer.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "base/json.hpp"

namespace homespun::tests {
namespace {

using sync::protocol::Timestamp;
using sync::store::Operation;
using sync::store::RecordUpdate;
using sync::store::Shown;
using sync::store::Span;
using Kind = Operation::Kind;

std::int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// The server cuts its time to hundredths of a second.
Span since(std::int64_t begin_ms) {
    return {begin_ms - 10, now_ms() + 10};
}

void append_record(std::string& body, const RecordUpdate& update, bool with_id) {
    base::json::Writer json(body);
    json.begin_object();
    if (with_id) json.member("id", std::string_view(update.id));
    if (update.payload) json.member("payload", std::string_view(*update.payload));
    if (update.sortindex) json.member("sortindex", *update.sortindex);
    if (update.ttl) json.member("ttl", *update.ttl);
    json.end_object();
}

struct Request {
    std::string method, path, body;
};

Request request_for(const Operation& operation) {
    Request request;
    const auto collection = "/storage/" + operation.collection;
    switch (operation.kind) {
        case Kind::put:
            append_record(request.body, operation.updates.front(), false);
            return {"PUT", collection + "/" + operation.updates.front().id, request.body};
        case Kind::remove:
            return {"DELETE", collection + "/" + operation.ids.front(), {}};
        case Kind::remove_ids: {
            std::string ids;
            for (const auto& id : operation.ids)
                ids += (ids.empty() ? "" : ",") + id;
            return {"DELETE", collection + "?ids=" + ids, {}};
        }
        case Kind::remove_collection:
            return {"DELETE", collection, {}};
        case Kind::remove_user:
            return {"DELETE", "", {}};
        case Kind::post:
            request.path = collection;
            break;
        case Kind::open_batch:
            request.path = collection + "?batch=true";
            break;
        case Kind::append_batch:
            request.path = collection + "?batch=" + operation.batch;
            break;
        case Kind::commit_batch:
            request.path = collection + "?commit=true&batch=" + operation.batch;
            break;
    }
    request.method = "POST";
    for (const auto& update : operation.updates) {
        request.body += request.body.empty() ? '[' : ',';
        append_record(request.body, update, true);
    }
    request.body += request.body.empty() ? "[]" : "]";
    return request;
}

std::optional<Timestamp> last_modified(const net::http::ClientResponse& answer) {
    const auto text = answer.headers.find("X-Last-Modified");
    return text ? Timestamp::parse(*text) : std::nullopt;
}

std::optional<Timestamp> timestamp_of(const base::json::Value* value) {
    if (value == nullptr) return std::nullopt;
    if (const auto* whole = value->integer()) return Timestamp{*whole * 100};
    if (const auto* number = value->real()) return Timestamp{std::llround(*number * 100)};
    return std::nullopt;
}

}  // namespace

void Writer::fail(const std::string& what) {
    if (is_wrong_) return;
    wrong_ = fmt::format("user {}: {}", user_, what);
    is_wrong_ = true;
}

void Writer::write(const std::atomic<bool>& stop, const std::atomic<bool>& rest) {
    connection_.disconnect();
    while (!stop && wrong_.empty()) {
        if (rest)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        else if (!write_one())
            return;
    }
}

bool Writer::write_one() {
    const auto operation = writes_.next(model_);
    const auto request = request_for(operation);
    const auto begin = now_ms();
    const auto answer = connection_.send(request.method, request.path, request.body);
    const auto asked = since(begin);
    if (answer) return take_answer(operation, *answer, asked);
    if (answer.error() == StorageConnection::Lost::underway) {
        unsure_ = operation;
        asked_ = asked;
    }
    return false;
}

bool Writer::take_answer(const Operation& operation, const net::http::ClientResponse& answer, Span asked) {
    const auto what = name_of(operation.kind) + fmt::format(" {}", operation.collection);
    const bool removes_one = operation.kind == Kind::remove;
    const auto there = removes_one ? model_.has(operation.collection, operation.ids.front(), asked) : true;
    if (removes_one && answer.status == 404) {
        if (there == true) fail(fmt::format("{} did not find {}", what, operation.ids.front()));
        return wrong_.empty();
    }
    if (there == false)
        fail(fmt::format("{} found {}, which must not be there", what, operation.ids.front()));
    const auto at = last_modified(answer);
    if (answer.status != (operation.stages() ? 202 : 200) || !at) {
        fail(fmt::format("{} was answered with {}: {}", what, answer.status, answer.body.substr(0, 200)));
        return false;
    }
    std::string batch;
    if (operation.kind == Kind::open_batch) {
        const auto json = base::json::parse(answer.body);
        const auto* name = json ? json->string("batch") : nullptr;
        if (name == nullptr) fail(what + " was answered without a batch");
        if (name != nullptr) batch = *name;
    }
    ++acknowledged_;
    if (const auto bad = model_.acknowledge(operation, *at, asked, batch); !bad.empty())
        fail(what + ": " + bad);
    return wrong_.empty();
}

std::optional<net::http::ClientResponse> Writer::get(const std::string& path) {
    const auto answer = connection_.send("GET", path);
    if (answer && answer->status == 200) return *answer;
    fail(answer ? fmt::format("GET {} was answered with {}", path, answer->status)
                : fmt::format("GET {} was not answered", path));
    return std::nullopt;
}

std::optional<Shown> Writer::show() {
    const auto info = get("/info/collections");
    if (!info) return std::nullopt;
    Shown shown;
    const auto storage = last_modified(*info);
    const auto names = base::json::parse(info->body);
    if (!storage || !names || names->object() == nullptr) {
        fail("info/collections makes no sense: " + info->body);
        return std::nullopt;
    }
    shown.storage = *storage;
    for (const auto& [name, modified] : *names->object()) {
        auto& collection = shown.collections[name];
        collection.modified = timestamp_of(&modified).value_or(Timestamp{});
        const auto listed = get("/storage/" + name + "?full=1");
        const auto rows = listed ? base::json::parse(listed->body) : base::json::parse("null");
        if (!rows || rows->array() == nullptr) {
            fail("collection " + name + " makes no sense");
            return std::nullopt;
        }
        for (const auto& row : *rows->array()) {
            const auto* id = row.string("id");
            const auto* payload = row.string("payload");
            const auto* sortindex = row.integer("sortindex");
            Shown::Record record{payload ? *payload : "(no payload)", {}, {}};
            if (sortindex != nullptr) record.sortindex = *sortindex;
            record.modified = timestamp_of(row.member("modified")).value_or(Timestamp{});
            collection.records[id ? *id : "(no id)"] = std::move(record);
        }
    }
    return shown;
}

void Writer::check() {
    if (!wrong_.empty()) return;
    connection_.disconnect();
    const auto begin = now_ms();
    const auto shown = show();
    if (!shown) return;
    const auto bad = unsure_ ? model_.settle(*unsure_, asked_, *shown, since(begin))
                             : model_.difference(*shown, since(begin));
    unsure_.reset();
    if (!bad.empty()) fail(bad);
}

}  // namespace homespun::tests
