#include "go_flags.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace homespun;

namespace {

/// Go's strconv.ParseBool.
base::Result<bool> truth(std::string_view name, std::string_view text) {
    for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
        if (text == yes) return true;
    }
    for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
        if (text == no) return false;
    }
    return base::fail(fmt::format("invalid boolean value \"{}\" for -{}", text, name));
}

}  // namespace

GoFlags& GoFlags::add(std::initializer_list<std::string_view> names, Into into) {
    flags_.push_back({names, into});
    return *this;
}

const GoFlags::Flag* GoFlags::find(std::string_view name) const {
    const auto place = std::ranges::find_if(
        flags_, [&](const Flag& flag) { return std::ranges::find(flag.names, name) != flag.names.end(); });
    return place == flags_.end() ? nullptr : &*place;
}

base::Result<std::vector<std::string>> GoFlags::parse(std::span<const std::string> words) const {
    std::vector<std::string> rest;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        if (word == "--") {
            rest.insert(rest.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
            break;
        }
        if (!word.starts_with('-') || word == "-") {
            rest.emplace_back(word);
            continue;
        }
        const auto bare = word.substr(word.starts_with("--") ? 2 : 1);
        const auto equals = bare.find('=');
        const auto name = bare.substr(0, equals);
        const auto* flag = find(name);
        if (flag == nullptr) return base::fail(fmt::format("flag provided but not defined: -{}", name));
        if (auto* const* set = std::get_if<bool*>(&flag->into)) {
            const auto value =
                truth(name, equals == std::string_view::npos ? "true" : bare.substr(equals + 1));
            if (!value) return base::fail(value.error().message);
            **set = *value;
            continue;
        }
        if (equals == std::string_view::npos && ++i == words.size())
            return base::fail(fmt::format("flag needs an argument: -{}", name));
        std::string value(equals == std::string_view::npos ? std::string_view(words[i])
                                                           : bare.substr(equals + 1));
        if (auto* const* text = std::get_if<std::string*>(&flag->into))
            **text = std::move(value);
        else
            std::get<std::vector<std::string>*>(flag->into)->push_back(std::move(value));
    }
    return rest;
}
