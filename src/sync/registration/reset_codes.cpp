#include "sync/registration/reset_codes.hpp"

#include "base/crypto.hpp"

namespace homespun::sync::registration {
namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::size_t code_size = 19;
constexpr std::size_t group = 5;  ///< four letters and a hyphen

bool is_hyphen_place(std::size_t at) {
    return at % group == group - 1;
}

/// What the pool gave, as the callers' failures.
template <class T>
auth::BackendResult<T> answer(std::expected<ResetCodeStore::Outcome<T>, sys::BlockingPool::Full> outcome) {
    using Kind = auth::BackendFailure::Kind;
    if (!outcome) {
        return std::unexpected(
            auth::BackendFailure{Kind::busy, "registration.db: too many requests wait for it already"});
    }
    if (!*outcome)
        return std::unexpected(auth::BackendFailure{Kind::down, "registration.db: " + outcome->error()});
    if constexpr (!std::is_void_v<T>)
        return std::move(**outcome);
    else
        return {};
}

}  // namespace

bool is_reset_code(std::string_view text) {
    if (text.size() != code_size) return false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (is_hyphen_place(at) ? text[at] != '-' : !letters.contains(text[at])) return false;
    }
    return true;
}

std::string make_reset_code(base::Random& random) {
    // Bytes from 252 on are thrown away, so that every letter is equally likely.
    constexpr unsigned fair = 256 / letters.size() * letters.size();
    std::string code;
    while (code.size() < code_size) {
        if (is_hyphen_place(code.size())) {
            code += '-';
            continue;
        }
        const auto byte = static_cast<unsigned char>(random.bytes(1).front());
        if (byte < fair) code += letters[byte % letters.size()];
    }
    return code;
}

base::Task<auth::BackendResult<std::string>> ResetCodes::give(base::Executor& home, std::uint64_t user) {
    auto outcome = co_await parts_.pool.run(home, [&]() -> ResetCodeStore::Outcome<std::string> {
        const auto now_ms = parts_.clock.now_ms();
        auto known = parts_.store.read_code(user);
        if (!known) return std::unexpected(known.error());
        if (*known && (*known)->expires_ms > now_ms) return std::move((*known)->text);
        ResetCodeStore::Code made{make_reset_code(parts_.random), now_ms + life_ms};
        if (auto written = parts_.store.write_code(user, made); !written)
            return std::unexpected(written.error());
        return std::move(made.text);
    });
    co_return answer<std::string>(std::move(outcome));
}

base::Task<auth::BackendResult<bool>> ResetCodes::take(base::Executor& home, std::uint64_t user,
                                                       std::string code) {
    if (!is_reset_code(code)) co_return false;
    auto outcome = co_await parts_.pool.run(home, [&]() -> ResetCodeStore::Outcome<bool> {
        const auto known = parts_.store.read_code(user);
        if (!known) return std::unexpected(known.error());
        const bool fits = *known && (*known)->expires_ms > parts_.clock.now_ms() &&
                          base::equal_constant_time((*known)->text, code);
        if (!fits) return false;
        return parts_.store.take_code(user, code);
    });
    co_return answer<bool>(std::move(outcome));
}

base::Task<auth::BackendResult<void>> ResetCodes::clear(base::Executor& home, std::uint64_t user) {
    auto outcome = co_await parts_.pool.run(home, [&] { return parts_.store.erase_code(user); });
    co_return answer<void>(std::move(outcome));
}

}  // namespace homespun::sync::registration
