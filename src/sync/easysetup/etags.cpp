#include "sync/easysetup/etags.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace homespun::sync::easysetup {
namespace {

/// Takes one element off the front of `rest`, up to a comma that is not between quotes.
std::string_view take_element(std::string_view& rest) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < rest.size(); ++end) {
        if (rest[end] == '"') quoted = !quoted;
        if (rest[end] == ',' && !quoted) break;
    }
    const auto element = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return base::trim(element);
}

std::string_view bare(std::string_view tag) {
    if (tag.starts_with("W/\"")) tag.remove_prefix(2);
    if (tag.size() >= 2 && tag.starts_with('"') && tag.ends_with('"')) tag = tag.substr(1, tag.size() - 2);
    return tag;
}

}  // namespace

TagList TagList::parse(std::string_view value) {
    TagList list;
    list.any_ = base::trim(value) == "*";
    if (list.any_) return list;
    while (!value.empty()) {
        const auto tag = bare(take_element(value));
        if (!tag.empty()) list.tags_.emplace_back(tag);
    }
    return list;
}

std::optional<TagList> TagList::find(const net::http::Headers& headers, std::string_view name) {
    std::optional<std::string> joined;
    for (std::size_t i = 0; i < headers.size(); ++i) {
        const auto field = headers[i];
        if (!base::iequals(field.name, name)) continue;
        joined = joined ? *joined + "," + std::string(field.value) : std::string(field.value);
    }
    if (!joined) return std::nullopt;
    return parse(*joined);
}

bool TagList::contains(std::string_view tag) const {
    return !tag.empty() && std::ranges::find(tags_, tag) != tags_.end();
}

}  // namespace homespun::sync::easysetup
