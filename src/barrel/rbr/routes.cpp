#include "barrel/rbr/routes.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "barrel/rbr/format.hpp"
#include "barrel/rbr/url.hpp"

namespace homespun::barrel::rbr {
namespace {

constexpr std::size_t columns = 7;
using Row = std::array<std::string, columns>;

std::string extensions(const Path& path) {
    std::string text;
    for (const Statement& statement : path.statements) {
        const Extension* extension = std::get_if<Extension>(&statement.value);
        if (extension == nullptr) continue;
        text += fmt::format("{}{}", text.empty() ? "" : " ", extension->name);
        for (std::size_t i = 0; i < extension->values.size(); ++i) {
            text += fmt::format("{}{}", i == 0 ? "=" : ",", extension->values[i].text);
        }
    }
    return text;
}

std::string largest_body(const Path& path) {
    const Section* body = path.section(Section::Kind::RequestBody);
    const MaxSize* limit = body == nullptr ? nullptr : body->find<MaxSize>();
    std::string text = limit == nullptr ? "-" : fmt::format("{}{}", limit->size.amount, limit->size.unit);
    if (path.streams()) text += " stream";
    return text;
}

Row row(const File& file, const Path& path) {
    Row row;
    for (const Method method : path.find<Methods>()->list)
        row[0] += fmt::format("{}{}", row[0].empty() ? "" : "|", to_string(method));
    row[1] = full_address(file, path);
    row[2] = path.name;
    const Auth* auth = path.find<Auth>();
    row[3] = auth == nullptr ? "-" : auth->name;
    row[4] = largest_body(path);
    row[5] = to_string(path.find<Use>()->target);
    row[6] = extensions(path);
    return row;
}

/// Width on a screen, near enough: characters.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string full_address(const File& file, const Path& path) {
    const Root* root = file.find<Root>();
    const std::string below = to_string(*path.find<Url>());
    const std::string above = root == nullptr ? "/" : to_string(root->url);
    if (above == "/") return below;
    return below == "/" ? above : above + below;
}

std::string routes_table(const File& file) {
    std::vector<Row> rows = {{"METHOD", "PATH", "NAME", "AUTH", "MAX-SIZE", "TARGET", "EXTENSIONS"}};
    for (const Path* path : file.all<Path>())
        rows.push_back(row(file, *path));
    if (std::ranges::all_of(rows.begin() + 1, rows.end(),
                            [](const Row& it) { return it[columns - 1].empty(); }))
        rows[0][columns - 1].clear();
    std::array<std::size_t, columns> widths{};
    for (const Row& one : rows) {
        for (std::size_t i = 0; i < columns; ++i)
            widths[i] = std::max(widths[i], width(one[i]));
    }
    std::string text;
    for (const Row& one : rows) {
        std::string line;
        for (std::size_t i = 0; i < columns; ++i)
            line += one[i] + std::string(widths[i] - width(one[i]) + 2, ' ');
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

}  // namespace homespun::barrel::rbr
