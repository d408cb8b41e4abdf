// What clients of Sync 1.0 and 1.1 send: record bodies, queries, Accept headers. The first byte picks which.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sync/weave/query.hpp"
#include "sync/weave/wbo.hpp"

namespace weave = homespun::sync::weave;
namespace store = homespun::sync::store;

namespace {

/// Small, so that short inputs reach them.
const weave::Limits limits{.max_payload_bytes = 30, .max_batch_records = 3, .max_batch_bytes = 40};

void require(bool holds) {
    if (!holds) std::abort();
}

std::optional<std::string_view> view(const std::optional<std::string>& text) {
    return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

/// Whatever was accepted must be valid and must survive being written and read again.
void check(const store::WeaveUpdate& update) {
    require(weave::valid_id(update.id));
    require(!update.payload || update.payload->size() <= limits.max_payload_bytes);
    require(!update.ttl || *update.ttl >= 0);
    std::string text;
    const std::string payload = update.payload.value_or("");
    weave::append_json(text, {update.id,
                              payload,
                              view(update.parentid),
                              view(update.predecessorid),
                              update.sortindex,
                              {170000000010}});
    const auto again = weave::read_put(text, update.id, limits);
    require(again && again->payload == payload && again->parentid == update.parentid &&
            again->predecessorid == update.predecessorid && again->sortindex == update.sortindex);
}

void post(std::string_view body) {
    const auto read = weave::read_post(body, limits);
    if (!read) return;
    require(read->updates.size() == read->success.size() && read->updates.size() <= limits.max_batch_records);
    for (const auto& update : read->updates)
        check(update);
    for (const auto& [id, reason] : read->failed)
        require(!reason.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] & 3) {
        case 0:
            if (const auto update = weave::read_put(text, "path", limits)) check(*update);
            break;
        case 1:
            post(text);
            break;
        case 2:
            if (const auto query = weave::parse_query(text)) require(query->limit || query->offset == 0);
            break;
        default:
            require(!weave::content_type(weave::negotiate(text)).empty());
    }
    return 0;
}
