#pragma once
#include <string_view>

#include "seism/experiment/experiment.hpp"

namespace homespun::seism {

/// `for`, `observe` and `cycles` of a perturbation.
void read_times(Fields& fields, Perturbation& perturbation);

/// Adds a perturbation for each pair of back and behaviour of the matrix, named `BACK/BEHAVIOUR`.
void read_matrix(Fields& fields, Experiment& experiment);

/// `monkey`: how `seism monkey` draws.
void read_monkey(Fields& fields, MonkeyPlan& plan);

[[nodiscard]] bool find_behaviour(std::string_view type);

}  // namespace homespun::seism
