// Record bodies as clients send them. The first byte picks the kind of body and the collection.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "sync/protocol/bso.hpp"

namespace protocol = homespun::sync::protocol;

namespace {

/// Small, so that short inputs reach them.
const protocol::Limits limits{.max_post_records = 3, .max_post_bytes = 40, .max_record_payload_bytes = 30};

void require(bool holds) {
    if (!holds) std::abort();
}

/// Whatever was accepted must be valid and must survive being written and read again.
void check(const homespun::sync::store::RecordUpdate& update, std::string_view collection) {
    require(protocol::valid_record_id(update.id));
    require(!update.payload || update.payload->size() <= limits.max_record_payload_bytes);
    require(!update.ttl || *update.ttl >= 0);
    std::string text;
    const std::string payload = update.payload.value_or("");
    protocol::append_record_json(text, {update.id, payload, update.sortindex, {170000000010}});
    const auto again = protocol::parse_put_body(text, collection, update.id, limits);
    require(again && again->id == update.id && again->payload == payload &&
            again->sortindex == update.sortindex);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string_view collection = data[0] & 4 ? "crypto" : "history";
    if ((data[0] & 3) == 0) {
        const auto update = protocol::parse_put_body(body, collection, "path", limits);
        if (update) check(*update, collection);
        return 0;
    }
    const auto format = (data[0] & 3) == 1 ? protocol::BodyFormat::json : protocol::BodyFormat::newlines;
    const auto post = protocol::parse_post_body(body, format, collection, limits);
    if (!post) return 0;
    require(post->updates.size() <= limits.max_post_records);
    std::size_t bytes = 0;
    for (const auto& update : post->updates) {
        check(update, collection);
        bytes += update.payload ? update.payload->size() : 0;
    }
    require(bytes <= limits.max_post_bytes);
    for (const auto& [id, reason] : post->failed)
        require(!reason.empty());
    return 0;
}
