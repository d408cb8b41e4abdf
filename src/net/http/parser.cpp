#include "net/http/parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

#include "base/text.hpp"

namespace homespun::net::http {
namespace {

namespace beast = boost::beast;
using ErrorCode = beast::error_code;

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

/// Absolute-form targets (RFC 9112, 3.2.2) name our own origin: only path and query matter.
std::string origin_form(std::string_view target) {
    const auto scheme_end = target.find("://");
    if (target.starts_with('/') || scheme_end == std::string_view::npos) return std::string(target);
    const auto path = target.find_first_of("/?", scheme_end + 3);
    if (path == std::string_view::npos) return "/";
    return (target[path] == '?' ? "/" : "") + std::string(target.substr(path));
}

/// Beast says "bad version" of many broken request lines; this is one that is well-formed but for the number.
bool names_other_version(std::string_view bytes) {
    const auto line = bytes.substr(0, bytes.find("\r\n"));
    if (std::ranges::count(line, ' ') != 2) return false;
    const auto version = line.substr(line.rfind(' ') + 1);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' &&
           is_digit(version[7]);
}

/// Where in a chunked body the parser stands. Of a body without any data Beast asserts that it gets its end,
/// "0" and two line ends, in no more than one piece of fewer than five bytes; such pieces wait for what comes
/// next.
class ChunkPosition {
  public:
    void begin(std::uint64_t size) { left_ = size; }
    void take(std::size_t size) { left_ -= size; }
    [[nodiscard]] bool must_wait(std::string_view rest) const {
        return left_ == 0 && rest.size() < 5 && rest.starts_with('0');
    }

  private:
    std::uint64_t left_ = 0;
};

Refusal refusal_for(const ErrorCode& error) {
    if (error == beast::http::error::header_limit) return Refusal::head_too_large;
    if (error == beast::http::error::body_limit) return Refusal::body_too_large;
    if (error == beast::http::error::bad_version) return Refusal::version;
    return Refusal::malformed;
}

constexpr std::uint64_t no_limit = ~std::uint64_t{0};

}  // namespace

struct RequestParser::Impl final : beast::http::basic_parser<true> {
    Impl(Request& into, std::size_t limit) : request(into), head_limit(limit) {
        header_limit(static_cast<std::uint32_t>(limit));
        body_limit(no_limit);
        eager(false);
    }

    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                         ErrorCode& error) override {
        request.method = view(method);
        request.target = origin_form(view(target));
        request.version_minor = version % 10;
        if (version / 10 != 1) error = beast::http::error::bad_version;
        if (!request.target.starts_with('/') && request.target != "*") error = beast::http::error::bad_target;
    }
    void on_response_impl(int, beast::string_view, int, ErrorCode&) override {}
    void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                       ErrorCode&) override {
        // Trailers are dropped: what was decided on the head must not change, nor views into it.
        if (!is_header_done()) request.headers.add(view(name), view(value));
    }
    void on_header_impl(ErrorCode& error) override {
        const auto hosts = request.headers.count("Host");
        if (hosts > 1 || (hosts == 0 && request.version_minor > 0)) error = beast::http::error::bad_field;
        const auto coding = request.headers.find("Transfer-Encoding");
        if (coding && (!base::iequals(base::trim(*coding), "chunked") ||
                       request.headers.count("Transfer-Encoding") != 1 || request.version_minor == 0)) {
            error = beast::http::error::bad_transfer_encoding;
        }
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
    std::size_t on_body_impl(beast::string_view body, ErrorCode& error) override { return take(body, error); }
    void on_chunk_header_impl(std::uint64_t size, beast::string_view, ErrorCode&) override {
        chunk.begin(size);
    }
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, ErrorCode& error) override {
        chunk.take(body.size());
        return take(body, error);
    }
    void on_finish_impl(ErrorCode&) override {}

    std::size_t take(beast::string_view body, ErrorCode& error) const {
        if (sink && !sink(view(body))) error = beast::http::error::body_limit;
        return body.size();
    }

    Request& request;
    const std::size_t head_limit;
    std::size_t head_size = 0;  ///< used up so far
    ChunkPosition chunk;
    BodySink sink;
};

RequestParser::RequestParser(Request& request, std::size_t head_limit)
    : impl_(std::make_unique<Impl>(request, head_limit)) {}
RequestParser::~RequestParser() = default;

std::expected<std::size_t, Refusal> RequestParser::feed(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && !impl_->is_done()) {
        const bool head_was_done = impl_->is_header_done();
        const auto rest = bytes.substr(used);
        if (head_was_done && impl_->chunked() && impl_->chunk.must_wait(rest)) break;
        ErrorCode error;
        const auto now = impl_->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
        used += now;
        const bool waiting = error == beast::http::error::need_more;
        if (error == beast::http::error::bad_version && !names_other_version(rest))
            return std::unexpected(Refusal::malformed);
        if (error && !waiting) return std::unexpected(refusal_for(error));
        if (!head_was_done) {
            impl_->head_size += now;
            const auto unfinished = impl_->is_header_done() ? 0 : rest.size() - now;
            if (impl_->head_size + unfinished > impl_->head_limit)
                return std::unexpected(Refusal::head_too_large);
            if (impl_->is_header_done()) break;
        }
        if (waiting || now == 0) break;
    }
    return used;
}

void RequestParser::set_body_sink(BodySink sink) {
    impl_->sink = std::move(sink);
}
bool RequestParser::head_done() const {
    return impl_->is_header_done();
}
bool RequestParser::done() const {
    return impl_->is_done();
}
bool RequestParser::keep_alive() const {
    return impl_->keep_alive();
}

bool RequestParser::expects_continue() const {
    const auto expect = impl_->request.headers.find("Expect");
    return expect && base::iequals(*expect, "100-continue");
}

std::optional<std::uint64_t> RequestParser::content_length() const {
    const auto length = impl_->content_length();
    return length ? std::optional(*length) : std::nullopt;
}

struct ResponseParser::Impl final : beast::http::basic_parser<false> {
    Impl(ClientResponse& into, bool to_head, std::size_t limit) : response(into) {
        header_limit(64 * 1024);
        body_limit(limit);
        eager(true);
        skip(to_head);
    }

    void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int,
                         ErrorCode&) override {}
    void on_response_impl(int code, beast::string_view, int, ErrorCode&) override { response.status = code; }
    void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                       ErrorCode&) override {
        if (!is_header_done()) response.headers.add(view(name), view(value));
    }
    void on_header_impl(ErrorCode&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
    std::size_t on_body_impl(beast::string_view body, ErrorCode&) override {
        response.body += view(body);
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t size, beast::string_view, ErrorCode&) override {
        chunk.begin(size);
    }
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, ErrorCode&) override {
        chunk.take(body.size());
        response.body += view(body);
        return body.size();
    }
    void on_finish_impl(ErrorCode&) override {}

    ClientResponse& response;
    ChunkPosition chunk;
};

ResponseParser::ResponseParser(ClientResponse& response, bool to_head, std::size_t body_limit)
    : body_limit_(body_limit), impl_(std::make_unique<Impl>(response, to_head, body_limit)) {}
ResponseParser::~ResponseParser() = default;

void ResponseParser::restart(bool to_head) {
    auto& response = impl_->response;
    response.status = 0;
    response.headers.clear();
    response.body.clear();
    // Beast's parser has no way back: a new one in the same place.
    std::destroy_at(impl_.get());
    std::construct_at(impl_.get(), response, to_head, body_limit_);
}

std::expected<std::size_t, Refusal> ResponseParser::feed(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && !impl_->is_done()) {
        const auto rest = bytes.substr(used);
        if (impl_->is_header_done() && impl_->chunked() && impl_->chunk.must_wait(rest)) break;
        ErrorCode error;
        const auto now = impl_->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
        used += now;
        if (error == beast::http::error::need_more || (!error && now == 0)) break;
        if (error) return std::unexpected(refusal_for(error));
    }
    return used;
}

bool ResponseParser::finish() {
    if (impl_->is_done()) return true;
    if (!impl_->is_header_done()) return false;
    ErrorCode error;
    impl_->put_eof(error);
    return !error && impl_->is_done();
}

bool ResponseParser::done() const {
    return impl_->is_done();
}
bool ResponseParser::keep_alive() const {
    return impl_->keep_alive();
}

}  // namespace homespun::net::http
