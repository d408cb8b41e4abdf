#include <algorithm>
#include <limits>

#include "seism/toxics/stage_makers.hpp"

namespace homespun::seism {
namespace {

/// A line that carries so many bytes a second: a slice leaves when its last byte would have.
class Bandwidth final : public Stage {
  public:
    explicit Bandwidth(const Toxic& toxic) : bytes_per_ms_(toxic.integer("rate")) {}

    void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) override {
        if (bytes_per_ms_ == 0) {
            moment.bites = moment.bites || in.has_chunk();
            if (!in.has_chunk()) pass_end(in, out);
            return;
        }
        while (in.has_chunk() && !out.is_full()) {
            if (slice_ == 0) {
                slice_ = std::min<std::uint64_t>(in.front_bytes().size(),
                                                 static_cast<std::uint64_t>(bytes_per_ms_) * slice_ms);
                free_ = std::max(free_, in.front().arrived) +
                        from_ms(static_cast<double>(slice_) / static_cast<double>(bytes_per_ms_));
            }
            if (free_ > moment.now) {
                moment.due = free_;
                return;
            }
            auto chunk = in.cut(slice_);
            chunk.arrived = free_;
            out.push(std::move(chunk));
            slice_ = 0;
            moment.bites = true;
        }
        pass_end(in, out);
    }
    /// What the line carries while the engine is late: were the next bytes read only then, it would stand
    /// idle.
    [[nodiscard]] std::size_t capacity() const override {
        return std::clamp(static_cast<std::size_t>(bytes_per_ms_) * latest_ms, Stage::capacity(),
                          std::size_t{32} << 20);
    }

  private:
    static constexpr std::uint64_t slice_ms = 100;  // Toxiproxy's
    static constexpr std::size_t latest_ms = 20;
    std::int64_t bytes_per_ms_;
    std::uint64_t slice_ = 0;  ///< bytes under way; 0: none
    Time free_{};              ///< when the line has carried what was put on it
};

/// Cuts chunks into pieces of average_size ± size_variation.
class Slicer final : public Stage {
  public:
    Slicer(const Toxic& toxic, Dice dice)
        : average_(toxic.integer("average_size")),
          variation_(std::min(toxic.integer("size_variation"), toxic.integer("average_size"))),
          delay_(toxic.integer("delay")),
          dice_(dice) {}

    void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) override {
        while (in.has_chunk() && !out.is_full()) {
            if (next_ > moment.now) {
                moment.due = next_;
                return;
            }
            const auto size = in.front_bytes().size();
            auto piece = in.cut(piece_size());
            moment.bites = moment.bites || piece.bytes.size() < size;
            next_ = moment.now + delay_;
            out.push(std::move(piece));
        }
        pass_end(in, out);
    }

  private:
    std::size_t piece_size() {
        if (average_ <= 0) return std::numeric_limits<std::size_t>::max();
        const auto low = static_cast<double>(average_ - variation_);
        const auto high = static_cast<double>(average_ + variation_ + 1);
        return static_cast<std::size_t>(std::max(1.0, dice_.between(count_++, low, high)));
    }
    std::int64_t average_, variation_;
    std::chrono::microseconds delay_;
    Dice dice_;
    std::uint64_t count_ = 0;
    Time next_{};
};

/// What happens once so many bytes have passed.
enum class AtLimit : std::uint8_t { close, reset, end };

class Limit final : public Stage {
  public:
    Limit(const Toxic& toxic, AtLimit then)
        : left_(static_cast<std::uint64_t>(toxic.integer("bytes"))), then_(then) {}

    void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) override {
        while (left_ > 0 && in.has_chunk() && !out.is_full()) {
            auto chunk = in.cut(static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.bytes())));
            left_ -= chunk.bytes.size();
            out.push(std::move(chunk));
        }
        if (left_ > 0) return pass_end(in, out);
        moment.bites = true;
        if (then_ == AtLimit::end) {
            in.clear();
            in.take_end();
            if (!ended_) out.push_end(moment.now);
            ended_ = true;
            return;
        }
        // A reset would take what is still on its way with it.
        if (then_ == AtLimit::reset && out.bytes() > 0) return;
        moment.fate = then_ == AtLimit::close ? Fate::close : Fate::reset;
    }

  private:
    std::uint64_t left_;
    AtLimit then_;
    bool ended_ = false;
};

/// Everything passes for a while.
class LimitTime final : public Stage {
  public:
    LimitTime(const Toxic& toxic, Time opened)
        : until_(opened + std::chrono::milliseconds(toxic.integer("time"))) {}
    void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) override {
        if (moment.now >= until_) {
            moment.bites = true;
            moment.fate = Fate::close;
            return;
        }
        while (in.has_chunk() && !out.is_full())
            out.push(in.pop());
        pass_end(in, out);
        moment.due = until_;
    }

  private:
    Time until_;
};

/// The end of one direction while the other goes on.
class HalfClose final : public Stage {
  public:
    explicit HalfClose(const Toxic& toxic) : delay_(toxic.integer("delay")) {}
    void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) override {
        if (end_ == never && in.has_chunk()) end_ = in.front().arrived + delay_;
        while (moment.now < end_ && in.has_chunk() && !out.is_full())
            out.push(in.pop());
        if (moment.now < end_) {
            pass_end(in, out);
            moment.due = end_;
            return;
        }
        in.clear();
        in.take_end();
        if (!ended_) out.push_end(moment.now);
        ended_ = moment.bites = true;
    }

  private:
    std::chrono::milliseconds delay_;
    Time end_ = never;
    bool ended_ = false;
};

}  // namespace

std::unique_ptr<Stage> make_flow_stage(const Toxic& toxic, Dice dice, Time opened) {
    if (toxic.type == "bandwidth") return std::make_unique<Bandwidth>(toxic);
    if (toxic.type == "slicer") return std::make_unique<Slicer>(toxic, dice);
    if (toxic.type == "limit_data") return std::make_unique<Limit>(toxic, AtLimit::close);
    if (toxic.type == "reset_after") return std::make_unique<Limit>(toxic, AtLimit::reset);
    if (toxic.type == "truncate") return std::make_unique<Limit>(toxic, AtLimit::end);
    if (toxic.type == "limit_time") return std::make_unique<LimitTime>(toxic, opened);
    if (toxic.type == "half_close") return std::make_unique<HalfClose>(toxic);
    return nullptr;
}

}  // namespace homespun::seism
