#include "report/csv.hpp"

#include <fmt/format.h>

#include <cmath>

namespace homespun::report {

std::string csv_row(std::span<const std::string> fields) {
    std::string row;
    const bool alone = fields.size() == 1;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i > 0) row += ',';
        const auto& field = fields[i];
        // A record of one empty field would be an empty line, which readers pass over.
        if (field.find_first_of("\",\r\n") == std::string::npos && !(alone && field.empty())) {
            row += field;
            continue;
        }
        row += '"';
        for (const char c : field) {
            if (c == '"') row += '"';
            row += c;
        }
        row += '"';
    }
    return row + "\r\n";
}

std::string csv_number(double value) {
    return std::isfinite(value) ? fmt::format("{}", value) : std::string();
}

}  // namespace homespun::report
