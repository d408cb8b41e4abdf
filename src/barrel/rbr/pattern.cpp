#include "barrel/rbr/pattern.hpp"

#include <re2/re2.h>

namespace homespun::barrel::rbr {

Pattern::Pattern(std::unique_ptr<re2::RE2> expression) : expression_(std::move(expression)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

std::expected<Pattern, std::string> Pattern::compile(std::string_view expression) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_never_capture(true);
    options.set_max_mem(1 << 20);  // a contract's expressions are small; what needs more is a mistake
    auto compiled = std::make_unique<RE2>(re2::StringPiece(expression.data(), expression.size()), options);
    if (!compiled->ok()) return std::unexpected(compiled->error());
    return Pattern(std::move(compiled));
}

bool Pattern::matches(std::string_view text) const {
    return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *expression_);
}

}  // namespace homespun::barrel::rbr
