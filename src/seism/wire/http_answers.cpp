#include "seism/wire/http_answers.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "net/http/message.hpp"
#include "seism/wire/fault_effects.hpp"
#include "seism/wire/http_framing.hpp"

namespace homespun::seism::wire::http {
namespace {

constexpr std::string_view long_ago = "Thu, 01 Jan 1970 00:00:00 GMT";
constexpr std::string_view plain_text = "text/plain; charset=utf-8";

int status_of(const Fault& fault, int usual) {
    return fault.code >= 200 && fault.code <= 999 ? static_cast<int>(fault.code) : usual;
}

bool has_no_body(int status) {
    return status == 204 || status == 304;
}

std::string status_line(int status, const Fault& fault) {
    const auto reason = fault.message.empty() || fault.kind == "stale_date"
                            ? std::string(net::http::reason_phrase(status))
                            : single_line(fault.message);
    return "HTTP/1.1 " + std::to_string(status) + ' ' + reason;
}

std::string content_type(const Fault& fault, std::string_view usual) {
    return fault.content_type.empty() ? std::string(usual) : single_line(fault.content_type);
}

/// What a kind makes of a plain answer.
struct Shape {
    int status = 200;
    std::string body = "injected\n";
    std::string_view type = plain_text;
    std::string length;       ///< what the head says, if it lies
    std::string more_fields;  ///< whole lines
    bool chunked = false, closes = false;
};

std::string padding(const Fault& fault) {
    static constexpr std::int64_t usual = 65537, most = 16 * 1024 * 1024;
    static constexpr std::size_t of_line = 1000;  // below what clients allow for one line
    auto left = static_cast<std::size_t>(fault.bytes > 0 ? std::min(fault.bytes, most) : usual);
    std::string fields;
    while (left > 0) {
        const auto now = std::min(left, of_line);
        fields += "X-Seism-Padding: " + std::string(now, 'x') + "\r\n";
        left -= now;
    }
    return fields;
}

Shape shape_of(const Fault& fault) {
    Shape shape;
    if (!fault.body.empty()) shape.body = fault.body;
    const auto& kind = fault.kind;
    if (kind == "truncate") {
        if (fault.body.empty()) shape.body = "abc";
        shape.length = std::to_string(std::max<std::size_t>(100, 2 * shape.body.size()));
        shape.closes = true;
    } else if (kind == "broken_chunk") {
        shape.body = "5\r\nabc";
        shape.chunked = shape.closes = true;
    } else if (kind == "wrong_length") {
        const auto said = fault.bytes > 0 ? fault.bytes : static_cast<std::int64_t>(shape.body.size() / 2);
        shape.length = std::to_string(said);
        shape.closes = true;
    } else if (kind == "double_length") {
        shape.more_fields = "Content-Length: " + std::to_string(shape.body.size() + 7) + "\r\n";
        shape.closes = true;
    } else if (kind == "empty_json") {
        shape.body = "{}";
        shape.type = "application/json";
    } else if (kind == "stale_date") {
        shape.more_fields =
            "Date: " + (fault.message.empty() ? std::string(long_ago) : single_line(fault.message)) + "\r\n";
    } else if (kind == "huge_head") {
        shape.more_fields = padding(fault);
    } else if (kind != "drip") {
        shape.status = 503;
    }
    shape.status = status_of(fault, shape.status);
    return shape;
}

/// The lines of `message`, `Name: value` each; an empty value removes the header.
std::vector<HeaderEdit> edits_of(const Fault& fault) {
    std::vector<HeaderEdit> edits;
    for (const auto& line : base::split(fault.message, '\n')) {
        const auto colon = line.find(':');
        if (colon == line.npos || colon == 0) continue;
        const auto value = single_line(base::trim(std::string_view(line).substr(colon + 1)));
        edits.push_back({single_line(base::trim(std::string_view(line).substr(0, colon))),
                         value.empty() ? std::nullopt : std::optional(value)});
    }
    return edits;
}

}  // namespace

Answer made_up(const Fault& fault, bool to_head, bool close) {
    if (fault.kind == "garbage") return {{}, garbage(fault), true};
    auto shape = shape_of(fault);
    Answer answer;
    answer.closes = close || shape.closes;
    const bool no_body = has_no_body(shape.status);
    answer.head = status_line(shape.status, fault) + "\r\n" + shape.more_fields;
    if (fault.retry_after_s >= 0)
        answer.head += "Retry-After: " + std::to_string(fault.retry_after_s) + "\r\n";
    if (!no_body) {
        answer.head += "Content-Type: " + content_type(fault, shape.type) + "\r\n";
        answer.head += shape.chunked
                           ? "Transfer-Encoding: chunked\r\n"
                           : "Content-Length: " +
                                 (shape.length.empty() ? std::to_string(shape.body.size()) : shape.length) +
                                 "\r\n";
    }
    if (answer.closes) answer.head += "Connection: close\r\n";
    answer.head += "\r\n";
    if (!no_body && !to_head) answer.body = std::move(shape.body);
    return answer;
}

bool alters_request(const Fault& fault) {
    return fault.kind == "header" && fault.state == "request";
}

bool alters(const Fault& fault) {
    const auto& kind = fault.kind;
    if (kind == "modify_body" || kind == "status_code" || kind == "header") return true;
    return fault.mode == Mode::after && (kind == "stale_date" || kind == "drip" || kind == "truncate");
}

bool replaces_body(const Fault& fault) {
    return fault.kind == "modify_body" ||
           (fault.kind == "status_code" && (!fault.body.empty() || has_no_body(status_of(fault, 503))));
}

std::string_view body_instead(const Fault& fault) {
    return fault.kind == "status_code" && has_no_body(status_of(fault, 503)) ? std::string_view()
                                                                             : fault.body;
}

std::string altered_request(std::string_view head, const Fault& fault) {
    return edit_head(head, {}, edits_of(fault));
}

std::string altered_response(std::string_view head, const Fault& fault, bool had_body) {
    std::string first_line;
    std::vector<HeaderEdit> edits;
    const int status = status_of(fault, 503);
    const bool no_body = fault.kind == "status_code" && has_no_body(status);
    if (fault.kind == "status_code") {
        first_line = status_line(status, fault);
        if (fault.retry_after_s >= 0) edits.push_back({"Retry-After", std::to_string(fault.retry_after_s)});
    } else if (fault.kind == "header") {
        edits = edits_of(fault);
    } else if (fault.kind == "stale_date") {
        edits.push_back({"Date", fault.message.empty() ? std::string(long_ago) : single_line(fault.message)});
    }
    if (fault.kind == "status_code" && !had_body && !no_body && !replaces_body(fault))
        edits.push_back({"Content-Length", "0"});
    if (replaces_body(fault)) {
        for (const auto* name : {"Transfer-Encoding", "Content-Encoding", "Trailer", "ETag", "Content-MD5"})
            edits.push_back({name, std::nullopt});
        edits.push_back(
            {"Content-Length", no_body ? std::nullopt : std::optional(std::to_string(fault.body.size()))});
        if (!fault.content_type.empty()) edits.push_back({"Content-Type", single_line(fault.content_type)});
    }
    return edit_head(head, first_line, edits);
}

}  // namespace homespun::seism::wire::http
