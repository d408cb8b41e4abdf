#pragma once
#include <chrono>
#include <cstddef>

namespace homespun::sync::store::sqlite {

/// What a reader may do before the loop gets its turn: 1 ms, or 256 KiB.
class TimeSlice {
  public:
    void used(std::size_t bytes) { bytes_ += bytes; }
    [[nodiscard]] bool is_over() const {
        constexpr std::size_t most_bytes = std::size_t{256} << 10;
        constexpr std::chrono::milliseconds most_time{1};
        return bytes_ >= most_bytes || std::chrono::steady_clock::now() - started_ >= most_time;
    }

  private:
    std::size_t bytes_ = 0;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace homespun::sync::store::sqlite
