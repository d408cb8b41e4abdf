#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "seism/experiment/variables.hpp"

/// An experiment for an application that nobody has described: its back-ends from its environment, a matrix
/// of behaviours that fits most.
namespace homespun::seism {

struct DiscoveredBack {
    std::string name{};                    ///< of the first variable: `database` of DATABASE_URL
    std::vector<std::string> variables{};  ///< all that tell of it
    VariablePlace place{};
};

struct Discovery {
    std::vector<DiscoveredBack> backs{};
    std::vector<std::string> left_alone{};  ///< variables that could have been, each with the reason
};
/// In the order of the variables' names.
[[nodiscard]] Discovery discover_backs(const Variables& environment);

struct StandardPlan {
    std::vector<std::string> command{};    ///< of the application
    std::optional<std::uint16_t> front{};  ///< its port; else it is found
    std::vector<std::string> paths{};      ///< that are asked for; empty: `/`
};
/// An experiment file. It names variables and holds none of their values.
[[nodiscard]] std::string standard_experiment(const Discovery& discovery, const StandardPlan& plan);

}  // namespace homespun::seism
