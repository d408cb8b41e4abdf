#include "reason_texts.hpp"

#include "base/text.hpp"

using namespace homespun;

ReasonTexts::ReasonTexts(std::string_view page) {
    while (!page.empty()) {
        const auto line = page.substr(0, page.find('\n'));
        page.remove_prefix(std::min(page.size(), line.size() + 1));
        const auto middle = line.find("` | ");
        if (!line.starts_with("| `") || middle == std::string_view::npos) continue;
        auto meaning = base::trim(line.substr(middle + 3));
        if (meaning.ends_with('|')) meaning = base::trim(meaning.substr(0, meaning.size() - 1));
        auto words = line.substr(2, middle - 1);
        while (!words.empty()) {
            const auto word = base::trim(words.substr(0, words.find(',')));
            words.remove_prefix(std::min(words.size(), words.find(',') == std::string_view::npos
                                                           ? words.size()
                                                           : words.find(',') + 1));
            if (word.size() > 2) texts_.emplace(word.substr(1, word.size() - 2), meaning);
        }
    }
}

std::string_view ReasonTexts::of(std::string_view reason) const {
    const auto found = texts_.find(reason);
    return found == texts_.end() ? std::string_view() : std::string_view(found->second);
}
