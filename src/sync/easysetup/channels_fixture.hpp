#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace homespun::sync::easysetup {

/// Gives bytes that a test chose, over and over again; without any, different ones each time.
class ScriptedRandom final : public base::Random {
  public:
    explicit ScriptedRandom(std::vector<std::string> script = {}) : script_(std::move(script)) {}
    std::string bytes(std::size_t count) override {
        if (!script_.empty()) return script_[next_++ % script_.size()].substr(0, count);
        std::string made;
        for (std::size_t i = 0, rest = next_++; i < count; ++i, rest /= 32)
            made += static_cast<char>(rest % 32);
        return made;
    }

  private:
    std::vector<std::string> script_;
    std::size_t next_ = 0;
};

/// A device's X-KeyExchange-Id.
inline std::string device_id(char letter) {
    return std::string(256, letter);
}

}  // namespace homespun::sync::easysetup
