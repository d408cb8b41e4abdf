#include "sync/protocol/accept.hpp"

#include <charconv>
#include <string>

#include "base/text.hpp"

namespace homespun::sync::protocol {
namespace {

enum Rank { none = -1, any, group, exact };

struct Best {
    int rank = none;
    double quality = 0;
};

double quality_in(std::string_view entry) {
    double quality = 1;
    for (const auto piece : base::split(entry, ';')) {
        const auto parameter = base::trim(piece);
        if (parameter.size() < 3 || (parameter[0] != 'q' && parameter[0] != 'Q') || parameter[1] != '=')
            continue;
        const auto end = parameter.data() + parameter.size();
        if (std::from_chars(parameter.data() + 2, end, quality).ec != std::errc{}) quality = 0;
    }
    return quality;
}

Best best_entry(std::string_view header, std::string_view type) {
    const auto its_group = std::string(type.substr(0, type.find('/'))) + "/*";
    Best best;
    for (const auto entry : base::split(header, ',')) {
        const auto range = base::trim(entry.substr(0, entry.find(';')));
        const int rank = base::iequals(range, type)        ? exact
                         : base::iequals(range, its_group) ? group
                         : range == "*/*"                  ? any
                                                           : none;
        if (rank <= best.rank) continue;
        const auto parameters = entry.find(';');
        best = {rank, parameters == std::string_view::npos ? 1 : quality_in(entry.substr(parameters))};
    }
    return best;
}

}  // namespace

double accept_quality(std::string_view header, std::string_view type) {
    return best_entry(header, type).quality;
}

std::optional<double> named_quality(std::string_view header, std::string_view type) {
    const auto best = best_entry(header, type);
    if (best.rank != exact) return std::nullopt;
    return best.quality;
}

}  // namespace homespun::sync::protocol
