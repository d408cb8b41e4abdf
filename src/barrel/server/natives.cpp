#include "barrel/server/natives.hpp"

#include <array>

namespace homespun::barrel {

std::string_view Natives::kind_of(std::string_view name) const {
    constexpr std::array<std::string_view, 7> kinds = {
        "a handler", "an authenticator", "a check", "an alter", "a hook", "an options hook", "a factory"};
    const auto found = entries_.find(name);
    return found == entries_.end() ? std::string_view() : kinds[found->second.index()];
}

std::vector<std::string_view> Natives::names() const {
    std::vector<std::string_view> all;
    for (const auto& [name, entry] : entries_)
        all.push_back(name);
    return all;
}

std::vector<std::string_view> Natives::handler_names() const {
    std::vector<std::string_view> all;
    for (const auto& [name, entry] : entries_) {
        if (std::holds_alternative<Handler>(entry)) all.push_back(name);
    }
    return all;
}

std::vector<std::string_view> Natives::limited_handlers() const {
    std::vector<std::string_view> all;
    for (const auto& [name, limit] : body_limits_)
        all.push_back(name);
    return all;
}

}  // namespace homespun::barrel
