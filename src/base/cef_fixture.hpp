#pragma once
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace homespun::base::cef {

/// A line taken apart again, by the rules of the format alone.
struct ReadLine {
    std::string prefix;             ///< time and host
    std::vector<std::string> head;  ///< version, vendor, product, device version, signature, name, severity
    std::map<std::string, std::string> values;
};

inline char unescaped(char c) {
    return c == 'n' ? '\n' : c == 'r' ? '\r' : c;
}

/// Where the next key begins: behind the last blank before the `=` that no backslash precedes.
inline std::map<std::string, std::string> read_extensions(std::string_view text) {
    std::map<std::string, std::string> values;
    std::string key, current;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) {
            current += unescaped(text[++at]);
        } else if (text[at] == '=') {
            const auto blank = current.rfind(' ');
            if (!key.empty()) values[key] = current.substr(0, blank);
            key = current.substr(blank == std::string::npos ? 0 : blank + 1);
            current.clear();
        } else {
            current += text[at];
        }
    }
    if (!key.empty()) values[key] = current;
    return values;
}

/// Fails the test when the line is not one.
inline ReadLine read_line(std::string_view line) {
    ReadLine read;
    const auto start = line.find(" CEF:");
    EXPECT_NE(start, std::string_view::npos) << line;
    EXPECT_EQ(line.find_first_of("\r\n"), std::string_view::npos) << line;
    if (start == std::string_view::npos) return read;
    read.prefix = line.substr(0, start);
    std::string current;
    std::size_t at = start + 5;
    for (; at < line.size() && read.head.size() < 7; ++at) {
        if (line[at] == '\\' && at + 1 < line.size()) {
            current += unescaped(line[++at]);
        } else if (line[at] == '|') {
            read.head.push_back(std::move(current));
            current.clear();
        } else {
            current += line[at];
        }
    }
    EXPECT_EQ(read.head.size(), 7U) << line;
    read.values = read_extensions(line.substr(at));
    return read;
}

}  // namespace homespun::base::cef
