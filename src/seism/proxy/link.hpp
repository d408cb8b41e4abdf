#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "seism/toxics/stage.hpp"

namespace homespun::seism {

/// One direction of a connection: the stages of the toxics that touch it, each with what waits before it.
/// Owned by its connection, on the engine's thread.
class Link {
  public:
    [[nodiscard]] bool has_stages() const { return !stations_.empty(); }
    /// Where bytes enter; there must be a stage.
    [[nodiscard]] ChunkQueue& entrance() { return stations_.front().in; }

    struct Outcome {
        Time due = never;
        Fate fate = Fate::go_on;
        std::vector<std::uint64_t> bitten = {};  ///< places of stages that bit for the first time
    };
    /// Moves towards `out` what may move.
    Outcome run(Time now, ChunkQueue& out);
    /// Whether something waits here.
    [[nodiscard]] bool holds_anything() const;

    /// `place` says where among the toxics of the stream it stands; places are unique.
    void insert(std::uint64_t place, std::unique_ptr<Stage> stage);
    /// Everything that waits goes to `out` at once.
    void hurry(ChunkQueue& out);
    /// What waits before the stage goes on to the next one, or to `out`. Whether the connection must end.
    bool erase(std::uint64_t place, ChunkQueue& out);

  private:
    struct Station {
        std::uint64_t place;
        std::unique_ptr<Stage> stage;
        ChunkQueue in;
        bool bitten = false;
    };
    std::vector<Station> stations_;
};

}  // namespace homespun::seism
