#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace homespun::seism {

/// An experiment made of one of the Chaos Toolkit's.
struct Imported {
    std::string text;                ///< of an experiment file; what only a person knows is empty in it
    std::vector<std::string> notes;  ///< what was not carried over, and what is to be filled in
};

/// Reads an experiment of the Chaos Toolkit (JSON) that drives Toxiproxy with chaostoolkit-toxiproxy: its
/// proxies become backs, toxics and disabled proxies become perturbations that last as long as the pauses
/// until they are taken back, HTTP probes of the steady-state hypothesis become requests and probes.
base::Result<Imported> import_chaos_toolkit(std::string_view text);

}  // namespace homespun::seism
