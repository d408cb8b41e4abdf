#include "stampede/models/http_mix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/json.hpp"
#include "base/text.hpp"

namespace homespun::stampede {
namespace {

/// The first word of `rest`, which loses it and the blanks behind.
std::string_view take_word(std::string_view& rest) {
    const auto end = std::min(rest.find_first_of(" \t"), rest.size());
    const auto word = rest.substr(0, end);
    rest = base::trim(rest.substr(end));
    return word;
}

std::optional<double> parse_weight(std::string_view word) {
    double weight = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), weight);
    if (error != std::errc{} || end != word.data() + word.size() || !(weight > 0)) return std::nullopt;
    return weight;
}

bool is_token(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
}

/// A JSON string; a text without quotes is taken as it is.
base::Result<std::string> parse_text(std::string_view text) {
    if (!text.starts_with('"')) return std::string(text);
    const auto value = base::json::parse(text);
    if (!value || value->string() == nullptr) return base::fail("the text in quotes is no JSON string");
    return *value->string();
}

using Problem = std::optional<std::string>;

Problem read_expected(HttpRequest& request, std::string_view rest) {
    while (!rest.empty()) {
        const auto word = take_word(rest);
        const auto status = base::parse_integer<int>(word);
        if (!status || *status < 100 || *status > 599) return fmt::format("\"{}\" is no status", word);
        request.expected.push_back(*status);
    }
    return request.expected.empty() ? Problem("expect wants one or more statuses, like: expect 200 404")
                                    : std::nullopt;
}

Problem read_check(HttpRequest& request, std::string_view rest) {
    const auto how = take_word(rest);
    if (how == "bytes") {
        const auto size = base::parse_integer<std::uint64_t>(rest);
        if (!size) return fmt::format("\"{}\" is no number of bytes", rest);
        request.check = HttpRequest::BodyCheck::size;
        request.check_size = *size;
        return std::nullopt;
    }
    if (how != "is" && how != "contains") return "expect-body wants: is TEXT, contains TEXT, or bytes N";
    auto text = parse_text(rest);
    if (!text) return text.error().message;
    request.check = how == "is" ? HttpRequest::BodyCheck::is : HttpRequest::BodyCheck::contains;
    request.check_text = std::move(*text);
    return std::nullopt;
}

Problem read_header(HttpRequest& request, std::string_view rest) {
    const auto colon = rest.find(':');
    if (colon == std::string_view::npos || colon == 0) return "header wants NAME: VALUE";
    const auto name = base::trim(rest.substr(0, colon));
    if (base::iequals(name, "Content-Length") || base::iequals(name, "Host"))
        return fmt::format("{} is set by stampede itself", name);
    request.headers.emplace_back(name, base::trim(rest.substr(colon + 1)));
    return std::nullopt;
}

Problem read_detail(HttpRequest& request, std::string_view line) {
    const auto word = take_word(line);
    if (word == "expect") return read_expected(request, line);
    if (word == "expect-body") return read_check(request, line);
    if (word == "header") return read_header(request, line);
    if (word == "name") {
        request.name = line;
        return line.empty() ? Problem("name wants a text") : std::nullopt;
    }
    if (word == "body") {
        auto text = parse_text(line);
        if (!text) return text.error().message;
        request.body = std::move(*text);
        return std::nullopt;
    }
    return fmt::format("\"{}\" is not known here; known are: name, header, body, expect, expect-body", word);
}

Problem read_request(HttpRequest& request, std::string_view line) {
    const auto word = take_word(line);
    const auto weight = parse_weight(word);
    if (!weight)
        return fmt::format("a request begins with its weight, a number above 0, not with \"{}\"", word);
    request.weight = *weight;
    request.method = take_word(line);
    if (!is_token(request.method)) return fmt::format("\"{}\" is no method, like GET", request.method);
    request.target = line;
    if (!line.starts_with('/') || line.find_first_of(" \t") != std::string_view::npos)
        return "behind the method comes a path that begins with /, without blanks";
    return std::nullopt;
}

}  // namespace

base::Result<std::vector<HttpRequest>> parse_http_mix(std::string_view text, std::string_view file_name) {
    std::vector<HttpRequest> requests;
    std::size_t number = 0;
    for (const auto raw : base::split(text, '\n')) {
        ++number;
        const auto line = base::trim(raw);
        if (line.empty() || line.starts_with('#')) continue;
        const bool detail = raw.front() == ' ' || raw.front() == '\t';
        Problem problem;
        if (!detail) {
            problem = read_request(requests.emplace_back(), line);
        } else if (requests.empty()) {
            problem = "an indented line belongs to a request, and there is none before it";
        } else {
            problem = read_detail(requests.back(), line);
        }
        if (problem) return base::fail(fmt::format("{}:{}: {}", file_name, number, *problem));
    }
    if (requests.empty()) return base::fail(fmt::format("{}: there is no request in it", file_name));
    for (auto& request : requests) {
        if (request.name.empty())
            request.name = request.method + " " + request.target.substr(0, request.target.find('?'));
    }
    return requests;
}

std::string http_mix_text(const std::vector<HttpRequest>& requests) {
    std::string text;
    const auto quoted = [](std::string_view content) {
        std::string out;
        base::json::append_string(out, content);
        return out;
    };
    for (const auto& request : requests) {
        text += fmt::format("{:g} {} {}\n    name {}\n", request.weight, request.method, request.target,
                            request.name);
        for (const auto& [name, value] : request.headers)
            text += fmt::format("    header {}: {}\n", name, value);
        if (!request.body.empty()) text += fmt::format("    body {}\n", quoted(request.body));
        if (!request.expected.empty())
            text += fmt::format("    expect {}\n", fmt::join(request.expected, " "));
        using enum HttpRequest::BodyCheck;
        if (request.check == is) text += fmt::format("    expect-body is {}\n", quoted(request.check_text));
        if (request.check == contains)
            text += fmt::format("    expect-body contains {}\n", quoted(request.check_text));
        if (request.check == size) text += fmt::format("    expect-body bytes {}\n", request.check_size);
    }
    return text;
}

}  // namespace homespun::stampede
