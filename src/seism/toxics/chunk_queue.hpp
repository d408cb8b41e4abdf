#pragma once
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homespun::seism {

using Time = std::chrono::steady_clock::time_point;
inline constexpr Time never = Time::max();

/// Bytes that arrived together.
struct Chunk {
    std::string bytes;
    Time arrived;  ///< here; what lets it go sets the moment at which it was due, so that delays add up
};

/// Bytes on their way in one direction, in the chunks in which they came, and the end of the direction.
/// Empty, it holds no memory but itself. Not thread-safe.
class ChunkQueue {
  public:
    /// `bound`: from so many bytes on it counts as full. One chunk more may still be put in.
    explicit ChunkQueue(std::size_t bound) : bound_(bound) {}

    void push(std::string_view bytes, Time arrived) { push(Chunk{std::string(bytes), arrived}); }
    void push(Chunk chunk) {
        bytes_ += chunk.bytes.size();
        chunks_.push_back(std::move(chunk));
    }
    /// Nothing comes any more.
    void push_end(Time arrived) {
        has_end_ = true;
        end_arrived_ = arrived;
    }

    [[nodiscard]] bool has_chunk() const { return first_ < chunks_.size(); }
    [[nodiscard]] const Chunk& front() const { return chunks_[first_]; }
    /// What is left of the first chunk.
    [[nodiscard]] std::string_view front_bytes() const {
        return std::string_view(front().bytes).substr(offset_);
    }
    Chunk pop() {
        Chunk chunk = std::move(chunks_[first_]);
        if (offset_ > 0) chunk.bytes.erase(0, offset_);
        bytes_ -= chunk.bytes.size();
        step();
        return chunk;
    }
    /// Drops the first `count` bytes of the first chunk.
    void consume(std::size_t count) {
        bytes_ -= count;
        offset_ += count;
        if (offset_ == front().bytes.size()) step();
    }
    /// The first `count` bytes of the first chunk (fewer when it has fewer) as a chunk of their own.
    Chunk cut(std::size_t count) {
        const auto left = front_bytes();
        if (count >= left.size()) return pop();
        Chunk piece{std::string(left.substr(0, count)), front().arrived};
        consume(count);
        return piece;
    }
    void clear() {
        chunks_ = {};
        first_ = offset_ = bytes_ = 0;
    }

    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] bool is_full() const { return bytes_ >= bound_; }
    /// No bytes any more, and the end.
    [[nodiscard]] bool is_at_end() const { return has_end_ && !has_chunk(); }
    [[nodiscard]] bool has_end() const { return has_end_; }
    [[nodiscard]] Time end_arrived() const { return end_arrived_; }
    /// Takes the end out again, for whoever passes it on.
    void take_end() { has_end_ = false; }

  private:
    void step() {
        offset_ = 0;
        ++first_;
        if (first_ < chunks_.size()) {
            if (first_ < 64) return;  // so that a queue that never empties does not grow for ever
            chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(first_));
            first_ = 0;
            return;
        }
        first_ = 0;
        chunks_ = {};
    }

    std::vector<Chunk> chunks_;
    std::size_t first_ = 0, offset_ = 0, bytes_ = 0, bound_;
    bool has_end_ = false;
    Time end_arrived_{};
};

}  // namespace homespun::seism
