#include "seism/wire/sql_statement.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace homespun::seism::wire {
namespace {

constexpr std::string_view blanks = " \t\r\n\f\v();";

bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

std::string_view behind(std::string_view text, std::string_view end, std::size_t from) {
    const auto at = text.find(end, from);
    return at == std::string_view::npos ? std::string_view() : text.substr(at + end.size());
}

/// Behind `/*!50001` or `/*M!100100`.
std::string_view behind_version(std::string_view text) {
    text.remove_prefix(text[2] == '!' ? 3 : 4);
    return text.substr(std::min(text.find_first_not_of("0123456789"), text.size()));
}

}  // namespace

std::string verb_of_statement(std::string_view statement) {
    static constexpr std::size_t longest = 32;
    auto text = statement;
    for (;;) {
        text = text.substr(std::min(text.find_first_not_of(blanks), text.size()));
        if (text.starts_with("/*!") || text.starts_with("/*M!"))
            text = behind_version(text);
        else if (text.starts_with("/*"))
            text = behind(text, "*/", 2);
        else if (text.starts_with("--") || text.starts_with('#'))
            text = behind(text, "\n", 1);
        else
            break;
    }
    std::string verb;
    for (const char c : text) {
        if (!is_letter(c) || verb.size() == longest) break;
        verb += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return verb;
}

bool verb_writes(std::string_view verb) {
    static constexpr std::array<std::string_view, 16> writing = {
        "ALTER", "COPY",  "CREATE",   "DELETE", "DROP",    "GRANT",  "IMPORT",   "INSERT",
        "LOAD",  "MERGE", "OPTIMIZE", "RENAME", "REPLACE", "REVOKE", "TRUNCATE", "UPDATE"};
    return std::ranges::find(writing, verb) != writing.end();
}

}  // namespace homespun::seism::wire
