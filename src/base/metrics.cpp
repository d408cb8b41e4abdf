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

std::string with_labels(std::string_view labels, std::string_view more) {
    if (labels.empty() && more.empty()) return {};
    return fmt::format("{{{}{}{}}}", labels, labels.empty() || more.empty() ? "" : ",", more);
}

}  // namespace

void Histogram::observe_us(std::uint64_t microseconds) const {
    std::size_t bucket = 0;
    while (bucket < bounds_us.size() && microseconds > bounds_us[bucket])
        ++bucket;
    first_[bucket].fetch_add(1, std::memory_order_relaxed);
    first_[bounds_us.size() + 1].fetch_add(microseconds, std::memory_order_relaxed);
}

std::atomic<std::uint64_t>* Registry::take(Kind kind, std::string_view name, std::string_view help,
                                           std::string_view labels, std::size_t slots) {
    const std::lock_guard lock(mutex_);
    if (next_ + slots > Page::slot_count)
        std::abort();  // a fixed set registered at start: a programmer's error
    families_.push_back({kind, std::string(name), std::string(help), std::string(labels), next_});
    auto* first = &mine_.slots[next_];
    next_ += slots;
    return first;
}

Counter Registry::counter(std::string_view name, std::string_view help, std::string_view labels) {
    return Counter(take(Kind::counter, name, help, labels, 1));
}

Gauge Registry::gauge(std::string_view name, std::string_view help, std::string_view labels) {
    return Gauge(take(Kind::gauge, name, help, labels, 1));
}

Histogram Registry::histogram(std::string_view name, std::string_view help, std::string_view labels) {
    return Histogram(take(Kind::histogram, name, help, labels, Histogram::slots));
}

std::string Registry::render() const {
    const std::array<const Page*, 1> pages{&mine_};
    return render(pages);
}

std::string Registry::render(std::span<const Page* const> pages) const {
    const std::lock_guard lock(mutex_);
    std::string text;
    auto out = std::back_inserter(text);
    // The format wants all samples of a name in one group, whatever the order of registration.
    std::vector<const Family*> grouped;
    for (const auto& family : families_) {
        const auto last = std::find_if(grouped.rbegin(), grouped.rend(),
                                       [&](const Family* other) { return other->name == family.name; });
        grouped.insert(last == grouped.rend() ? grouped.end() : last.base(), &family);
    }
    std::string_view described;
    for (const auto* entry : grouped) {
        const auto& family = *entry;
        static constexpr std::array<std::string_view, 3> kinds = {"counter", "gauge", "histogram"};
        if (std::exchange(described, family.name) != family.name) {
            fmt::format_to(out, "# HELP {0} {1}\n# TYPE {0} {2}\n", family.name, family.help,
                           kinds[static_cast<std::size_t>(family.kind)]);
        }
        const auto value = sum(pages, family.first);
        if (family.kind == Kind::counter) {
            fmt::format_to(out, "{}{} {}\n", family.name, with_labels(family.labels, {}), value);
        } else if (family.kind == Kind::gauge) {
            fmt::format_to(out, "{}{} {}\n", family.name, with_labels(family.labels, {}),
                           static_cast<std::int64_t>(value));
        } else {
            std::uint64_t total = 0;
            for (std::size_t i = 0; i <= Histogram::bounds_us.size(); ++i) {
                total += sum(pages, family.first + i);
                const auto bound =
                    i < Histogram::bounds_us.size()
                        ? fmt::format("le=\"{}\"", static_cast<double>(Histogram::bounds_us[i]) / 1e6)
                        : std::string("le=\"+Inf\"");
                fmt::format_to(out, "{}_bucket{} {}\n", family.name, with_labels(family.labels, bound),
                               total);
            }
            const auto sum_us = sum(pages, family.first + Histogram::bounds_us.size() + 1);
            fmt::format_to(out, "{0}_sum{1} {2}\n{0}_count{1} {3}\n", family.name,
                           with_labels(family.labels, {}), static_cast<double>(sum_us) / 1e6, total);
        }
    }
    return text;
}

}  // namespace homespun::base::metrics
