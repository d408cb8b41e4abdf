#include "barrel/rbr/diagnostic.hpp"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

namespace homespun::barrel::rbr {
namespace {

constexpr std::size_t window = 120;  // characters of the line that are shown at most

bool continues_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

std::string_view line_of(std::string_view source, std::uint32_t number) {
    for (std::uint32_t line = 1; line < number; ++line) {
        const std::size_t end = source.find('\n');
        if (end == std::string_view::npos) return {};
        source.remove_prefix(end + 1);
    }
    source = source.substr(0, source.find('\n'));
    if (source.ends_with('\r')) source.remove_suffix(1);
    return source;
}

/// Byte offset of a character of the line.
std::size_t offset_of(std::string_view line, std::size_t character) {
    std::size_t offset = 0;
    while (offset < line.size() && character > 0) {
        do
            ++offset;
        while (offset < line.size() && continues_character(line[offset]));
        --character;
    }
    return offset;
}

/// Insertions, deletions, replacements and swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

}  // namespace

Diagnostic diagnose(std::string_view file, std::string_view source, Position at, std::string message) {
    Diagnostic diagnostic;
    diagnostic.file = file;
    diagnostic.at = at;
    diagnostic.message = std::move(message);
    std::string_view line = line_of(source, at.line);
    std::size_t column = at.column > 0 ? at.column - 1 : 0;
    std::string_view before;
    if (column > window / 2 && line.size() > window) {
        line.remove_prefix(offset_of(line, column - window / 2));
        column = window / 2;
        before = "…";
    }
    const std::size_t shown = offset_of(line, window);
    diagnostic.excerpt = fmt::format("{}{}{}", before, line.substr(0, shown), shown < line.size() ? "…" : "");
    diagnostic.padding.assign(before.empty() ? 0 : 1, ' ');
    const std::string_view left = line.substr(0, offset_of(line, column));
    for (const char c : left) {
        if (!continues_character(c)) diagnostic.padding.push_back(c == '\t' ? '\t' : ' ');
    }
    return diagnostic;
}

std::string Diagnostic::summary() const {
    std::string text = fmt::format("{}:{}:{}: {}", file, at.line, at.column, message);
    if (!hint.empty()) text += fmt::format(" (hint: {})", hint);
    return text;
}

std::string Diagnostic::render() const {
    const std::string number = std::to_string(at.line);
    const std::string gap(number.size(), ' ');
    const std::size_t tail = at.length > 1 ? std::min<std::size_t>(at.length - 1, window / 2) : 0;
    std::string text = fmt::format("{}:{}:{}: error: {}\n", file, at.line, at.column, message);
    text += fmt::format(" {} | {}\n", number, excerpt);
    text += fmt::format(" {} | {}^{}\n", gap, padding, std::string(tail, '~'));
    if (!found.empty() && !message.contains(found)) text += fmt::format(" {} = found: {}\n", gap, found);
    if (!expected.empty()) text += fmt::format(" {} = expected: {}\n", gap, expected);
    if (!hint.empty()) text += fmt::format(" {} = hint: {}\n", gap, hint);
    return text;
}

std::string render(const Diagnostics& diagnostics) {
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics)
        text += diagnostic.render();
    return text;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
    std::string_view best;
    std::size_t best_distance =
        word.size() < 5 ? 2 : 3;  // at this distance and above a guess confuses more than it helps
    if (word.size() > 64) return best;
    for (const std::string_view candidate : candidates) {
        if (candidate.size() > 64) continue;
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

}  // namespace homespun::barrel::rbr
