#include "stampede/models/replay_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>

#include "stampede/models/request_group.hpp"

namespace homespun::stampede {
namespace {

std::optional<Expected> expected_of(int status) {
    if (status == 404) return Expected::missing;
    if (status == 304) return Expected::unchanged;
    if (status >= 300 && status < 400) return Expected::redirect;
    if (status >= 200 && status < 300) return Expected::well;
    return std::nullopt;
}

}  // namespace

std::uint64_t NotReplayed::total() const {
    return other_lines + failed + foreign + sync + methods + surplus;
}

std::string NotReplayed::text() const {
    if (total() == 0) return {};
    auto text = fmt::format("{} lines are not replayed:", total());
    const char* comma = " ";
    const auto add = [&](std::uint64_t count, std::string_view why) {
        if (count == 0) return;
        text += fmt::format("{}{} {}", comma, count, why);
        comma = ", ";
    };
    add(other_lines, "were no requests");
    add(failed, "had failed then (4xx but 404, 5xx)");
    add(foreign, "went to something else than a Sync storage");
    add(sync, "went to a Sync storage (write the server's secret behind the URL: #SECRET)");
    add(methods, "had a method that is not sent");
    add(surplus, fmt::format("came after the first {}", ReplayLog::most_requests));
    return text;
}

std::uint32_t ReplayLog::number_of(Numbers& numbers, std::string_view text) {
    const auto found = numbers.find(text);
    if (found != numbers.end()) return found->second;
    const auto number = static_cast<std::uint32_t>(numbers.size());
    numbers.emplace(text, number);
    return number;
}

std::uint16_t ReplayLog::type_of(const AccessLine& line) {
    // Each type costs histograms; a log with more groups than this says little by group anyway.
    constexpr std::size_t most_types = 200;
    auto name = request_group(line.method, line.target);
    if (type_numbers_.size() >= most_types && !type_numbers_.contains(name)) name = "other";
    const auto number = number_of(type_numbers_, name);
    if (number == types_.size()) {
        types_.push_back(std::move(name));
        type_counts_.push_back(0);
    }
    ++type_counts_[number];
    return static_cast<std::uint16_t>(number);
}

void ReplayLog::add(const AccessLine& line) {
    const auto sync = parse_sync_path(line.target);
    if (sync.has_value() != sync_) {
        ++(sync_ ? skipped_.foreign : skipped_.sync);
        return;
    }
    const auto method = std::ranges::find(replay_methods, line.method);
    const auto expected = expected_of(line.status);
    if (method == replay_methods.end() || !expected) {
        ++(expected ? skipped_.methods : skipped_.failed);
        return;
    }
    if (requests_.size() >= most_requests) {
        ++skipped_.surplus;
        return;
    }
    ReplayRequest request;
    request.offset_ms = line.time_ms;
    request.body = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(line.body_bytes.value_or(unknown_body), unknown_body));
    request.type = type_of(line);
    request.method = static_cast<std::uint8_t>(method - replay_methods.begin());
    request.expected = *expected;
    auto target = std::string_view(line.target);
    if (sync)
        target.remove_prefix(static_cast<std::size_t>(sync->user.data() - target.data()) + sync->user.size());
    request.target = number_of(target_numbers_, target);
    if (request.target == targets_.size()) targets_.emplace_back(target);
    owners_.push_back(number_of(user_numbers_, sync ? sync->user : std::string_view(line.user)));
    requests_.push_back(request);
}

void ReplayLog::finish() {
    std::vector<std::uint32_t> order(requests_.size());
    std::iota(order.begin(), order.end(), 0U);
    // Of two requests in one millisecond the one logged first was answered first.
    std::ranges::sort(order, [this](std::uint32_t a, std::uint32_t b) {
        return std::tuple(owners_[a], requests_[a].offset_ms, a) <
               std::tuple(owners_[b], requests_[b].offset_ms, b);
    });
    const auto times = std::ranges::minmax_element(requests_, {}, &ReplayRequest::offset_ms);
    if (!requests_.empty()) {
        first_ms_ = times.min->offset_ms;
        last_ms_ = times.max->offset_ms;
    }
    std::vector<ReplayRequest> sorted;
    sorted.reserve(requests_.size());
    for (const auto number : order) {
        if (owners_[number] == users_.size()) users_.push_back(sorted.size());
        sorted.push_back(requests_[number]);
        sorted.back().offset_ms -= first_ms_;
    }
    requests_ = std::move(sorted);
    owners_ = {};
    user_numbers_.clear();
    target_numbers_.clear();
    type_numbers_.clear();
}

std::span<const ReplayRequest> ReplayLog::of_user(std::uint64_t user) const {
    if (user >= users_.size()) return {};
    const auto end = user + 1 < users_.size() ? users_[user + 1] : requests_.size();
    return std::span(requests_).subspan(users_[user], end - users_[user]);
}

}  // namespace homespun::stampede
