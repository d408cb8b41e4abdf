#pragma once
#include <cstddef>
#include <string>

namespace homespun::base {

/// Source of random bytes; passed in, so that tests can repeat. Thread-safe.
class Random {
  public:
    virtual ~Random() = default;
    /// `count` bytes, fit for keys.
    virtual std::string bytes(std::size_t count) = 0;
};

/// OpenSSL's generator, seeded by the kernel. A generator that fails ends the program: no key may be guessed.
class SystemRandom final : public Random {
  public:
    std::string bytes(std::size_t count) override;
};

}  // namespace homespun::base
