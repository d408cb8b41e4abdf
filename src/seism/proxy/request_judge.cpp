#include "seism/proxy/request_judge.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "seism/toxics/catalogue.hpp"

namespace homespun::seism {
namespace {

wire::Mode mode_named(const std::string& word) {
    if (word == "after") return wire::Mode::after;
    if (word == "before_close") return wire::Mode::before_close;
    return wire::Mode::instead;
}

/// The fault that a toxic's attributes describe; types have only those that mean something for them.
wire::Fault make_fault(const Toxic& toxic) {
    wire::Fault fault;
    const auto& rules = find_toxic_type(toxic.type)->attributes;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const auto name = rules[i].name;
        const auto& value = toxic.attributes[i];
        if (name == "kind") fault.kind = std::get<std::string>(value);
        if (name == "mode") fault.mode = mode_named(std::get<std::string>(value));
        if (name == "code") fault.code = std::get<std::int64_t>(value);
        if (name == "state") fault.state = std::get<std::string>(value);
        if (name == "message") fault.message = std::get<std::string>(value);
        if (name == "body") fault.body = std::get<std::string>(value);
        if (name == "content_type") fault.content_type = std::get<std::string>(value);
        if (name == "retry_after") fault.retry_after_s = std::get<std::int64_t>(value);
        if (name == "interval") fault.interval_ms = std::get<std::int64_t>(value);
        if (name == "bytes" || name == "entries") fault.bytes = std::get<std::int64_t>(value);
    }
    return fault;
}

std::uint64_t count_of(const Toxic& toxic, std::string_view name) {
    return static_cast<std::uint64_t>(toxic.integer(name));
}

}  // namespace

struct RequestRule::Pattern {
    explicit Pattern(const std::string& text) : expression(text, RE2::Quiet) {}
    RE2 expression;
};

RequestRule::RequestRule(Toxic toxic, std::uint64_t revision)
    : toxic_(std::move(toxic)),
      revision_(revision),
      protocol_(find_toxic_type(toxic_.type)->protocol),
      fault_(make_fault(toxic_)),
      at_connect_(toxic_.text("at") == "connect"),
      only_writes_(toxic_.flag("only_writes")),
      skip_(count_of(toxic_, "skip")),
      most_bites_(count_of(toxic_, "max_bites")) {
    if (!toxic_.text("match").empty()) pattern_ = std::make_unique<Pattern>(toxic_.text("match"));
    if (protocol_ == wire::Protocol::http && !toxic_.text("match_header").empty())
        header_ = std::make_unique<Pattern>("(?im)" + toxic_.text("match_header"));
}

RequestRule::~RequestRule() = default;

bool RequestRule::matches(const wire::Request& request) const {
    if (at_connect_ != (request.ordinal == 0)) return false;
    if (only_writes_ && !request.writes) return false;
    if (header_ && !RE2::PartialMatch(request.head, header_->expression)) return false;
    if (!pattern_) return true;
    return RE2::PartialMatch(request.subject, pattern_->expression) ||
           RE2::PartialMatch(fmt::format("{} {}", request.verb, request.subject), pattern_->expression);
}

bool RequestRule::meets(const wire::Request& request, const Dice& dice) {
    if (!matches(request)) return false;
    if (matched_++ < skip_) return false;
    if (most_bites_ > 0 && bites_ >= most_bites_) return false;
    if (dice.share(0) >= static_cast<double>(toxic_.toxicity)) return false;
    ++bites_;
    return true;
}

const wire::Fault* RequestJudge::judge(const wire::Request& request) {
    for (const auto& rule : rules_) {
        if (rule->protocol() != setting_.protocol) continue;
        if (!rule->meets(request, setting_.dice.of(rule->toxic().name).of(request.ordinal))) continue;
        if (std::ranges::find(given_, rule) == given_.end()) given_.push_back(rule);
        return &rule->fault();
    }
    return nullptr;
}

void RequestJudge::bitten(const wire::Fault& fault, const wire::Request& request) {
    ProxyCounts::add(setting_.counts.bites, 1);
    if (setting_.watcher == nullptr) return;
    for (const auto& rule : given_) {
        if (&rule->fault() == &fault)
            setting_.watcher->bitten(
                {setting_.proxy, rule->toxic().name, setting_.connection, request.ordinal});
    }
}

}  // namespace homespun::seism
