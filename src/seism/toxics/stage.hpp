#pragma once
#include <chrono>
#include <cstdint>
#include <memory>

#include "seism/toxics/chunk_queue.hpp"
#include "seism/toxics/dice.hpp"
#include "seism/toxics/toxic.hpp"

namespace homespun::seism {

/// What becomes of a connection after a stage has had its say.
enum class Fate : std::uint8_t {
    go_on,
    close,  ///< what was let go is still sent, then both sides end (FIN)
    reset,  ///< both sides end at once (RST)
};

/// What a stage is told, and what it tells, in one call.
struct Moment {
    Time now;
    Time due = never;  ///< when it wants to be called again if nothing else happens
    Fate fate = Fate::go_on;
    bool bites = false;  ///< it did to this connection what it is for
};

/// One toxic at work in one direction of one connection: moves chunks from `in` to `out` when their time has
/// come, while `out` is not full, and the end after the last one. Owned by its link, on the engine's thread.
/// Pure: no clock but `moment.now`, no random but the dice it was made with.
class Stage {
  public:
    virtual ~Stage() = default;
    virtual void run(ChunkQueue& in, ChunkQueue& out, Moment& moment) = 0;
    /// From so many bytes that wait on, its source is not read.
    [[nodiscard]] virtual std::size_t capacity() const { return 64 * 1024; }
    /// Taken away, it takes the connection with it. Otherwise what it holds goes on at once.
    [[nodiscard]] virtual bool ends_connection_when_removed() const { return false; }

  protected:
    /// The end goes on at once.
    static void pass_end(ChunkQueue& in, ChunkQueue& out) {
        if (!in.is_at_end()) return;
        in.take_end();
        out.push_end(in.end_arrived());
    }
};

/// The stage of a toxic that works on the bytes of one direction; null for types that do not. `dice` are
/// those of this toxic on this connection; `opened` is when the connection came.
[[nodiscard]] std::unique_ptr<Stage> make_stage(const Toxic& toxic, Dice dice, Time opened);

}  // namespace homespun::seism
