#include "sync/weave/query.hpp"

#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "sync/protocol/accept.hpp"

namespace homespun::sync::weave {
namespace {

using store::Timestamp;
using store::WeaveOrder;
using store::WeaveQuery;

bool are_digits(std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// False when `text` is no decimal number, or one that no sortindex comes near.
bool read_real(std::string_view text, std::optional<double>& to) {
    constexpr double most = 1e15;
    double number = 0;
    const auto end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || rest != end || !(std::abs(number) <= most)) return false;
    to = number;
    return true;
}

bool read_time(std::string_view text, std::optional<Timestamp>& to) {
    to = parse_time(text);
    return to.has_value();
}

std::vector<std::string> split_ids(std::string_view text) {
    std::vector<std::string> ids;
    for (const auto id : base::split(text, ','))
        if (!id.empty()) ids.emplace_back(id);
    return ids;
}

/// Reads one argument; false when its value is none that it can have.
bool take(WeaveQuery& query, const base::QueryParameter& parameter) {
    const auto& [name, raw, has_value] = parameter;
    const auto value = base::trim(raw);
    if (name == "ids") {
        query.ids = split_ids(raw);
    } else if (name == "parentid") {
        query.parentid = raw;
    } else if (name == "predecessorid") {
        query.predecessorid = raw;
    } else if (name == "newer") {
        return read_time(value, query.newer);
    } else if (name == "older") {
        return read_time(value, query.older);
    } else if (name == "index_above") {
        return read_real(value, query.index_above);
    } else if (name == "index_below") {
        return read_real(value, query.index_below);
    } else if (name == "limit" || name == "offset") {
        const auto number = base::parse_integer<std::int64_t>(value);
        if (!number) return false;
        if (name == "offset")
            query.offset = *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
        else if (*number > 0)
            query.limit = static_cast<std::uint64_t>(*number);
        else
            query.limit.reset();
    } else if (name == "full") {
        query.full = true;
    } else if (name == "sort") {
        query.order = value == "oldest"   ? WeaveOrder::oldest
                      : value == "newest" ? WeaveOrder::newest
                      : value == "index"  ? WeaveOrder::index
                                          : WeaveOrder::insertion;
    }
    return true;
}

}  // namespace

std::optional<Timestamp> parse_time(std::string_view text) {
    constexpr std::size_t most_digits = 11;
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto fraction = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
    if (whole.empty() && fraction.empty()) return std::nullopt;
    if (!are_digits(whole) || !are_digits(fraction) || whole.size() > most_digits) return std::nullopt;
    const auto digit = [&](std::size_t at) { return at < fraction.size() ? fraction[at] - '0' : 0; };
    const auto seconds = whole.empty() ? 0 : *base::parse_integer<std::int64_t>(whole);
    std::int64_t hundredths = seconds * 100 + digit(0) * 10 + digit(1);
    const auto rest = fraction.size() > 2 ? fraction.substr(2) : std::string_view{};
    const bool above_half =
        !rest.empty() &&
        (rest[0] > '5' || (rest[0] == '5' && rest.find_first_not_of('0', 1) != std::string_view::npos));
    const bool half = !rest.empty() && rest[0] == '5' && !above_half;
    if (above_half || (half && hundredths % 2 == 1)) ++hundredths;
    return Timestamp{negative ? -hundredths : hundredths};
}

std::expected<WeaveQuery, std::string> parse_query(std::string_view query) {
    WeaveQuery read;
    for (const auto& parameter : base::parse_query(query)) {
        if (!take(read, parameter)) return std::unexpected(parameter.name);
    }
    if (!read.limit) read.offset = 0;
    return read;
}

std::string_view content_type(Format format) {
    switch (format) {
        case Format::newlines:
            return "application/newlines";
        case Format::whoisi:
            return "application/whoisi";
        case Format::json:
            break;
    }
    return "application/json";
}

Format negotiate(std::optional<std::string_view> accept) {
    if (!accept) return Format::json;
    const double json = protocol::accept_quality(*accept, content_type(Format::json));
    const double newlines = protocol::named_quality(*accept, content_type(Format::newlines)).value_or(0);
    const double whoisi = protocol::named_quality(*accept, content_type(Format::whoisi)).value_or(0);
    if (json >= newlines && json >= whoisi) return Format::json;
    return newlines >= whoisi ? Format::newlines : Format::whoisi;
}

void ListWriter::add(std::string_view json) {
    switch (format_) {
        case Format::json:
            if (!first_) text_ += ',';
            text_ += json;
            break;
        case Format::newlines:
            text_ += json;
            text_ += '\n';
            break;
        case Format::whoisi:
            for (int shift = 24; shift >= 0; shift -= 8)
                text_ += static_cast<char>((json.size() >> static_cast<unsigned>(shift)) & 0xffU);
            text_ += json;
            break;
    }
    first_ = false;
}

std::string ListWriter::finish() {
    if (format_ == Format::json) text_ += ']';
    return std::move(text_);
}

}  // namespace homespun::sync::weave
