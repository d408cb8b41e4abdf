#include "stampede/results/run_tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/csv.hpp"
#include "report/junit.hpp"
#include "stampede/results/figures.hpp"

namespace homespun::stampede {
namespace {

using report::csv_number;
using Row = std::vector<std::string>;

constexpr std::pair<std::string_view, double> quantiles[] = {
    {"p50_ms", 0.5},  {"p75_ms", 0.75},    {"p90_ms", 0.9},      {"p95_ms", 0.95},
    {"p99_ms", 0.99}, {"p99.9_ms", 0.999}, {"p99.99_ms", 0.9999}};

double ms(double us) {
    return us / 1000;
}

std::string number(double value) {
    return csv_number(value);
}
std::string number(std::uint64_t value) {
    return std::to_string(value);
}
std::string number(const std::optional<double>& value) {
    return value ? csv_number(*value) : std::string();
}

Row level_header() {
    Row row{"level",   "purpose", "load",  "start_s", "seconds",        "good",
            "settled", "why",     "scope", "type",    "requests_per_s", "good_per_s"};
    for (std::size_t i = 0; i < error_classes; ++i)
        row.emplace_back(name_of(static_cast<ErrorClass>(i)));
    for (const auto& [name, share] : quantiles)
        row.emplace_back(name);
    for (const auto* name :
         {"max_ms", "mean_ms", "deviation_ms", "service_p50_ms", "service_p99_ms", "first_byte_p50_ms",
          "first_byte_p99_ms", "apdex", "bytes_in", "bytes_out", "sessions_started", "sessions_finished",
          "connections_opened", "in_flight_peak", "send_lag_p99_ms"})
        row.emplace_back(name);
    return row;
}

void add_tally(Row& row, const Tally& tally, double seconds, const Demands& demands) {
    const auto rate = [&](std::uint64_t count) {
        return seconds > 0 ? number(static_cast<double>(count) / seconds) : std::string();
    };
    row.push_back(rate(tally.total()));
    row.push_back(rate(tally.good));
    for (const auto count : tally.errors)
        row.push_back(number(count));
    for (const auto& [name, share] : quantiles)
        row.push_back(number(quantile_ms(tally, share)));
    row.push_back(number(ms(static_cast<double>(tally.response.max()))));
    row.push_back(number(ms(tally.response.mean())));
    row.push_back(number(ms(tally.response.standard_deviation())));
    for (const auto* times : {&tally.service, &tally.first_byte}) {
        for (const double share : {0.5, 0.99})
            row.push_back(number(ms(static_cast<double>(times->quantile(share)))));
    }
    row.push_back(number(apdex_of(tally, demands)));
    row.push_back(number(tally.bytes_in));
    row.push_back(number(tally.bytes_out));
}

Row level_start(const Level& level, std::size_t place) {
    return {std::to_string(place),        std::string(name_of(level.purpose)),
            number(level.load),           number(level.start_s),
            number(level.seconds),        level.good ? "yes" : "no",
            level.settled ? "yes" : "no", level.why};
}

std::vector<std::string> server_names(const Run& run) {
    std::vector<std::string> names;
    for (const auto& sample : run.samples) {
        for (const auto& server : sample.servers) {
            if (std::ranges::find(names, server.name) == names.end()) names.push_back(server.name);
        }
    }
    return names;
}

struct ServerColumn {
    std::string_view name;
    std::optional<double> ServerSample::* figure;
};
constexpr ServerColumn server_columns[] = {{"cpu_cores", &ServerSample::cpu_cores},
                                           {"resident_mb", &ServerSample::resident_mb},
                                           {"read_mb_s", &ServerSample::read_mb_s},
                                           {"write_mb_s", &ServerSample::write_mb_s},
                                           {"descriptors", &ServerSample::descriptors},
                                           {"threads", &ServerSample::threads},
                                           {"accept_queue", &ServerSample::accept_queue},
                                           {"storage_mb", &ServerSample::storage_mb},
                                           {"storage_free_mb", &ServerSample::storage_free_mb}};

void add_servers(Row& row, const Sample& sample, const std::vector<std::string>& names) {
    for (const auto& name : names) {
        const auto found = std::ranges::find(sample.servers, name, &ServerSample::name);
        for (const auto& column : server_columns)
            row.push_back(found == sample.servers.end() ? std::string() : number((*found).*column.figure));
    }
}

/// The demands a level missed, in words; that on the good share and what else `why` knows come last.
std::vector<std::pair<std::string, std::optional<std::string>>> demands_of(const Run& run,
                                                                           const Level& level) {
    const auto all = level.counts.all();
    const auto& demands = run.demands;
    const auto p99_ms = quantile_ms(all, 0.99);
    const double failed = error_share(all);
    const double apdex = apdex_of(all, demands);
    std::optional<std::string> slow, errors, index, rest;
    if (!level.good) {
        if (all.total() > 0 && !p99_ms) slow = "failed requests reach into the p99";
        if (p99_ms && *p99_ms > demands.p99_ms)
            slow = fmt::format("p99 {:.1f} ms, demanded {:.1f} ms", *p99_ms, demands.p99_ms);
        if (failed > demands.error_share)
            errors =
                fmt::format("{:.2f} % failed, allowed {:.2f} %", failed * 100, demands.error_share * 100);
        if (apdex < demands.apdex) index = fmt::format("Apdex {:.3f}, demanded {:.3f}", apdex, demands.apdex);
        if (!slow && !errors && !index) rest = level.why.empty() ? "not held" : level.why;
    }
    return {{"p99", slow}, {"errors", errors}, {"apdex", index}, {"offered load", rest}};
}

bool may_miss(const Level& level) {
    return level.purpose != Purpose::soak && level.purpose != Purpose::fixed;
}

}  // namespace

std::string levels_csv(const Run& run) {
    std::string text = report::csv_row(level_header());
    for (std::size_t i = 0; i < run.levels.size(); ++i) {
        const auto& level = run.levels[i];
        auto row = level_start(level, i + 1);
        row.insert(row.end(), {"all", ""});
        add_tally(row, level.counts.all(), level.seconds, run.demands);
        const auto& counts = level.counts;
        for (const auto count : {counts.sessions_started, counts.sessions_finished, counts.connections_opened,
                                 counts.in_flight_peak})
            row.push_back(number(count));
        row.push_back(number(ms(static_cast<double>(counts.send_lag.quantile(0.99)))));
        text += report::csv_row(row);
        for (std::size_t k = 0; k < counts.types.size(); ++k) {
            auto of_type = level_start(level, i + 1);
            of_type.insert(of_type.end(),
                           {"type", k < run.types.size() ? run.types[k] : std::to_string(k + 1)});
            add_tally(of_type, counts.types[k], level.seconds, run.demands);
            of_type.resize(row.size());
            text += report::csv_row(of_type);
        }
    }
    return text;
}

std::string samples_csv(const Run& run) {
    Row header{"at_s", "load", "started_per_s", "good_per_s"};
    for (std::size_t i = 0; i < error_classes; ++i)
        header.push_back(fmt::format("{} per_s", name_of(static_cast<ErrorClass>(i))));
    for (const auto* name :
         {"in_flight", "connections", "p50_ms", "p99_ms", "generator_cpu", "send_lag_p99_ms"})
        header.emplace_back(name);
    const auto servers = server_names(run);
    for (const auto& server : servers) {
        for (const auto& column : server_columns)
            header.push_back(fmt::format("{} {}", server, column.name));
    }
    std::string text = report::csv_row(header);
    for (const auto& sample : run.samples) {
        Row row{number(sample.at_s), number(sample.load), number(sample.started), number(sample.good)};
        for (const double rate : sample.errors)
            row.push_back(number(rate));
        row.insert(row.end(),
                   {number(sample.in_flight), number(sample.connections), number(sample.p50_ms),
                    number(sample.p99_ms), number(sample.generator_cpu), number(sample.send_lag_p99_ms)});
        add_servers(row, sample, servers);
        text += report::csv_row(row);
    }
    return text;
}

std::string junit_of(const Run& run) {
    report::JunitSuite whole{"stampede " + run.command + " " + run.model, {}};
    report::JunitCase conclusive{"conclusive"}, complete{"complete"};
    if (!run.conclusive) {
        conclusive.failure = run.verdict;
        for (const auto& doubt : run.generator.doubts)
            *conclusive.failure += "\n" + doubt;
    }
    if (run.interrupted) complete.failure = "the run was interrupted: its figures are partial";
    whole.cases = {std::move(conclusive), std::move(complete)};
    report::JunitSuite levels{whole.name + " levels", {}};
    for (std::size_t i = 0; i < run.levels.size(); ++i) {
        const auto& level = run.levels[i];
        if (level.purpose == Purpose::warm_up) continue;
        for (auto& [demand, missed] : demands_of(run, level)) {
            report::JunitCase each{
                fmt::format("{} {} at {}: {}", i + 1, name_of(level.purpose), level.load, demand),
                level.seconds};
            (may_miss(level) ? each.skipped : each.failure) = std::move(missed);
            levels.cases.push_back(std::move(each));
        }
    }
    return report::junit_xml(std::vector{whole, levels});
}

}  // namespace homespun::stampede
