#include "seism/experiment/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/statistics.hpp"
#include "net/http/url.hpp"
#include "seism/experiment/behaviour.hpp"

namespace homespun::seism {
namespace {

std::optional<std::string> unmet(const Probe& probe, const std::vector<Exchange>& exchanges) {
    if (probe.kind == Probe::Kind::p99_ms) {
        std::vector<double> times;
        for (const auto& exchange : exchanges)
            times.push_back(static_cast<double>(exchange.took()) / 1000);
        const double p99 = base::quantile(times, 0.99);
        if (p99 <= probe.most) return std::nullopt;
        return fmt::format("p99 is {:.1f} ms, allowed are {}", p99, probe.most);
    }
    double errors = 0;
    std::string first;
    for (const auto& exchange : exchanges) {
        const bool good = probe.kind == Probe::Kind::status
                              ? exchange.answered() &&
                                    std::ranges::find(probe.statuses, exchange.status) != probe.statuses.end()
                              : exchange.answered() && exchange.status < 500;
        if (good) continue;
        if (errors++ == 0)
            first = fmt::format("{} {}: {}", exchange.method, exchange.path,
                                exchange.answered() ? std::to_string(exchange.status)
                                                    : std::string(word_of(exchange.outcome)));
    }
    const double share = errors / static_cast<double>(exchanges.size());
    if (share <= probe.most) return std::nullopt;
    return fmt::format("{} of {} requests failed, the first: {}", errors, exchanges.size(), first);
}

}  // namespace

std::string HostPort::text() const {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
}

std::optional<std::string> SteadyPlan::complaint(const std::vector<Exchange>& exchanges) const {
    if (exchanges.empty()) return "no request was made";
    if (probes.empty()) return unmet(Probe{}, exchanges);
    for (const auto& probe : probes) {
        if (auto complaint = unmet(probe, exchanges)) return complaint;
    }
    return std::nullopt;
}

std::string Perturbation::settings() const {
    auto text = attributes_text(toxic);
    const auto add = [&](std::string_view words) {
        text += fmt::format("{}{}", text.empty() ? "" : " ", words);
    };
    if (toxic.stream == Stream::upstream) add("upstream");
    if (toxic.toxicity < 1) add(fmt::format("toxicity={}", toxic.toxicity));
    return text;
}

std::string LogPlan::match_for(std::string_view back) const {
    const auto own = std::ranges::find(match_of, back, &std::pair<std::string, std::string>::first);
    auto text = own == match_of.end() ? match : own->second;
    constexpr std::string_view place = "{back}";
    for (auto at = text.find(place); at != std::string::npos; at = text.find(place, at + back.size()))
        text.replace(at, place.size(), back);
    return text;
}

std::chrono::milliseconds shortest_run(const Experiment& experiment) {
    std::chrono::milliseconds time{0};
    for (const auto& perturbation : experiment.perturbations)
        time += experiment.steady.time + experiment.pause + perturbation.cycles * perturbation.time;
    return time;
}

}  // namespace homespun::seism
