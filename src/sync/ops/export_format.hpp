#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "sync/store/sqlite/user_reader.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::ops {

/// Version of the lines below (docs/operations.md), kept in the first one.
constexpr std::int64_t export_format = 1;

/// The longest payload that an import takes: as long as the server's own limit.
constexpr std::size_t most_payload_bytes = 2'621'440;
/// The longest line that can mean such a record: each byte of it may be six characters of JSON.
constexpr std::size_t most_line_bytes = most_payload_bytes * 6 + 4096;

// An export is JSON lines: a header, then each collection's line followed by its records, then a line with
// the sums. Collections rise by name, records by id (bytes compared): so no record can come twice unseen, and
// two exports can be compared line by line.

struct ExportHeader {
    store::UserId uid = 0;
    std::string email;  ///< of the token server; may be empty
    std::int64_t made_at_ms = 0;
    std::string program;
};

std::string header_line(const ExportHeader& header);
std::string collection_line(std::string_view name, store::Timestamp modified);
std::string record_line(std::string_view collection, const store::sqlite::StoredRecord& record);
std::string end_line(std::uint64_t collections, std::uint64_t records);

/// What one line says.
struct CollectionBegins {
    std::string name;
};
struct RecordRead {
    std::string collection;
    store::RecordUpdate update;
};
struct ExportEnds {};
using ExportLine = std::variant<ExportHeader, CollectionBegins, RecordRead, ExportEnds>;

/// Understands one record line by itself. Pure.
base::Result<RecordRead> parse_record_line(std::string_view line);

/// Reads an export line by line, in order, and sees to it that it is whole and ordered. Pure: bytes in,
/// values out. Errors begin with "line N: ". Not thread-safe.
class ExportReader {
  public:
    /// `line` without its line feed.
    base::Result<ExportLine> read(std::string_view line);
    /// Fails when the last line has not come: the file was cut off.
    [[nodiscard]] base::Result<void> finish() const;
    [[nodiscard]] std::uint64_t records() const { return records_; }
    [[nodiscard]] std::uint64_t collections() const { return collections_; }

  private:
    base::Result<ExportLine> understand(std::string_view line);
    base::Result<ExportLine> begin_collection(std::string name);
    base::Result<ExportLine> take_record(RecordRead record);

    std::uint64_t line_ = 0;
    std::uint64_t records_ = 0;
    std::uint64_t collections_ = 0;
    bool has_header_ = false;
    bool ended_ = false;
    std::optional<std::string> collection_;
    std::optional<std::string> last_id_;
};

}  // namespace homespun::sync::ops
