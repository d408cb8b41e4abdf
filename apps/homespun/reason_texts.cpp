#include "reason_texts.hpp"

#include <algorithm>

#include "base/text.hpp"

using namespace homespun;

ReasonTexts::ReasonTexts(std::string_view page) {
    for (const auto line : base::split(page, '\n')) {
        if (!line.starts_with("| `")) continue;
        const auto middle = std::min(line.find('|', 1), line.size());
        auto meaning = base::trim(line.substr(middle));
        if (meaning.starts_with('|')) meaning.remove_prefix(1);
        if (meaning.ends_with('|')) meaning.remove_suffix(1);
        const auto pieces = base::split(line.substr(1, middle - 1), '`');
        for (std::size_t i = 1; i < pieces.size(); i += 2)
            meanings_.emplace(pieces[i], base::trim(meaning));
    }
}

std::string_view ReasonTexts::of(std::string_view reason) const {
    const auto found = meanings_.find(reason);
    return found == meanings_.end() ? std::string_view() : std::string_view(found->second);
}
