#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "seism/toxics/stage_makers.hpp"

namespace homespun::seism {
namespace {

using namespace std::chrono_literals;

/// What lets each chunk go at a moment of its own, in their order. Delays count from the arrival, so that
/// five writes 20 ms apart leave 20 ms apart, and those of two stages add up.
class Delaying : public Stage {
  public:
    void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) final {
        while (in.has_chunk() && !out.is_full()) {
            if (!drawn_) drawn_ = std::max(in.front().arrived + delay(in.front().arrived), last_);
            if (*drawn_ > moment.now) {
                moment.due = *drawn_;
                return;
            }
            auto chunk = in.pop();
            moment.bites = moment.bites || *drawn_ > chunk.arrived;
            chunk.arrived = last_ = *drawn_;
            drawn_.reset();
            out.push(std::move(chunk));
        }
        pass_end(in, out);
    }
    /// As much as Toxiproxy holds: 1,024 chunks of 32 KiB.
    [[nodiscard]] std::size_t capacity() const override { return std::size_t{32} << 20; }

  protected:
    /// Of the next chunk; called once for each.
    virtual std::chrono::nanoseconds delay(Time arrived) = 0;

  private:
    std::optional<Time> drawn_;
    Time last_{};
};

class Latency final : public Delaying {
  public:
    Latency(const Toxic& toxic, Dice dice)
        : latency_(static_cast<double>(toxic.integer("latency"))),
          jitter_(static_cast<double>(toxic.integer("jitter"))),
          dice_(dice) {}

  private:
    std::chrono::nanoseconds delay(Time) override {
        return from_ms(std::max(0.0, latency_ + dice_.between(count_++, -jitter_, jitter_)));
    }
    double latency_, jitter_;
    Dice dice_;
    std::uint64_t count_ = 0;
};

/// Where in a wave of period 1 and height 1 around 0 `at` is.
double wave_height(std::string_view wave, double at) {
    at -= std::floor(at);
    if (wave == "sine") return std::sin(2 * std::numbers::pi * at);
    if (wave == "saw") return 2 * at - 1;
    if (wave == "square") return at < 0.5 ? 1 : -1;
    if (wave == "triangle") return 4 * std::abs(at - 0.5) - 1;
    return 0;
}

class ShapedDelay final : public Delaying {
  public:
    ShapedDelay(const Toxic& toxic, Dice dice, Time opened)
        : latency_(static_cast<double>(toxic.integer("latency"))),
          jitter_(static_cast<double>(toxic.integer("jitter"))),
          amplitude_(static_cast<double>(toxic.integer("amplitude"))),
          period_(static_cast<double>(toxic.integer("period"))),
          distribution_(toxic.text("distribution")),
          wave_(toxic.text("wave")),
          shares_(dice, toxic.real("correlation")),
          opened_(opened) {}

  private:
    std::chrono::nanoseconds delay(Time arrived) override {
        const double at = std::chrono::duration<double, std::milli>(arrived - opened_).count() / period_;
        return from_ms(std::max(
            0.0, latency_ + jitter_ * deviation(shares_.next()) + amplitude_ * wave_height(wave_, at)));
    }
    /// Spread of width 1 for an even share: at most 1 either way, a bell of standard deviation 1, or Pareto's
    /// long tail (shape 3, as netem's table) with mean 0.
    [[nodiscard]] double deviation(double share) const {
        share = std::clamp(share, 1e-12, 1 - 1e-12);
        if (distribution_ == "normal") return bell(share);
        if (distribution_ == "pareto") return (std::pow(1 - share, -1.0 / 3) - 1.5) / std::sqrt(0.75);
        return 2 * share - 1;
    }
    /// The inverse of the normal distribution by Newton's method from the logistic approximation.
    static double bell(double share) {
        double at = std::log(share / (1 - share)) / 1.702;
        for (int i = 0; i < 4; ++i) {
            const double below = 0.5 * std::erfc(-at / std::numbers::sqrt2);
            const double density = std::exp(-at * at / 2) / std::sqrt(2 * std::numbers::pi);
            at = std::clamp(at - (below - share) / density, -8.0, 8.0);
        }
        return at;
    }

    double latency_, jitter_, amplitude_, period_;
    std::string distribution_, wave_;
    LeaningShare shares_;
    Time opened_;
};

/// A lost chunk waits for TCP's retransmission, and so does all behind it.
class Loss final : public Delaying {
  public:
    Loss(const Toxic& toxic, Dice dice)
        : share_(toxic.real("percent") / 100),
          rto_(static_cast<double>(toxic.integer("rto"))),
          shares_(dice, toxic.real("correlation")) {}

  private:
    std::chrono::nanoseconds delay(Time) override {
        constexpr int most_doublings = 3;
        double wait = 0;
        for (int times = 0; times <= most_doublings && shares_.next() < share_; ++times)
            wait += rto_ * std::pow(2, times);
        return from_ms(wait);
    }
    double share_, rto_;
    LeaningShare shares_;
};

/// Bytes pass, the end waits.
class SlowClose final : public Stage {
  public:
    explicit SlowClose(const Toxic& toxic) : delay_(toxic.integer("delay")) {}
    void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) override {
        while (in.has_chunk() && !out.is_full())
            out.push(in.pop());
        if (!in.is_at_end()) return;
        const auto due = in.end_arrived() + delay_;
        if (due > moment.now) {
            moment.due = due;
            return;
        }
        moment.bites = true;
        in.take_end();
        out.push_end(due);
    }

  private:
    std::chrono::milliseconds delay_;
};

}  // namespace

std::unique_ptr<Stage> make_delay_stage(const Toxic& toxic, Dice dice, Time opened) {
    if (toxic.type == "latency") return std::make_unique<Latency>(toxic, dice);
    if (toxic.type == "delay") return std::make_unique<ShapedDelay>(toxic, dice, opened);
    if (toxic.type == "loss") return std::make_unique<Loss>(toxic, dice);
    if (toxic.type == "slow_close") return std::make_unique<SlowClose>(toxic);
    return nullptr;
}

}  // namespace homespun::seism
