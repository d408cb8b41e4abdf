#include "seism/recorder/golden.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace homespun::seism {

using base::json::Value;

struct Masks::Impl {
    std::vector<std::vector<std::string>> pointers;
    std::vector<std::unique_ptr<re2::RE2>> expressions;
    bool content_type = true;
};

namespace {

std::vector<std::string> pointer_steps(std::string_view text) {
    std::vector<std::string> steps;
    for (const auto part : base::split(text.substr(1), '/')) {
        std::string step(part);
        re2::RE2::GlobalReplace(&step, "~1", "/");
        re2::RE2::GlobalReplace(&step, "~0", "~");
        steps.push_back(std::move(step));
    }
    return steps;
}

void leave_out(Value& value, std::span<const std::string> steps) {
    const auto& name = steps.front();
    const bool last = steps.size() == 1;
    if (auto* object = value.object()) {
        const auto place = std::ranges::find(*object, name, &base::json::Member::first);
        if (place == object->end()) return;
        if (last)
            object->erase(place);
        else
            leave_out(place->second, steps.subspan(1));
    } else if (auto* array = value.array()) {
        const auto index = base::parse_integer<std::size_t>(name);
        if (!index || *index >= array->size()) return;
        if (last)
            (*array)[*index] = Value();  // erasing would move what comes after under this name
        else
            leave_out((*array)[*index], steps.subspan(1));
    }
}

}  // namespace

Masks::Masks() : impl_(std::make_unique<Impl>()) {}
Masks::~Masks() = default;
Masks::Masks(Masks&&) noexcept = default;
Masks& Masks::operator=(Masks&&) noexcept = default;

base::Result<Masks> Masks::parse(const std::vector<std::string>& texts) {
    constexpr std::string_view expression = "regex:", header = "header:";
    Masks masks;
    for (const auto& text : texts) {
        if (text.starts_with('/') && text.size() > 1) {
            masks.impl_->pointers.push_back(pointer_steps(text));
        } else if (text.starts_with(expression)) {
            auto compiled = std::make_unique<re2::RE2>(text.substr(expression.size()), re2::RE2::Quiet);
            if (!compiled->ok()) return base::fail(fmt::format("\"{}\": {}", text, compiled->error()));
            masks.impl_->expressions.push_back(std::move(compiled));
        } else if (text.starts_with(header) && text.size() > header.size()) {
            if (base::iequals(text.substr(header.size()), "content-type")) masks.impl_->content_type = false;
        } else {
            return base::fail(fmt::format(
                "\"{}\" is no mask; write a JSON pointer (/now), regex:EXPRESSION or header:NAME", text));
        }
    }
    return masks;
}

std::string Masks::digest(int status, std::string_view content_type, std::string_view body) const {
    std::string left(body);
    if (!impl_->pointers.empty()) {
        if (auto value = base::json::parse(body)) {
            for (const auto& steps : impl_->pointers)
                leave_out(*value, steps);
            left = base::json::to_text(*value);
        }
    }
    for (const auto& expression : impl_->expressions)
        re2::RE2::GlobalReplace(&left, *expression, "");
    return base::hex_encode(base::sha256(
        fmt::format("{}\n{}\n{}", status, impl_->content_type ? content_type : std::string_view(), left)));
}

void mark_likeness(Trial& trial) {
    struct Answers {
        std::string digest;
        int times = 0;
        bool vary = false;
    };
    using Request = std::tuple<std::string, std::string, std::string>;
    const auto request_of = [](const Exchange& each) {
        return Request(each.method, each.path, each.request_digest);
    };
    std::map<Request, Answers> known;
    for (const auto& exchange : trial.exchanges) {
        if (exchange.phase != Phase::before || exchange.answer_digest.empty()) continue;
        auto& answers = known[request_of(exchange)];
        if (answers.times++ == 0) answers.digest = exchange.answer_digest;
        answers.vary = answers.vary || answers.digest != exchange.answer_digest;
    }
    for (auto& exchange : trial.exchanges) {
        exchange.likeness = Likeness::unknown;
        const auto place = known.find(request_of(exchange));
        if (exchange.answer_digest.empty() || place == known.end()) continue;
        const auto& answers = place->second;
        if (answers.times < 2 || answers.vary) continue;
        exchange.likeness = answers.digest == exchange.answer_digest ? Likeness::same : Likeness::different;
    }
}

}  // namespace homespun::seism
