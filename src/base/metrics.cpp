#include "base/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace homespun::base::metrics {
namespace {

std::uint64_t sum(std::span<const Page* const> pages, std::size_t slot) {
    std::uint64_t total = 0;
    for (const auto* page : pages)
        total += page->slots[slot].load(std::memory_order_relaxed);
    return total;
}

/// Whole numbers stay whole: a double would round them from 2^53 on.
template <class Number>
std::string shown(Number value, double unit) {
    return unit == 1 ? std::to_string(value) : fmt::format("{}", static_cast<double>(value) / unit);
}

}  // namespace

void Histogram::observe(std::uint64_t value) const {
    if (first_ == nullptr) return;
    const auto& bounds = buckets_->bounds;
    std::size_t bucket = 0;
    while (bucket < bounds.size() && value > bounds[bucket])
        ++bucket;
    first_[bucket].fetch_add(1, std::memory_order_relaxed);
    first_[bounds.size() + 1].fetch_add(value, std::memory_order_relaxed);
}

std::atomic<std::uint64_t>* Registry::take(Family family, std::string_view labels) {
    const std::lock_guard lock(mutex_);
    const std::size_t slots = family.kind == Kind::histogram ? family.buckets->slots() : 1;
    if (next_ + slots > Page::slot_count)
        std::abort();  // a fixed set registered at start: a programmer's error
    const auto [place, fresh] = places_.try_emplace(family.name, families_.size());
    if (fresh) families_.push_back(std::move(family));
    families_[place->second].series.push_back({std::string(labels), next_});
    auto* first = &mine_.slots[next_];
    next_ += slots;
    return first;
}

Counter Registry::counter(std::string_view name, std::string_view help, std::string_view labels,
                          double unit) {
    return Counter(take({Kind::counter, std::string(name), std::string(help), unit, nullptr, {}}, labels));
}

Gauge Registry::gauge(std::string_view name, std::string_view help, std::string_view labels, double unit) {
    return Gauge(take({Kind::gauge, std::string(name), std::string(help), unit, nullptr, {}}, labels));
}

Histogram Registry::histogram(std::string_view name, std::string_view help, std::string_view labels,
                              const Buckets& buckets) {
    return {take({Kind::histogram, std::string(name), std::string(help), buckets.unit, &buckets, {}}, labels),
            buckets};
}

void Registry::begin_line() {
    const std::lock_guard lock(mutex_);
    next_ = (next_ + Page::line - 1) / Page::line * Page::line;
}

void Registry::before_render(std::function<void()> look) {
    const std::lock_guard lock(mutex_);
    looks_.push_back(std::move(look));
}

std::string Registry::render() const {
    const std::array<const Page*, 1> pages{&mine_};
    return render(pages);
}

std::string Registry::render(std::span<const Page* const> pages) const {
    const std::lock_guard lock(mutex_);
    for (const auto& look : looks_)
        look();
    std::string text;
    auto out = std::back_inserter(text);
    for (const auto& family : families_) {
        static constexpr std::array<std::string_view, 3> kinds = {"counter", "gauge", "histogram"};
        fmt::format_to(out, "# HELP {0} {1}\n# TYPE {0} {2}\n", family.name, family.help,
                       kinds[static_cast<std::size_t>(family.kind)]);
        for (const auto& series : family.series)
            render_series(text, family, series, pages);
    }
    return text;
}

void Registry::render_series(std::string& text, const Family& family, const Series& series,
                             std::span<const Page* const> pages) {
    auto out = std::back_inserter(text);
    const auto braced = series.labels.empty() ? std::string() : "{" + series.labels + "}";
    const auto value = sum(pages, series.first);
    if (family.kind == Kind::counter) {
        fmt::format_to(out, "{}{} {}\n", family.name, braced, shown(value, family.unit));
        return;
    }
    if (family.kind == Kind::gauge) {
        fmt::format_to(out, "{}{} {}\n", family.name, braced,
                       shown(static_cast<std::int64_t>(value), family.unit));
        return;
    }
    const auto& bounds = family.buckets->bounds;
    const auto* const comma = series.labels.empty() ? "" : ",";
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
        total += sum(pages, series.first + i);
        const auto bound = i < bounds.size() ? shown(bounds[i], family.unit) : std::string("+Inf");
        fmt::format_to(out, "{}_bucket{{{}{}le=\"{}\"}} {}\n", family.name, series.labels, comma, bound,
                       total);
    }
    fmt::format_to(out, "{0}_sum{1} {2}\n{0}_count{1} {3}\n", family.name, braced,
                   shown(sum(pages, series.first + bounds.size() + 1), family.unit), total);
}

}  // namespace homespun::base::metrics
