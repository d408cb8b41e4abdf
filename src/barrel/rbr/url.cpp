#include "barrel/rbr/url.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "barrel/rbr/lexer.hpp"

namespace homespun::barrel::rbr {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool stands_bare(char c) {
    constexpr std::string_view marks = "-._~!$&'*+=:@";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.contains(c);
}

std::uint32_t characters(std::string_view text) {
    return static_cast<std::uint32_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::unexpected<UrlError> fail(std::size_t offset, std::string message, std::string hint = {}) {
    return std::unexpected(UrlError{offset, std::move(message), std::move(hint)});
}

bool is_name(std::string_view text) {
    return !text.empty() && starts_name(text.front()) && std::ranges::all_of(text, continues_name);
}

/// Reads `{…}` without its braces.
std::expected<Segment, UrlError> placeholder(std::string_view text, std::size_t offset) {
    Segment segment;
    segment.kind = Segment::Kind::Placeholder;
    if (text.ends_with("...") && !text.contains(':')) {
        segment.kind = Segment::Kind::Rest;
        text.remove_suffix(3);
    } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
        segment.regex = text.substr(colon + 1);
        text = text.substr(0, colon);
        if (segment.regex.empty()) return fail(offset, "the regular expression of this placeholder is empty");
        if (is_builtin_type(segment.regex)) {
            return fail(
                offset,
                fmt::format("{{{}:{}}} would match the text \"{}\" only", text, segment.regex, segment.regex),
                "placeholders have regular expressions, not types: {n:[0-9]+}");
        }
        if (segment.regex == ".*" || segment.regex == ".*?" || segment.regex == ".+" ||
            segment.regex == ".+?") {
            return fail(
                offset, "a regular expression sees one segment only",
                fmt::format("write {{{0}...}} to take the rest of the address, {{{0}}} for one segment",
                            text));
        }
    }
    segment.text = text;
    if (!is_name(text))
        return fail(offset, "a placeholder needs a name",
                    "{name}, {name:regular expression} or, at the end, {name...}");
    return segment;
}

std::expected<Segment, UrlError> static_segment(std::string_view text, std::size_t offset) {
    Segment segment;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' || stands_bare(text[i])) continue;
        if (text[i] == '{' || text[i] == '}') {
            return fail(offset + i, "a placeholder fills a whole segment",
                        "take the whole segment as {name} and check it with {name:regular expression}");
        }
        if (text[i] == '?')
            return fail(offset + i, "an address has no query",
                        "a handler reads the query of its request itself");
        if (text[i] == '<' || text[i] == '>')
            return fail(offset + i, "this character cannot stand in an address",
                        "placeholders stand in braces: {name}");
        return fail(offset + i, "this character cannot stand in an address",
                    "write it percent-encoded: %20 for a blank");
    }
    if (!percent_decode(text, segment.text))
        return fail(offset, "a % must be followed by two hexadecimal digits", "a percent sign itself is %25");
    if (segment.text == "." || segment.text == "..")
        return fail(offset, "`.` and `..` cannot be segments of an address");
    return segment;
}

/// End of the segment that starts at `offset`: the next slash outside of braces.
std::size_t segment_end(std::string_view text, std::size_t offset) {
    std::size_t depth = 0;
    for (; offset < text.size(); ++offset) {
        const char c = text[offset];
        if (c == '\\' && depth > 0) {
            ++offset;
        } else if (c == '{') {
            ++depth;
        } else if (c == '}' && depth > 0) {
            --depth;
        } else if (c == '/' && depth == 0) {
            break;
        }
    }
    return std::min(offset, text.size());
}

/// Whether the text is exactly one `{…}`, so that its first brace is closed by its last character.
bool is_placeholder(std::string_view text) {
    if (!text.starts_with('{') || !text.ends_with('}')) return false;
    std::size_t depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == '{')
            ++depth;
        else if (text[i] == '}' && --depth == 0)
            return i + 1 == text.size();
    }
    return false;
}

}  // namespace

bool percent_decode(std::string_view text, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) return false;
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return true;
}

std::expected<Url, UrlError> parse_url(std::string_view text, Position at) {
    if (!text.starts_with('/')) return fail(0, "an address starts with /");
    Url url;
    url.at = at;
    std::size_t placeholders = 0;
    for (std::size_t slash = 0; slash < text.size();) {
        const std::size_t begin = slash + 1;
        const std::size_t end = segment_end(text, begin);
        const std::string_view part = text.substr(begin, end - begin);
        const bool open = is_placeholder(part);
        auto segment =
            open ? placeholder(part.substr(1, part.size() - 2), begin) : static_segment(part, begin);
        if (!segment) return std::unexpected(std::move(segment.error()));
        if (open && ++placeholders > max_placeholders)
            return fail(begin, fmt::format("more than {} placeholders", max_placeholders));
        if (segment->kind == Segment::Kind::Rest && end != text.size()) {
            return fail(begin, "{name...} takes the rest and must be the last segment",
                        "write {name} for one segment");
        }
        segment->at = {at.line, at.column + characters(text.substr(0, begin)),
                       std::max<std::uint32_t>(1, characters(part))};
        url.segments.push_back(std::move(*segment));
        if (url.segments.size() > max_segments)
            return fail(begin, fmt::format("more than {} segments", max_segments));
        slash = end;
    }
    return url;
}

std::string to_string(const Url& url) {
    std::string text;
    for (const Segment& segment : url.segments) {
        text.push_back('/');
        switch (segment.kind) {
            case Segment::Kind::Static:
                for (const char c : segment.text) {
                    if (stands_bare(c))
                        text.push_back(c);
                    else
                        text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
                }
                break;
            case Segment::Kind::Placeholder:
                text += segment.regex.empty() ? fmt::format("{{{}}}", segment.text)
                                              : fmt::format("{{{}:{}}}", segment.text, segment.regex);
                break;
            case Segment::Kind::Rest:
                text += fmt::format("{{{}...}}", segment.text);
                break;
        }
    }
    return text;
}

std::string shape(const Url& url) {
    std::string text;
    for (const Segment& segment : url.segments) {
        switch (segment.kind) {
            case Segment::Kind::Static:
                text += fmt::format("/={}:{}", segment.text.size(), segment.text);
                break;
            case Segment::Kind::Placeholder:
                text += fmt::format("/~{}:{}", segment.regex.size(), segment.regex);
                break;
            case Segment::Kind::Rest:
                text += "/*";
                break;
        }
    }
    return text;
}

}  // namespace homespun::barrel::rbr
