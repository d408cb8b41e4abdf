#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace homespun::base {

/// Two keys of 32 bytes that belong together, one to encrypt and one to sign; wiped from memory in the end;
/// moved, never copied.
class KeyPair {
  public:
    static constexpr std::size_t key_size = 32;

    /// The encryption key's bytes, then the authentication key's; nothing unless there are 64.
    static std::optional<KeyPair> from_bytes(std::string_view both);

    KeyPair(KeyPair&&) noexcept;
    KeyPair& operator=(KeyPair&&) noexcept;
    ~KeyPair();

    /// For AES-256-CBC.
    [[nodiscard]] std::string_view encryption() const { return {bytes_.data(), key_size}; }
    /// For HMAC-SHA256.
    [[nodiscard]] std::string_view authentication() const { return {bytes_.data() + key_size, key_size}; }
    /// Both, one behind the other: what `from_bytes` takes.
    [[nodiscard]] std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }

  protected:
    /// `both` must have 64 bytes.
    explicit KeyPair(std::string_view both);

  private:
    void wipe();

    std::array<char, 2 * key_size> bytes_{};
};

/// Overwrites a secret's bytes and empties the string. What the string has left elsewhere by growing stays.
void wipe(std::string& secret);

/// A string that holds a secret until it goes.
class Wiped {
  public:
    explicit Wiped(std::string text) : text_(std::move(text)) {}
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;
    ~Wiped() { wipe(text_); }
    [[nodiscard]] std::string_view view() const { return text_; }

  private:
    std::string text_;
};

}  // namespace homespun::base
