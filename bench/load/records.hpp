#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace homespun::bench {

/// Records as a browser sends them: ids of twelve characters, payloads that are JSON with text nobody can
/// compress. All sources with one `stream` give ids that do not repeat within 2^40 calls, in random order;
/// different streams never meet. Not thread-safe.
class Records {
  public:
    explicit Records(std::uint64_t stream) : counter_(stream << 40), random_(stream + 1) {
        for (auto& c : text_)
            c = alphabet[random_() % alphabet.size()];
    }

    std::string_view next_id() {
        // The finaliser of splitmix64 maps different numbers to different numbers.
        std::uint64_t mixed = ++counter_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        mixed ^= mixed >> 31;
        for (char& c : id_) {
            c = alphabet[mixed % alphabet.size()];
            mixed /= alphabet.size();
        }
        return {id_, sizeof id_};
    }

    /// Appends a payload of `size` bytes; `quote` is what stands for a quotation mark: `"` or, inside a JSON
    /// string, `\"`.
    void append_payload(std::string& out, std::size_t size, std::string_view quote) {
        std::size_t length = 0;
        const auto piece = [&](std::string_view text) {
            for (const char c : text)
                c == '"' ? out += quote : out += c;
            length += text.size();
        };
        piece(R"({"IV":")");
        random_text(out, 24);
        piece(R"(","hmac":")");
        random_text(out, 64);
        piece(R"(","ciphertext":")");
        random_text(out, size - (length + 24 + 64 + 2));
        piece(R"("})");
    }

    static constexpr std::size_t id_size = 12;
    static constexpr std::size_t least_payload = 128;

  private:
    static constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    void random_text(std::string& out, std::size_t size) {
        out += std::string_view(text_).substr(random_() % (text_.size() - size), size);
    }

    std::uint64_t counter_;
    std::mt19937_64 random_;
    std::string text_ = std::string(std::size_t{1} << 16, ' ');
    char id_[id_size] = {};
};

}  // namespace homespun::bench
