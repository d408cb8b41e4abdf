#pragma once
#include "seism/toxics/stage.hpp"

namespace homespun::seism {

/// The stages by what they touch; each gives null for a type that is another's.
std::unique_ptr<Stage> make_delay_stage(const Toxic& toxic, Dice dice, Time opened);
std::unique_ptr<Stage> make_flow_stage(const Toxic& toxic, Dice dice, Time opened);
std::unique_ptr<Stage> make_ending_stage(const Toxic& toxic, Time opened);
std::unique_ptr<Stage> make_content_stage(const Toxic& toxic, Dice dice);

/// Numbers in which one leans on the one before: with correlation 0 each is drawn for itself, with 1 the
/// first stays for ever (as netem does it).
class LeaningShare {
  public:
    LeaningShare(Dice dice, double correlation) : dice_(dice), correlation_(correlation) {}
    /// From [0, 1).
    double next() {
        const double fresh = dice_.share(count_);
        last_ = count_++ == 0 ? fresh : fresh * (1 - correlation_) + last_ * correlation_;
        return last_;
    }

  private:
    Dice dice_;
    double correlation_, last_ = 0;
    std::uint64_t count_ = 0;
};

inline std::chrono::nanoseconds from_ms(double milliseconds) {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(milliseconds * 1e6));
}

}  // namespace homespun::seism
