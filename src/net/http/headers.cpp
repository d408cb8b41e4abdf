#include "net/http/headers.hpp"

#include "base/text.hpp"

namespace homespun::net::http {

void Headers::add(std::string_view name, std::string_view value) {
    if (fields_.empty()) {
        // What a browser sends fits without growing; a Hawk header alone has 800 bytes.
        text_.reserve(1200);
        fields_.reserve(16);
    }
    const auto at = static_cast<std::uint32_t>(text_.size());
    text_ += name;
    text_ += value;
    const auto name_size = static_cast<std::uint32_t>(name.size());
    fields_.push_back({at, name_size, at + name_size, static_cast<std::uint32_t>(value.size())});
}

void Headers::set(std::string_view name, std::string_view value) {
    remove(name);
    add(name, value);
}

void Headers::remove(std::string_view name) {
    std::erase_if(fields_, [&](const Span& span) {
        return base::iequals(std::string_view(text_).substr(span.name_at, span.name_size), name);
    });
}

void Headers::clear() {
    text_.clear();
    fields_.clear();
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const auto field = (*this)[i];
        if (base::iequals(field.name, name)) return field.value;
    }
    return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
    std::size_t found = 0;
    for (std::size_t i = 0; i < fields_.size(); ++i)
        found += base::iequals((*this)[i].name, name) ? 1 : 0;
    return found;
}

Headers::Field Headers::operator[](std::size_t index) const {
    const auto& span = fields_[index];
    const std::string_view text(text_);
    return {text.substr(span.name_at, span.name_size), text.substr(span.value_at, span.value_size)};
}

}  // namespace homespun::net::http
