#include <optional>

#include "seism/toxics/stage_makers.hpp"

namespace homespun::seism {
namespace {

/// Loses chunks out of the stream.
class PacketLoss final : public Stage {
  public:
    PacketLoss(const Toxic& toxic, Dice dice)
        : rate_(toxic.real("loss_rate")), shares_(dice, toxic.real("correlation")) {}
    void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) override {
        while (in.has_chunk() && !out.is_full()) {
            auto chunk = in.pop();
            if (shares_.next() < rate_)
                moment.bites = true;
            else
                out.push(std::move(chunk));
        }
        pass_end(in, out);
    }

  private:
    double rate_;
    LeaningShare shares_;
};

/// Does something to some chunks: those for which the dice say so.
class Touching : public Stage {
  public:
    Touching(const Toxic& toxic, Dice dice) : probability_(toxic.real("probability")), dice_(dice) {}
    void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) final {
        while (in.has_chunk() && !out.is_full()) {
            auto chunk = in.pop();
            const auto dice = dice_.of(count_++);
            if (dice.share(0) >= probability_) {
                out.push(std::move(chunk));
                continue;
            }
            moment.bites = true;
            touch(std::move(chunk), dice, out);
        }
        pass_end(in, out);
    }

  protected:
    virtual void touch(Chunk chunk, const Dice& dice, ChunkQueue& out) = 0;

  private:
    double probability_;
    Dice dice_;
    std::uint64_t count_ = 0;
};

class Corrupt final : public Touching {
  public:
    using Touching::Touching;

  private:
    void touch(Chunk chunk, const Dice& dice, ChunkQueue& out) override {
        const auto bit = dice.bits(1) % (chunk.bytes.size() * 8);
        auto& byte = chunk.bytes[bit / 8];
        byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << (bit % 8)));
        out.push(std::move(chunk));
    }
};

class Duplicate final : public Touching {
  public:
    using Touching::Touching;

  private:
    void touch(Chunk chunk, const Dice&, ChunkQueue& out) override {
        out.push(chunk);
        out.push(std::move(chunk));
    }
};

/// Puts a chunk behind the next one. When none follows in time it goes by itself.
class Reorder final : public Stage {
  public:
    Reorder(const Toxic& toxic, Dice dice)
        : probability_(toxic.real("probability")), wait_(toxic.integer("wait")), dice_(dice) {}
    void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) override {
        while (in.has_chunk() && !out.is_full()) {
            if (!chosen_) chosen_ = dice_.share(count_) < probability_;
            if (!*chosen_) {
                out.push(in.pop());
                next();
                continue;
            }
            const auto until = in.front().arrived + wait_;
            auto chunk = in.pop();
            if (in.has_chunk()) {
                out.push(in.pop());
                out.push(std::move(chunk));
                moment.bites = true;
                next();
                continue;
            }
            if (!in.has_end() && moment.now < until) {
                moment.due = until;
                in.push(std::move(chunk));
                return;
            }
            out.push(std::move(chunk));
            next();
        }
        pass_end(in, out);
    }

  private:
    void next() {
        ++count_;
        chosen_.reset();
    }
    double probability_;
    std::chrono::milliseconds wait_;
    Dice dice_;
    std::uint64_t count_ = 0;
    std::optional<bool> chosen_;  ///< whether the first chunk is to change places
};

/// Says nonsense before anything else.
class Garbage final : public Stage {
  public:
    Garbage(const Toxic& toxic, Dice dice)
        : left_(static_cast<std::size_t>(toxic.integer("bytes"))), dice_(dice) {}
    void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) override {
        if (left_ > 0 && in.has_chunk()) {
            std::string bytes(left_, '\0');
            for (std::size_t i = 0; i < bytes.size(); ++i)
                bytes[i] = static_cast<char>(dice_.bits(i) & 0xff);
            out.push(Chunk{std::move(bytes), in.front().arrived});
            left_ = 0;
            moment.bites = true;
        }
        while (in.has_chunk() && !out.is_full())
            out.push(in.pop());
        pass_end(in, out);
    }

  private:
    std::size_t left_;
    Dice dice_;
};

/// Does nothing, and is there.
class Noop final : public Stage {
  public:
    void run(ChunkQueue& in, ChunkQueue& out, Moment&) override {
        while (in.has_chunk() && !out.is_full())
            out.push(in.pop());
        pass_end(in, out);
    }
};

}  // namespace

std::unique_ptr<Stage> make_content_stage(const Toxic& toxic, Dice dice) {
    if (toxic.type == "packet_loss") return std::make_unique<PacketLoss>(toxic, dice);
    if (toxic.type == "corrupt") return std::make_unique<Corrupt>(toxic, dice);
    if (toxic.type == "duplicate") return std::make_unique<Duplicate>(toxic, dice);
    if (toxic.type == "reorder") return std::make_unique<Reorder>(toxic, dice);
    if (toxic.type == "garbage") return std::make_unique<Garbage>(toxic, dice);
    if (toxic.type == "noop") return std::make_unique<Noop>();
    return nullptr;
}

}  // namespace homespun::seism
