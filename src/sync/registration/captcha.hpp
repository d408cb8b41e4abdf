#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "sync/auth/nonce_cache.hpp"

namespace homespun::sync::registration {

/// Keeps programs from making users. Thread-safe.
class Captcha {
  public:
    virtual ~Captcha() = default;
    /// What the client shows to the person: HTML with the fields `recaptcha_challenge_field` and
    /// `recaptcha_response_field`, which Firefox reads (sheet sync-legacy, 2.4).
    virtual std::string html() = 0;
    /// Whether `response` answers `challenge`. A challenge counts once.
    virtual bool passes(std::string_view challenge, std::string_view response) = 0;
};

/// A sum in words. Needs no other server and keeps nothing but the challenges that were answered: a challenge
/// is signed and good for ten minutes. What is no challenge of ours is not kept.
class SumCaptcha final : public Captcha {
  public:
    static constexpr std::int64_t life_ms = 600'000;

    SumCaptcha(const base::Clock& clock, base::Random& random);
    std::string html() override;
    bool passes(std::string_view challenge, std::string_view response) override;

  private:
    struct Sum {
        std::size_t first, second;
    };
    /// Without the key nobody can tell the sum from the challenge.
    [[nodiscard]] Sum sum_of(std::string_view payload) const;
    [[nodiscard]] std::string sign(std::string_view payload) const;

    const base::Clock& clock_;
    base::Random& random_;
    const std::string key_;
    auth::NonceCache answered_;
};

}  // namespace homespun::sync::registration
