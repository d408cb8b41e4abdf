#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/json.hpp"
#include "stampede/models/log_summary.hpp"

// What people and programs read of a log.
namespace homespun::stampede {
namespace {

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// `2026-11-21 15:07:29`, UTC.
std::string time_text(std::int64_t time_s) {
    const std::chrono::sys_seconds time{std::chrono::seconds(time_s)};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string span_text(double seconds) {
    if (seconds < 120) return fmt::format("{:.0f} s", seconds);
    if (seconds < 7200) return fmt::format("{:.1f} min", seconds / 60);
    return fmt::format("{:.1f} h", seconds / 3600);
}

constexpr double shown_quantiles[] = {0.5, 0.9, 0.99};

void write_sizes(base::json::Writer& writer, std::string_view name, const base::Histogram& sizes) {
    writer.key(name).begin_object().member("known", sizes.count());
    if (sizes.count() > 0) {
        for (const double q : shown_quantiles)
            writer.member(fmt::format("p{:.0f}", q * 100), sizes.quantile(q));
        writer.member("max", sizes.max()).member("mean", sizes.mean());
    }
    writer.end_object();
}

void write_peak(base::json::Writer& writer, std::string_view name, const RequestClock::Peak& peak) {
    writer.key(name).begin_object().member("requests", peak.requests).member("at_s", peak.at_s).end_object();
}

}  // namespace

std::string LogSummary::head_text() const {
    const auto [reads, writes] = total();
    auto text = fmt::format("{} requests in {}, from {} to {} UTC\n", requests_, span_text(seconds()),
                            time_text(first_ms_ / 1000), time_text(last_ms_ / 1000));
    text += fmt::format("users: {}{}\n", users_.is_exact() ? "" : "about ", users_.count());
    text += fmt::format("requests a second: {:.4g} mean, {} in the peak second ({} UTC)\n",
                        static_cast<double>(requests_) / seconds(), clock_.second().requests,
                        time_text(clock_.second().at_s));
    text += fmt::format("peak hour: {} requests, {:.4g} a second (from {} UTC)\n", clock_.hour().requests,
                        static_cast<double>(clock_.hour().requests) / 3600, time_text(clock_.hour().at_s));
    text += fmt::format("reads {} ({:.1f} %), writes {} ({:.1f} %)\n", reads, share(reads, requests_) * 100,
                        writes, share(writes, requests_) * 100);
    text += "answers:";
    for (std::size_t i = 1; i < classes_.size(); ++i) {
        if (classes_[i] > 0) text += fmt::format(" {}xx {}", i, classes_[i]);
    }
    return text + "\n";
}

std::string LogSummary::hours_text() const {
    std::string text = "\nhour (UTC)       reads      writes\n";
    for (std::size_t hour = 0; hour < hours_.size(); ++hour) {
        const auto& [reads, writes] = hours_[hour];
        if (reads + writes > 0) text += fmt::format("{:>10}  {:>10}  {:>10}\n", hour, reads, writes);
    }
    return text;
}

std::string LogSummary::sizes_text() const {
    std::string text;
    const auto add = [&text](std::string_view what, const base::Histogram& sizes) {
        if (sizes.count() == 0) return;
        text += fmt::format("{}: median {}, p90 {}, p99 {}, most {}\n", what, sizes.quantile(0.5),
                            sizes.quantile(0.9), sizes.quantile(0.99), sizes.max());
    };
    add("bytes of an answer", answer_bytes_);
    add("bytes of a request's body", body_bytes_);
    return text;
}

std::string LogSummary::text() const {
    const auto others = others_ == 0 ? "" : fmt::format("{} lines were no requests\n", others_);
    if (requests_ == 0) return "there is no request in it\n" + others;
    auto text = head_text() + sizes_text() + others + hours_text();
    text += "\n  requests   share  request\n";
    for (const auto& [name, count] : groups())
        text += fmt::format("{:>10}  {:>4.1f} %  {}\n", count, share(count, requests_) * 100, name);
    return text;
}

std::string LogSummary::json() const {
    std::string out;
    base::json::Writer writer(out);
    const auto [reads, writes] = total();
    writer.begin_object();
    writer.member("requests", requests_)
        .member("sync_requests", sync_requests_)
        .member("other_lines", others_);
    writer.member("first_ms", first_ms_).member("last_ms", last_ms_);
    writer.member("users", users_.count()).member("users_exact", users_.is_exact());
    writer.member("mean_per_s", requests_ == 0 ? 0 : static_cast<double>(requests_) / seconds());
    write_peak(writer, "peak_second", clock_.second());
    write_peak(writer, "peak_hour", clock_.hour());
    writer.member("reads", reads).member("writes", writes);
    writer.key("answers").begin_object();
    for (std::size_t i = 1; i < classes_.size(); ++i)
        writer.member(fmt::format("{}xx", i), classes_[i]);
    writer.end_object();
    write_sizes(writer, "answer_bytes", answer_bytes_);
    write_sizes(writer, "body_bytes", body_bytes_);
    writer.key("hours").begin_array();
    for (const auto& hour : hours_)
        writer.begin_object().member("reads", hour.reads).member("writes", hour.writes).end_object();
    writer.end_array();
    writer.key("mix").begin_array();
    for (const auto& [name, count] : groups())
        writer.begin_object().member("name", name).member("requests", count).end_object();
    writer.end_array().end_object();
    return out;
}

}  // namespace homespun::stampede
