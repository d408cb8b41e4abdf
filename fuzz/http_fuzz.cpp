// Any bytes may come over a connection. However they are cut into pieces, the parsers must come to the same:
// the same message and the same number of bytes used, or a refusal both times. The first byte chooses request
// or response, the second one seeds the cuts.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "net/http/parser.hpp"

namespace {

using namespace homespun::net::http;

constexpr std::size_t head_limit = 2048;
constexpr std::size_t body_limit = 4096;

/// Hands out the whole, or pieces of random size.
class Cuts {
  public:
    Cuts(std::size_t size, std::optional<unsigned> seed)
        : size_(size), whole_(!seed), random_(seed.value_or(0)) {}
    /// Where the next piece ends, behind `end`.
    std::size_t after(std::size_t end) {
        return whole_ ? size_
                      : std::min<std::size_t>(size_, end + 1 + random_() % (random_() % 4 == 0 ? 64 : 3));
    }

  private:
    std::size_t size_;
    bool whole_;
    std::minstd_rand random_;
};

/// Feeds as a connection does: what was not used is given again with more behind it.
template <class Parser>
std::optional<std::size_t> feed(Parser& parser, std::string_view bytes, std::optional<unsigned> seed) {
    Cuts cuts(bytes.size(), seed);
    std::size_t used = 0;
    for (std::size_t end = 0; end < bytes.size() && !parser.done();) {
        end = cuts.after(end);
        while (used < end && !parser.done()) {
            const auto now = parser.feed(bytes.substr(used, end - used));
            if (!now) return std::nullopt;
            if (*now > end - used) std::abort();
            used += *now;
            if (*now == 0) break;
        }
    }
    return used;
}

bool same(const Headers& a, const Headers& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i].name != b[i].name || a[i].value != b[i].value) return false;
    }
    return true;
}

struct RequestRead {
    Request request;
    RequestParser parser{request, head_limit};
    std::string body;
    std::optional<std::size_t> used;

    RequestRead(std::string_view bytes, std::optional<unsigned> seed) {
        parser.set_body_sink([this](std::string_view piece) {
            body += piece;
            return body.size() <= body_limit;
        });
        used = feed(parser, bytes, seed);
    }
};

void check_request(std::string_view bytes, unsigned seed) {
    const RequestRead whole(bytes, std::nullopt);
    const RequestRead cut(bytes, seed);
    // A head that is refused at once may, in pieces, still be waiting for its end.
    if (!whole.used && cut.used && !cut.parser.head_done()) return;
    if (whole.used.has_value() != cut.used.has_value()) std::abort();
    if (!whole.used) return;
    if (whole.parser.head_done() != cut.parser.head_done() || whole.parser.done() != cut.parser.done())
        std::abort();
    if (!whole.parser.head_done()) return;
    const auto& a = whole.request;
    const auto& b = cut.request;
    if (a.method != b.method || a.target != b.target || a.version_minor != b.version_minor) std::abort();
    if (a.method.empty() || (!a.target.starts_with('/') && a.target != "*")) std::abort();
    if (!same(a.headers, b.headers) || a.headers.count("Host") > 1) std::abort();
    if (whole.body != cut.body) std::abort();
    if (whole.parser.done() && whole.used != cut.used) std::abort();
    if (whole.parser.content_length() != cut.parser.content_length()) std::abort();
    if (whole.parser.keep_alive() != cut.parser.keep_alive()) std::abort();
}

struct ResponseRead {
    ClientResponse response;
    ResponseParser parser;
    std::optional<std::size_t> used;
    bool finished = false;

    ResponseRead(std::string_view bytes, bool to_head, std::optional<unsigned> seed)
        : parser(response, to_head, body_limit), used(feed(parser, bytes, seed)) {
        if (used) finished = parser.finish();
    }
};

void check_response(std::string_view bytes, bool to_head, unsigned seed) {
    const ResponseRead whole(bytes, to_head, std::nullopt);
    const ResponseRead cut(bytes, to_head, seed);
    if (!whole.used || !cut.used) {
        if (cut.finished || whole.finished) std::abort();
        return;
    }
    if (whole.finished != cut.finished) std::abort();
    if (!whole.finished) return;
    if (whole.response.status != cut.response.status || whole.response.body != cut.response.body)
        std::abort();
    if (!same(whole.response.headers, cut.response.headers) || whole.used != cut.used) std::abort();
    if (whole.response.body.size() > body_limit) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    switch (data[0] % 4) {
        case 0:
            check_response(bytes, false, data[1]);
            break;
        case 1:
            check_response(bytes, true, data[1]);
            break;
        default:
            check_request(bytes, data[1]);
    }
    return 0;
}
