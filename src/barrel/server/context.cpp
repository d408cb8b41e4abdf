#include "barrel/server/context.hpp"

namespace homespun::barrel {

std::string_view Context::parameter(std::string_view name) const {
    for (const rbr::Parameter& parameter : match_.parameters) {
        if (parameter.name == name) return parameter.value;
    }
    return {};
}

std::string_view Context::raw_parameter(std::string_view name) const {
    for (const rbr::Parameter& parameter : match_.parameters) {
        if (parameter.name == name) return parameter.raw;
    }
    return {};
}

void Context::explain(const Problem& problem) {
    if (reason_.empty()) reason_ = problem.reason;
    if (hint_.empty()) hint_ = problem.hint.empty() ? problem.detail : problem.hint;
}

}  // namespace homespun::barrel
