#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// Whether a level held what is demanded: sets `good` and `why`. `backlog`: how many more requests were in
/// flight at its end than at its beginning, chance left out.
void judge(Level& level, const Demands& demands, std::int64_t backlog);

/// The part of a growth from `before` to `after` requests in flight that chance does not explain: in a steady
/// state their number has the spread of a Poisson distribution.
std::int64_t backlog_of(std::uint64_t before, std::uint64_t after);

/// Good requests a second.
double goodput(const Level& level);

struct FailureVerdict {
    FailureMode mode = FailureMode::none;
    std::string why;  ///< the evidence, one sentence
};
/// Whether the generator began the sessions that an open level asked for. Where it did not, the server never
/// saw that load.
bool kept_up(const Level& level);

/// Names how the server fails: from the levels that did not hold and those far beyond the limit, and the
/// samples taken meanwhile. `closed`: loads are users, not sessions a second.
FailureVerdict name_failure(std::span<const Level> levels, std::span<const Sample> samples,
                            const Demands& demands, bool closed = false);

/// What forbids a conclusion, in words; empty when nothing does. Looks at the levels that hold and the first
/// that did not: beyond the limit a generator may suffer with the server.
std::vector<std::string> doubts(std::span<const Level> levels, std::span<const Sample> samples,
                                const Demands& demands, bool closed = false);

}  // namespace homespun::stampede
