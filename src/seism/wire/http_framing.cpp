#include "seism/wire/http_framing.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/text.hpp"

namespace homespun::seism::wire::http {
namespace {

constexpr std::size_t most_of_size_line = 4096;
constexpr std::size_t most_of_trailers = 65536;
constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               token_marks.contains(c);
    });
}

/// Takes the next line off `head`, without its end.
std::string_view next_line(std::string_view& head) {
    const auto end = std::min(head.size(), head.find('\n'));
    auto line = head.substr(0, end);
    head.remove_prefix(std::min(head.size(), end + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::string_view without_empty_lines(std::string_view head) {
    head.remove_prefix(std::min(head.size(), head.find_first_not_of("\r\n")));
    return head;
}

/// Whether a list of words (`a, b`) has this one.
bool lists(std::string_view value, std::string_view word) {
    while (!value.empty()) {
        const auto end = std::min(value.size(), value.find(','));
        if (base::iequals(base::trim(value.substr(0, end)), word)) return true;
        value.remove_prefix(std::min(value.size(), end + 1));
    }
    return false;
}

/// What the headers say of the body and the connection.
struct Fields {
    std::optional<std::int64_t> length;
    bool coded = false, chunked = false, contradictory = false;
    bool close = false, keep_alive = false, expects_continue = false;
};

void read_field(std::string_view name, std::string_view value, Fields& fields) {
    if (base::iequals(name, "Content-Length")) {
        const auto length = base::parse_integer<std::int64_t>(value);
        if (!length || *length < 0 || (fields.length && fields.length != length)) fields.contradictory = true;
        fields.length = length;
    } else if (base::iequals(name, "Transfer-Encoding")) {
        fields.coded = true;
        const auto last = base::trim(value.substr(value.rfind(',') + 1));  // npos + 1 is 0
        fields.chunked = base::iequals(last, "chunked");
    } else if (base::iequals(name, "Connection")) {
        fields.close = fields.close || lists(value, "close");
        fields.keep_alive = fields.keep_alive || lists(value, "keep-alive");
    } else if (base::iequals(name, "Expect")) {
        fields.expects_continue = base::iequals(value, "100-continue");
    }
}

Fields read_fields(std::string_view rest) {
    Fields fields;
    while (!rest.empty()) {
        const auto line = next_line(rest);
        const auto colon = line.find(':');
        if (colon == line.npos) continue;
        read_field(base::trim(line.substr(0, colon)), base::trim(line.substr(colon + 1)), fields);
    }
    return fields;
}

std::string_view path_of(std::string_view target) {
    const auto scheme = target.find("://");
    if (target.starts_with('/') || scheme == target.npos) return target;
    const auto path = target.find_first_of("/?", scheme + 3);
    return path == target.npos ? "/" : target.substr(path);
}

}  // namespace

std::size_t HeadReader::feed(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && !ended_ && !malformed()) {
        const auto rest = bytes.substr(used, most + 1 - text_.size());
        const auto end = rest.find('\n');
        const auto piece = rest.substr(0, end == rest.npos ? end : end + 1);
        text_ += piece;
        used += piece.size();
        if (end == rest.npos) continue;
        const auto line = std::string_view(text_).substr(line_at_);
        const bool empty = line == "\n" || line == "\r\n";
        ended_ = empty && began_ && !malformed();
        began_ = began_ || !empty;
        line_at_ = text_.size();
    }
    return used;
}

void HeadReader::restart() {
    static constexpr std::size_t usual = 4096;
    if (text_.capacity() > usual) text_ = {};  // an idle connection need not keep it
    text_.clear();
    line_at_ = 0;
    began_ = ended_ = false;
}

void BodyReader::start(Framing framing, std::int64_t length) {
    left_ = length;
    line_.clear();
    trailer_size_ = 0;
    state_ = framing == Framing::chunked                 ? State::size_line
             : framing == Framing::until_close           ? State::until_close
             : framing == Framing::length && length != 0 ? State::length
                                                         : State::ended;
}

std::size_t BodyReader::feed(std::string_view bytes) {
    payload_ = {};
    switch (state_) {
        case State::until_close:
            payload_ = bytes;
            return bytes.size();
        case State::length:
        case State::chunk:
            payload_ =
                bytes.substr(0, static_cast<std::size_t>(std::min<std::int64_t>(left_, std::ssize(bytes))));
            left_ -= std::ssize(payload_);
            if (left_ == 0) state_ = state_ == State::chunk ? State::chunk_end : State::ended;
            return payload_.size();
        case State::size_line:
        case State::chunk_end:
        case State::trailer:
            return feed_line(bytes);
        case State::ended:
        case State::malformed:
            break;
    }
    return 0;
}

std::size_t BodyReader::feed_line(std::string_view bytes) {
    bytes = bytes.substr(0, most_of_size_line + 1 - line_.size());
    const auto end = bytes.find('\n');
    const auto used = end == bytes.npos ? bytes.size() : end + 1;
    line_ += bytes.substr(0, used);
    if (line_.size() > most_of_size_line)
        state_ = State::malformed;
    else if (end != bytes.npos)
        line_ended();
    return used;
}

void BodyReader::line_ended() {
    const std::string_view line(line_);
    const bool empty = line == "\r\n" || line == "\n";
    if (state_ == State::chunk_end) {
        state_ = empty ? State::size_line : State::malformed;
    } else if (state_ == State::trailer) {
        trailer_size_ += line.size();
        if (empty) state_ = State::ended;
        if (trailer_size_ > most_of_trailers) state_ = State::malformed;
    } else {
        const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), left_, 16);
        const bool number_ends =
            rest != line.data() && (*rest == ';' || *rest == ' ' || *rest == '\r' || *rest == '\n');
        if (error != std::errc{} || !number_ends || left_ < 0)
            state_ = State::malformed;
        else
            state_ = left_ == 0 ? State::trailer : State::chunk;
    }
    line_.clear();
}

std::optional<RequestHead> parse_request(std::string_view head) {
    auto rest = without_empty_lines(head);
    const auto line = next_line(rest);
    const auto method_end = line.find(' '), target_end = line.rfind(' ');
    if (method_end == line.npos || target_end == method_end) return std::nullopt;
    const auto version = line.substr(target_end + 1);
    const auto target = line.substr(method_end + 1, target_end - method_end - 1);
    RequestHead request{.method = line.substr(0, method_end), .path = path_of(target)};
    if (!is_token(request.method) || target.empty() || (version != "HTTP/1.1" && version != "HTTP/1.0"))
        return std::nullopt;
    const auto fields = read_fields(rest);
    if (fields.contradictory || (fields.coded && !fields.chunked)) return std::nullopt;
    request.framing = fields.chunked ? Framing::chunked : fields.length ? Framing::length : Framing::none;
    request.length = fields.length.value_or(0);
    request.wants_close = fields.close || (version == "HTTP/1.0" && !fields.keep_alive);
    request.expects_continue = fields.expects_continue;
    return request;
}

std::optional<ResponseHead> parse_response(std::string_view head) {
    auto rest = without_empty_lines(head);
    const auto line = next_line(rest);
    if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ') return std::nullopt;
    const auto status = base::parse_integer<int>(line.substr(9, 3));
    if (!status || *status < 100 || (line.size() > 12 && line[12] != ' ')) return std::nullopt;
    const auto fields = read_fields(rest);
    ResponseHead response{.status = *status};
    if (fields.contradictory && !fields.coded) return std::nullopt;
    if (*status < 200 || *status == 204 || *status == 304)
        response.framing = Framing::none;
    else if (fields.coded)
        response.framing = fields.chunked ? Framing::chunked : Framing::until_close;
    else if (fields.length)
        response.framing = Framing::length;
    response.length = fields.length.value_or(0);
    response.closes =
        fields.close || response.framing == Framing::until_close || (line[7] == '0' && !fields.keep_alive);
    return response;
}

std::string edit_head(std::string_view head, std::string_view first_line,
                      const std::vector<HeaderEdit>& edits) {
    auto rest = without_empty_lines(head);
    const auto own_line = next_line(rest);
    std::string edited(first_line.empty() ? own_line : first_line);
    edited += "\r\n";
    bool dropped = false;
    while (!rest.empty()) {
        const auto line = next_line(rest);
        if (line.empty()) break;
        // A line that begins with a blank goes on with the header before it.
        if (line[0] != ' ' && line[0] != '\t') {
            const auto name = base::trim(line.substr(0, line.find(':')));
            dropped =
                std::ranges::any_of(edits, [&](const auto& edit) { return base::iequals(edit.name, name); });
        }
        if (!dropped) edited.append(line).append("\r\n");
    }
    for (const auto& [name, value] : edits) {
        if (value) edited.append(name).append(": ").append(*value).append("\r\n");
    }
    return edited + "\r\n";
}

}  // namespace homespun::seism::wire::http
