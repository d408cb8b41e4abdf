#include "sync/registration/captcha.hpp"

#include <fmt/format.h>

#include <array>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace homespun::sync::registration {
namespace {

constexpr std::size_t key_size = 32;
constexpr std::size_t nonce_size = 8;
constexpr std::size_t most_answered = 100'000;
constexpr std::array numbers = {"two",      "three",   "four",    "five",     "six",    "seven",
                                "eight",    "nine",    "ten",     "eleven",   "twelve", "thirteen",
                                "fourteen", "fifteen", "sixteen", "seventeen"};
constexpr std::size_t least = 2;

}  // namespace

SumCaptcha::SumCaptcha(const base::Clock& clock, base::Random& random)
    : clock_(clock), random_(random), key_(random.bytes(key_size)), answered_(most_answered) {}

SumCaptcha::Sum SumCaptcha::sum_of(std::string_view payload) const {
    const auto bytes = base::hmac_sha256(key_, fmt::format("sum {}", payload));
    const auto pick = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]) % numbers.size(); };
    return {pick(0), pick(1)};
}

std::string SumCaptcha::sign(std::string_view payload) const {
    return base::hex_encode(base::hmac_sha256(key_, fmt::format("challenge {}", payload)));
}

std::string SumCaptcha::html() {
    const auto payload =
        fmt::format("{}.{}", clock_.now_ms() + life_ms, base::hex_encode(random_.bytes(nonce_size)));
    const auto [first, second] = sum_of(payload);
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Are you a "
        "person?</title></head>\n"
        "<body><form><p><label for=\"recaptcha_response_field\">What is {} plus {}, in digits?</label></p>\n"
        "<p><input type=\"hidden\" id=\"recaptcha_challenge_field\" name=\"recaptcha_challenge_field\" "
        "value=\"{}.{}\">\n"
        "<input id=\"recaptcha_response_field\" name=\"recaptcha_response_field\" autocomplete=\"off\" "
        "inputmode=\"numeric\"></p></form></body></html>\n",
        numbers[first], numbers[second], payload, sign(payload));
}

bool SumCaptcha::passes(std::string_view challenge, std::string_view response) {
    const auto parts = base::split(challenge, '.');
    if (parts.size() != 3) return false;
    const auto expires_ms = base::parse_integer<std::int64_t>(parts[0]);
    const auto now_ms = clock_.now_ms();
    if (!expires_ms || *expires_ms <= now_ms || *expires_ms > now_ms + life_ms) return false;
    const auto payload = challenge.substr(0, challenge.rfind('.'));
    if (!base::equal_constant_time(sign(payload), parts[2])) return false;
    // Whatever the answer: one try a challenge.
    if (!answered_.add("captcha", parts[1], "", now_ms, *expires_ms)) return false;
    const auto [first, second] = sum_of(payload);
    return base::parse_integer<std::size_t>(base::trim(response)) == first + second + 2 * least;
}

}  // namespace homespun::sync::registration
