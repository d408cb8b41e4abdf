// Exports as an import reads them: lines until the first that is refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "base/text.hpp"
#include "sync/ops/export_format.hpp"
#include "sync/ops/manifest.hpp"
#include "sync/protocol/bso.hpp"

namespace ops = homespun::sync::ops;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// Whatever was accepted must survive being written and read again.
void check(const ops::RecordRead& record) {
    require(homespun::sync::protocol::valid_collection_name(record.collection));
    require(homespun::sync::protocol::valid_record_id(record.update.id));
    require(record.update.payload.has_value());
    const auto& update = record.update;
    auto line =
        ops::record_line(record.collection, {update.id, *update.payload, update.sortindex, update.ttl, {1}});
    require(line.find('\n') == line.size() - 1);
    line.pop_back();
    const auto again = ops::parse_record_line(line);
    require(again && again->update.payload == update.payload && again->update.id == update.id &&
            again->update.sortindex == update.sortindex && again->update.ttl == update.ttl);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto manifest = ops::Manifest::parse(text)) {
        const auto again = ops::Manifest::parse(manifest->to_json());
        require(again && *again == *manifest);
    }
    ops::ExportReader reader;
    std::uint64_t records = 0;
    for (const auto line : homespun::base::split(text, '\n')) {
        const auto read = reader.read(line);
        if (!read) {
            require(read.error().message.starts_with("line "));
            return 0;
        }
        if (const auto* record = std::get_if<ops::RecordRead>(&*read)) {
            check(*record);
            ++records;
        }
    }
    require(reader.records() == records);
    (void)reader.finish();
    return 0;
}
