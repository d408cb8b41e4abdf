#include "seism/toxics/stage.hpp"

#include "seism/toxics/stage_makers.hpp"

namespace homespun::seism {

std::unique_ptr<Stage> make_stage(const Toxic& toxic, Dice dice, Time opened) {
    if (auto stage = make_delay_stage(toxic, dice, opened)) return stage;
    if (auto stage = make_flow_stage(toxic, dice, opened)) return stage;
    if (auto stage = make_ending_stage(toxic, opened)) return stage;
    return make_content_stage(toxic, dice);
}

}  // namespace homespun::seism
