#include "sync/ops/import_stream.hpp"

#include <fmt/format.h>

#include <utility>

#include "sync/ops/export_format.hpp"

namespace homespun::sync::ops {
namespace {

constexpr std::size_t portion_records = 1000;
constexpr std::size_t portion_bytes = std::size_t{1} << 20;

enum class LineEnd { feed, end_of_file, too_long };

/// The next line without its line feed; never more of it in memory than a record can need.
LineEnd read_line(std::streambuf& source, std::string& line) {
    line.clear();
    while (true) {
        const auto c = source.sbumpc();
        if (c == std::streambuf::traits_type::eof()) return LineEnd::end_of_file;
        if (c == '\n') return LineEnd::feed;
        if (line.size() > most_line_bytes) return LineEnd::too_long;
        line.push_back(static_cast<char>(c));
    }
}

}  // namespace

ImportStream::~ImportStream() {
    if (!committed_) target_.abandon();
}

base::Result<void> ImportStream::flush() {
    if (!in_collection_) return {};
    in_collection_ = false;
    waiting_bytes_ = 0;
    return target_.add(collection_, std::exchange(waiting_, {}));
}

base::Result<void> ImportStream::begin_collection(std::string_view name) {
    auto flushed = flush();
    ++done_.collections;
    collection_ = name;
    in_collection_ = true;
    return flushed;
}

base::Result<void> ImportStream::add(store::RecordUpdate record) {
    ++done_.records;
    in_collection_ = true;
    waiting_bytes_ += record.payload ? record.payload->size() : 0;
    waiting_.push_back(std::move(record));
    if (waiting_.size() < portion_records && waiting_bytes_ < portion_bytes) return {};
    return flush();
}

base::Result<Imported> ImportStream::commit() {
    if (auto flushed = flush(); !flushed) return std::unexpected(flushed.error());
    auto timestamp = target_.commit();
    if (!timestamp) return std::unexpected(timestamp.error());
    committed_ = true;
    done_.timestamp = std::move(*timestamp);
    return done_;
}

base::Result<Imported> import_lines(std::istream& source, const std::string& name, ImportTarget& target) {
    ImportStream stream(target);
    ExportReader reader;
    const auto failed = [&name](const base::Error& error) {
        return base::fail(fmt::format("{}: {}; nothing was imported", name, error.message));
    };
    std::string line;
    while (true) {
        const auto end = read_line(*source.rdbuf(), line);
        if (end == LineEnd::end_of_file && line.empty()) break;
        auto read = reader.read(line);
        if (!read) return failed(read.error());
        base::Result<void> done;
        if (auto* begins = std::get_if<CollectionBegins>(&*read)) {
            done = stream.begin_collection(begins->name);
        } else if (auto* record = std::get_if<RecordRead>(&*read)) {
            done = stream.add(std::move(record->update));
        }
        if (!done) return failed(done.error());
        if (end != LineEnd::feed) break;
    }
    if (auto whole = reader.finish(); !whole) return failed(whole.error());
    auto imported = stream.commit();
    if (!imported) return failed(imported.error());
    return imported;
}

}  // namespace homespun::sync::ops
