#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "failures.hpp"

namespace planted {

struct Kind;

struct Options {
    const Kind* kind = nullptr;
    double limit = 0;
    sockaddr_in address{};
    std::string data;
};

struct Kind {
    std::string_view name;
    double limit;  ///< unless said otherwise
    /// Also gets how many connections there can be.
    std::unique_ptr<Failure> (*make)(const Options&, int places);
};

using Made = std::unique_ptr<Failure>;

inline constexpr Kind kinds[] = {
    {"latency", 500,
     [](const Options& o, int) -> Made { return std::make_unique<OneAtATime>(seconds(1 / o.limit), true); }},
    {"lock", 200,
     [](const Options& o, int) -> Made { return std::make_unique<OneAtATime>(seconds(1 / o.limit), false); }},
    {"space", 400, [](const Options& o, int) -> Made { return std::make_unique<Space>(o.data, o.limit); }},
    {"errors", 600, [](const Options& o, int) -> Made { return std::make_unique<Errors>(o.limit); }},
    {"refused", 500,
     [](const Options& o, int places) -> Made {
         return std::make_unique<Hold>(seconds(places / o.limit), true);
     }},
    {"collapse", 500, [](const Options& o, int) -> Made { return std::make_unique<Collapse>(o.limit); }},
};

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return value;
}

inline sockaddr_in parse_address(const std::string& text) {
    const auto colon = text.rfind(':');
    const auto port = colon == text.npos ? std::nullopt : number_in<std::uint16_t>(text.substr(colon + 1));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (!port || ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1)
        throw std::invalid_argument("--listen wants ADDRESS:PORT, as in 127.0.0.1:0");
    address.sin_port = htons(*port);
    return address;
}

/// Of the command line. What is wrong with it comes as std::invalid_argument.
inline Options parse(int count, char** arguments) {
    if (count < 2 || count % 2 != 0) throw std::invalid_argument("wants a KIND and options with values");
    Options options{.kind = std::ranges::find(kinds, std::string_view(arguments[1]), &Kind::name),
                    .limit = 0,
                    .address = parse_address("127.0.0.1:0"),
                    .data = ""};
    if (options.kind == std::end(kinds)) throw std::invalid_argument("there is no such KIND");
    options.limit = options.kind->limit;
    for (int i = 2; i < count; i += 2) {
        const std::string_view name = arguments[i];
        const std::string value = arguments[i + 1];
        if (name == "--listen")
            options.address = parse_address(value);
        else if (name == "--limit")
            options.limit = number_in<double>(value).value_or(0);
        else if (name == "--data")
            options.data = value;
        else
            throw std::invalid_argument("there is no such option");
    }
    if (!(options.limit >= 1 && options.limit <= 5000))
        throw std::invalid_argument("--limit wants 1 to 5000");
    if (options.kind->name == "space" && options.data.empty())
        throw std::invalid_argument("space wants --data");
    return options;
}

}  // namespace planted
