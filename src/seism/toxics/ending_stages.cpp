#include "seism/toxics/stage_makers.hpp"

namespace homespun::seism {
namespace {

/// Swallows everything; closes when nothing came for `timeout`.
class Timeout final : public Stage {
  public:
    Timeout(const Toxic& toxic, Time opened) : timeout_(toxic.integer("timeout")), last_(opened) {}
    void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) override {
        while (in.has_chunk()) {
            last_ = in.pop().arrived;
            moment.bites = true;
        }
        pass_end(in, out);
        if (timeout_.count() == 0) return;
        if (moment.now < last_ + timeout_) {
            moment.due = last_ + timeout_;
            return;
        }
        moment.bites = true;
        moment.fate = Fate::close;
    }
    [[nodiscard]] bool ends_connection_when_removed() const override { return true; }

  private:
    std::chrono::milliseconds timeout_;
    Time last_;
};

/// Resets so long after the first bytes or the end.
class ResetPeer final : public Stage {
  public:
    explicit ResetPeer(const Toxic& toxic) : timeout_(toxic.integer("timeout")) {}
    void run(ChunkQueue& in, ChunkQueue&, Moment& moment) override {
        if (at_ == never && in.has_chunk()) at_ = in.front().arrived + timeout_;
        if (at_ == never && in.has_end()) at_ = in.end_arrived() + timeout_;
        while (in.has_chunk())
            in.pop();
        if (moment.now < at_) {
            moment.due = at_;
            return;
        }
        moment.bites = true;
        moment.fate = Fate::reset;
    }

  private:
    std::chrono::milliseconds timeout_;
    Time at_ = never;
};

/// Neither passes nor ends anything.
class Hang final : public Stage {
  public:
    explicit Hang(const Toxic& toxic) : swallows_(toxic.text("mode") == "swallow") {}
    void run(ChunkQueue& in, ChunkQueue&, Moment& moment) override {
        moment.bites = moment.bites || in.has_chunk() || in.has_end();
        while (swallows_ && in.has_chunk())
            in.pop();
    }
    /// Not read at all, so that the sender's buffers fill.
    [[nodiscard]] std::size_t capacity() const override { return swallows_ ? 64 * 1024 : 1; }

  private:
    bool swallows_;
};

}  // namespace

std::unique_ptr<Stage> make_ending_stage(const Toxic& toxic, Time opened) {
    if (toxic.type == "timeout") return std::make_unique<Timeout>(toxic, opened);
    if (toxic.type == "reset_peer") return std::make_unique<ResetPeer>(toxic);
    if (toxic.type == "hang") return std::make_unique<Hang>(toxic);
    return nullptr;
}

}  // namespace homespun::seism
