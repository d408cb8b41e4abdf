#include "stampede/models/log_summary.hpp"

#include <algorithm>
#include <functional>

#include "stampede/engine/session.hpp"
#include "stampede/models/request_group.hpp"

// Counting; log_summary_text.cpp has what people read.
namespace homespun::stampede {
namespace {

constexpr std::int64_t ms_per_s = 1000, s_per_hour = 3600, s_per_day = 86'400;

/// More than are shown, so that what comes late in a log may still be among the most frequent.
constexpr std::size_t most_kept_groups = 5000;
/// Requests with longer targets are "other": an example of each group is kept.
constexpr std::size_t longest_example = 4096;

bool is_read(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

bool is_well(int status) {
    return status >= 200 && status < 400;
}

}  // namespace

void DistinctCount::add(std::string_view text) {
    const auto hash = Dice(std::hash<std::string_view>{}(text)).next();
    const auto belongs = [this](std::uint64_t one) {
        return (one & ((std::uint64_t{1} << halvings_) - 1)) == 0;
    };
    if (!belongs(hash)) return;
    kept_.insert(hash);
    while (kept_.size() > exact) {
        ++halvings_;
        std::erase_if(kept_, [&](std::uint64_t one) { return !belongs(one); });
    }
}

void RequestClock::add(std::int64_t time_ms) {
    const auto time_s = time_ms / ms_per_s;
    const auto number = time_s / s_per_day;
    auto found = days_.find(number);
    if (found == days_.end()) {
        if (days_.size() >= most_days) days_.erase(days_.begin());
        found = days_.try_emplace(number).first;
        found->second.seconds.resize(s_per_day);
    }
    const auto rest = static_cast<std::size_t>(time_s - number * s_per_day);
    const auto in_second = ++found->second.seconds[rest];
    if (in_second > second_.requests) second_ = {time_s, in_second};
    const auto in_hour = ++found->second.hours[rest / s_per_hour];
    if (in_hour > hour_.requests) hour_ = {time_s - time_s % s_per_hour, in_hour};
}

void LogSummary::add(const AccessLine& line) {
    first_ms_ = requests_ == 0 ? line.time_ms : std::min(first_ms_, line.time_ms);
    last_ms_ = requests_ == 0 ? line.time_ms : std::max(last_ms_, line.time_ms);
    ++requests_;
    auto& hour = hours_[static_cast<std::size_t>(line.time_ms / ms_per_s / s_per_hour % 24)];
    ++(is_read(line.method) ? hour.reads : hour.writes);
    ++classes_[static_cast<std::size_t>(std::clamp(line.status / 100, 1, 5))];
    if (line.answer_bytes)
        answer_bytes_.record(static_cast<std::int64_t>(
            std::min(*line.answer_bytes, std::uint64_t{base::Histogram::highest_value})));
    if (line.body_bytes)
        body_bytes_.record(static_cast<std::int64_t>(
            std::min(*line.body_bytes, std::uint64_t{base::Histogram::highest_value})));
    clock_.add(line.time_ms);
    const auto sync = parse_sync_path(line.target);
    if (sync) ++sync_requests_;
    const auto user = sync ? sync->user : std::string_view(line.user);
    if (!user.empty()) users_.add(user);
    add_group(line);
}

void LogSummary::add_group(const AccessLine& line) {
    auto name = request_group(line.method, line.target);
    auto found = groups_.find(name);
    if (found == groups_.end()) {
        if (groups_.size() >= most_kept_groups || line.target.size() > longest_example) {
            ++ungrouped_;
            return;
        }
        found = groups_.try_emplace(std::move(name)).first;
    }
    auto& group = found->second;
    if (++group.requests > 1 && (is_well(group.status) || !is_well(line.status))) return;
    if (line.target.size() > longest_example) return;
    group.method = line.method;
    group.status = line.status;
    group.target = line.target;
    if (const auto sync = parse_sync_path(line.target)) {
        const auto at = static_cast<std::size_t>(sync->user.data() - line.target.data());
        group.target.replace(at, sync->user.size(), "{user}");
    }
}

std::vector<const LogSummary::Row*> LogSummary::rows() const {
    std::vector<const Row*> rows;
    rows.reserve(groups_.size());
    for (const auto& row : groups_)
        rows.push_back(&row);
    // Names decide between equals, so that a log always reads the same.
    std::ranges::sort(rows, [](const Row* a, const Row* b) {
        return std::pair(b->second.requests, std::string_view(a->first)) <
               std::pair(a->second.requests, std::string_view(b->first));
    });
    return rows;
}

std::vector<LogSummary::Group> LogSummary::groups() const {
    std::vector<Group> groups;
    std::uint64_t other = ungrouped_;
    for (const auto* row : rows()) {
        if (groups.size() < most_groups) {
            groups.push_back({row->first, row->second.requests});
        } else {
            other += row->second.requests;
        }
    }
    if (other > 0) groups.push_back({"other", other});
    return groups;
}

std::vector<HttpRequest> LogSummary::mix() const {
    std::vector<HttpRequest> requests;
    for (const auto* row : rows()) {
        if (requests.size() == most_groups) break;
        const auto& kept = row->second;
        HttpRequest request;
        request.weight = static_cast<double>(kept.requests);
        request.name = row->first;
        request.method = kept.method;
        request.target = kept.target;
        if (!is_well(kept.status)) request.expected.push_back(kept.status);
        requests.push_back(std::move(request));
    }
    return requests;
}

double LogSummary::seconds() const {
    const auto span = static_cast<double>(last_ms_ - first_ms_) / static_cast<double>(ms_per_s);
    return std::max(span, 1.0);
}

LogSummary::Hour LogSummary::total() const {
    Hour total;
    for (const auto& hour : hours_) {
        total.reads += hour.reads;
        total.writes += hour.writes;
    }
    return total;
}

}  // namespace homespun::stampede
