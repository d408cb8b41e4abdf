#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sync/store/store.hpp"

namespace homespun::sync::store::sqlite {

/// The last record of a page: where the next page goes on. Position, not count, so that it stays true while
/// others write. On the wire `<t|i><key>:<base64url of the id>`; without a key (a record without sortindex)
/// `i:<id>`.
struct PagePosition {
    std::optional<std::int64_t> key;  ///< modified in hundredths, or sortindex
    std::string id;
    bool operator==(const PagePosition&) const = default;
};

std::string write_offset(Sort sort, const PagePosition& position);
/// Nothing when the text is no token of ours, or one of another kind of sort.
std::optional<PagePosition> read_offset(Sort sort, std::string_view token);

}  // namespace homespun::sync::store::sqlite
