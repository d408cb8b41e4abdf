// An experiment file comes from people, and from whoever they got it from: it is read whole, or every problem
// has a place and words.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.hpp"
#include "seism/experiment/chaos_toolkit.hpp"
#include "seism/experiment/experiment.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homespun::seism;
    const auto imported = import_chaos_toolkit({reinterpret_cast<const char*>(data), size});
    if (imported && !homespun::base::json::parse(imported->text)) std::abort();
    const auto experiment = parse_experiment({reinterpret_cast<const char*>(data), size});
    if (!experiment) {
        if (experiment.error().empty()) std::abort();
        for (const auto& problem : experiment.error()) {
            if (problem.find(':') == std::string::npos) std::abort();
        }
        return 0;
    }
    if (experiment->perturbations.empty() || experiment->backs.empty()) std::abort();
    for (const auto& each : experiment->perturbations) {
        if (each.back >= experiment->backs.size() || each.name.empty()) std::abort();
        static_cast<void>(each.settings());
    }
    return 0;
}
