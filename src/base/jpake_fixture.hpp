#pragma once
#include <string>
#include <string_view>

#include "base/crypto.hpp"
#include "base/random.hpp"

namespace homespun::base::jpake {

/// For tests: SHA-256 of `seed` and a counter, so that an exchange can be repeated, also by another program.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(std::string_view seed) : seed_(seed) {}

    std::string bytes(std::size_t count) override {
        std::string result;
        while (result.size() < count)
            result += sha256(seed_ + std::to_string(counter_++));
        result.resize(count);
        return result;
    }

  private:
    std::string seed_;
    unsigned counter_ = 0;
};

}  // namespace homespun::base::jpake
