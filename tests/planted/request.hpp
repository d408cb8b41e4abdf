#pragma once
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace planted {

inline bool same_word(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

inline std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t";
    const auto first = text.find_first_not_of(blank);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Finds where requests end in a stream of bytes; what they ask for is nobody's business. Knows bodies with a
/// Content-Length only.
class RequestReader {
  public:
    enum class Found { nothing, request, nonsense };

    void append(std::string_view bytes) { buffer_ += bytes; }
    [[nodiscard]] std::size_t buffered() const { return buffer_.size(); }

    /// Uses up the next request, its body included, once all of it is there.
    Found next() {
        if (!in_body_) {
            const auto end = buffer_.find("\r\n\r\n");
            if (end == buffer_.npos) return buffer_.size() > head_limit ? Found::nonsense : Found::nothing;
            if (!read_head(std::string_view(buffer_).substr(0, end))) return Found::nonsense;
            buffer_.erase(0, end + 4);
            in_body_ = true;
        }
        const auto skipped = std::min<std::uint64_t>(body_left_, buffer_.size());
        buffer_.erase(0, skipped);
        body_left_ -= skipped;
        if (body_left_ > 0) return Found::nothing;
        in_body_ = false;
        return Found::request;
    }

    /// Of the request found last.
    [[nodiscard]] bool keep_alive() const { return keep_alive_; }

  private:
    static constexpr std::size_t head_limit = 16384;

    bool read_head(std::string_view head) {
        const auto start_line = head.substr(0, head.find("\r\n"));
        const auto version = start_line.substr(start_line.rfind(' ') + 1);
        if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
        keep_alive_ = version == "HTTP/1.1";
        body_left_ = 0;
        for (head.remove_prefix(start_line.size()); !head.empty();) {
            head.remove_prefix(2);
            const auto line = head.substr(0, head.find("\r\n"));
            if (!read_field(line)) return false;
            head.remove_prefix(line.size());
        }
        return true;
    }

    bool read_field(std::string_view line) {
        const auto colon = line.find(':');
        if (colon == line.npos) return false;
        const auto name = line.substr(0, colon);
        const auto value = trimmed(line.substr(colon + 1));
        if (same_word(name, "transfer-encoding")) return false;
        if (same_word(name, "connection")) {
            if (same_word(value, "close")) keep_alive_ = false;
            if (same_word(value, "keep-alive")) keep_alive_ = true;
        }
        if (!same_word(name, "content-length")) return true;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), body_left_);
        return error == std::errc() && end == value.data() + value.size();
    }

    std::string buffer_;
    std::uint64_t body_left_ = 0;
    bool in_body_ = false;
    bool keep_alive_ = true;
};

}  // namespace planted
