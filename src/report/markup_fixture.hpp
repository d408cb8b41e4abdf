#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace homespun::report {

/// A strict reader of the XML that this room writes: balanced tags, quoted attributes told once, known
/// references only, UTF-8, no control characters. `fault()` is empty, or says what is wrong and where.
class MarkupCheck {
  public:
    explicit MarkupCheck(std::string_view text) : text_(text), rest_(text) {
        if (!base::is_utf8(text)) complain("not UTF-8");
        for (const char c : text) {
            if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r')
                complain("control character");
        }
        while (fault_.empty() && !rest_.empty())
            step();
        if (fault_.empty() && !open_.empty()) complain("not closed: " + open_.back());
    }

    [[nodiscard]] const std::string& fault() const { return fault_; }

  private:
    void complain(const std::string& what) {
        const auto at = text_.size() - rest_.size();
        if (fault_.empty()) fault_ = what + " near: " + std::string(text_.substr(at > 40 ? at - 40 : 0, 120));
    }

    std::string_view take_until(std::string_view end) {
        const auto at = rest_.find(end);
        if (at == std::string_view::npos) {
            complain("no " + std::string(end));
            return {};
        }
        const auto taken = rest_.substr(0, at);
        rest_.remove_prefix(at + end.size());
        return taken;
    }

    void check_text(std::string_view text) {
        if (text.contains('<')) complain("< in text");
        for (auto at = text.find('&'); at != std::string_view::npos; at = text.find('&', at + 1)) {
            const auto name = text.substr(at, text.find(';', at) - at);
            if (name != "&amp" && name != "&lt" && name != "&gt" && name != "&quot" && name != "&#39") {
                complain("unknown reference");
            }
        }
    }

    void step() {
        const auto tag = rest_.find('<');
        check_text(rest_.substr(0, tag));
        if (tag == std::string_view::npos) {
            rest_ = {};
            return;
        }
        rest_.remove_prefix(tag + 1);
        if (rest_.starts_with("!DOCTYPE") || rest_.starts_with("?xml")) {
            take_until(">");
        } else if (rest_.starts_with('/')) {
            const auto name = take_until(">").substr(1);
            if (open_.empty() || open_.back() != name)
                return complain("closes what is not open: " + std::string(name));
            open_.pop_back();
        } else {
            read_tag();
        }
    }

    void read_tag() {
        const auto end = rest_.find_first_of(" />");
        const std::string name(rest_.substr(0, end));
        if (name.empty() || end == std::string_view::npos) return complain("no tag");
        rest_.remove_prefix(end);
        std::vector<std::string> names;
        while (fault_.empty() && rest_.starts_with(' ')) {
            rest_ = rest_.substr(rest_.find_first_not_of(' '));
            if (rest_.starts_with('/') || rest_.starts_with('>')) break;
            const std::string attribute(take_until("=\""));
            for (const auto& other : names) {
                if (other == attribute) complain("twice: " + attribute);
            }
            if (attribute.find_first_of(" <>&\"'") != std::string::npos)
                complain("bad attribute: " + attribute);
            names.push_back(attribute);
            check_text(take_until("\""));
        }
        if (!rest_.starts_with("/>")) open_.push_back(name);
        if (!rest_.starts_with("/>") && !rest_.starts_with('>')) complain("bad end of a tag");
        take_until(">");
    }

    std::string_view text_, rest_;
    std::vector<std::string> open_;
    std::string fault_;
};

/// Everything that could break out of where it is put.
inline constexpr std::string_view hostile =
    "</title><script>alert('&\"')</script>\x01\x1B]\xFF\xC0\xAF ]]>&amp; \xF0\x9F\x90\x9D";

}  // namespace homespun::report
