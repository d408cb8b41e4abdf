#include "sync/store/sqlite/offset_token.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace homespun::sync::store::sqlite {
namespace {

constexpr std::size_t longest_id = 64;

char letter(Sort sort) {
    return sort == Sort::index ? 'i' : 't';
}

}  // namespace

std::string write_offset(Sort sort, const PagePosition& position) {
    std::string token(1, letter(sort));
    if (position.key) token += std::to_string(*position.key);
    token += ':';
    return token + base::base64_encode(position.id, base::Base64::url_nopad);
}

std::optional<PagePosition> read_offset(Sort sort, std::string_view token) {
    if (token.empty() || token.front() != letter(sort)) return std::nullopt;
    const auto colon = token.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    PagePosition position;
    const auto key = token.substr(1, colon - 1);
    if (!key.empty()) {
        position.key = base::parse_integer<std::int64_t>(key);
        if (!position.key) return std::nullopt;
    } else if (sort != Sort::index) {
        return std::nullopt;
    }
    auto id = base::base64_decode(token.substr(colon + 1), base::Base64::url_nopad);
    if (!id || id->empty() || id->size() > longest_id) return std::nullopt;
    position.id = std::move(*id);
    return position;
}

}  // namespace homespun::sync::store::sqlite
