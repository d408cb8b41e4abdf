#include <algorithm>
#include <cmath>
#include <limits>

#include "stampede/results/run_fixture.hpp"

namespace homespun::stampede {
namespace {

class Maker {
  public:
    explicit Maker(std::uint64_t seed) : random_(seed) {}

    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    bool flip() { return below(2) == 0; }
    std::string text() {
        static const std::vector<std::string> hostile{"",
                                                      "GET /u/ID",
                                                      "a,b",
                                                      "a b",
                                                      "100%25 % %",
                                                      "\n",
                                                      "\r\n",
                                                      "\"quoted\"",
                                                      "\\",
                                                      "</script>",
                                                      "=1+1",
                                                      "/",
                                                      "//x/",
                                                      "\xff\xfe",
                                                      "Zürich",
                                                      "\xe2\x80\xa8",
                                                      "send_lag",
                                                      "response",
                                                      "\xed\xa0\x80",
                                                      "#comment",
                                                      "Tag=1",
                                                      "1/all/service",
                                                      "{\"base64\":\"\"}",
                                                      "GET /u/ID"};
        if (below(8) != 0) return hostile[below(hostile.size())];
        std::string bytes(below(40), '\0');
        for (auto& byte : bytes)
            byte = static_cast<char>(random_());
        return bytes;
    }
    double real() {
        static const std::vector<double> hostile{0,
                                                 -0.0,
                                                 1,
                                                 0.1,
                                                 -1e300,
                                                 5e-324,
                                                 1e17,
                                                 9007199254740993.0,
                                                 18446744073709551616.0,
                                                 std::numeric_limits<double>::max(),
                                                 std::numeric_limits<double>::infinity(),
                                                 -std::numeric_limits<double>::infinity()};
        if (flip()) return hostile[below(hostile.size())];
        return static_cast<double>(random_()) / 1e15;
    }
    std::uint64_t count() {
        if (below(6) == 0) return random_();
        return below(100000);
    }
    std::optional<double> maybe() { return flip() ? std::optional(real()) : std::nullopt; }
    base::Histogram histogram(std::uint64_t values) {
        base::Histogram made;
        for (std::uint64_t i = 0; i < values; ++i)
            made.record(static_cast<std::int64_t>(random_() >> (28 + below(36))));
        return made;
    }
    template <class T, class Make>
    std::vector<T> list(std::uint64_t most, Make make) {
        std::vector<T> made(below(most + 1));
        for (auto& each : made)
            each = make();
        return made;
    }

    Tally tally() {
        Tally made;
        made.good = below(50);
        for (auto& each : made.errors)
            each = count() >> 8;
        made.bytes_in = count();
        made.bytes_out = count();
        made.response = histogram(made.good);
        made.service = histogram(below(30));
        made.first_byte = histogram(below(30));
        return made;
    }
    Level level(std::size_t types) {
        Level made{static_cast<Purpose>(below(7)), real(), real(), real(), {}, flip(), text(), flip()};
        for (std::size_t i = 0; i < types; ++i)
            made.counts.types.push_back(tally());
        made.counts.sessions_started = count();
        made.counts.sessions_finished = count();
        made.counts.connections_opened = count();
        made.counts.in_flight_peak = count();
        made.counts.send_lag = histogram(below(30));
        made.counts.out_of_ports = count();
        made.counts.out_of_descriptors = count();
        return made;
    }
    ServerSample server() {
        return {text(), maybe(), maybe(), maybe(), maybe(), maybe(), maybe(), maybe(), maybe(), maybe()};
    }
    Sample sample() {
        Sample made{real(), real(), real(), real(), {},     count(), count(),
                    real(), real(), {},     real(), real(), {}};
        for (auto& each : made.errors)
            each = real();
        made.latencies =
            list<std::pair<double, std::uint64_t>>(5, [&] { return std::pair(real(), count()); });
        made.servers = list<ServerSample>(3, [&] { return server(); });
        return made;
    }
    Example example() { return {text(), real(), real(), text()}; }
    Run run();

  private:
    std::mt19937_64 random_;
};

Run Maker::run() {
    Run made;
    made.command = text();
    made.model = text();
    made.target = text();
    made.arrivals = text();
    made.types = list<std::string>(6, [&] { return text(); });
    made.expected_mix = list<std::pair<std::string, double>>(4, [&] { return std::pair(text(), real()); });
    made.seed = random_();
    made.started_at_s = static_cast<std::int64_t>(below(4'000'000'000));
    made.environment =
        list<std::pair<std::string, std::string>>(5, [&] { return std::pair(text(), text()); });
    made.demands = {real(), real(), real(), real(), real()};
    // A level may know more types than have names, and fewer.
    made.levels = list<Level>(4, [&] { return level(below(8)); });
    made.samples = list<Sample>(5, [&] { return sample(); });
    made.slowest = list<Example>(3, [&] { return example(); });
    made.failures = list<Example>(3, [&] { return example(); });
    made.generator = {real(), real(), count(), count(), real(), list<std::string>(3, [&] { return text(); })};
    if (flip()) made.capacity = Capacity{real(), real(), real(), real(), text(), real(), real()};
    made.failure = static_cast<FailureMode>(below(8));
    made.failure_why = text();
    made.verdict = text();
    made.conclusive = flip();
    made.interrupted = flip();
    return made;
}

void expect_same(const Tally& a, const Tally& b) {
    EXPECT_EQ(a.good, b.good);
    EXPECT_EQ(a.errors, b.errors);
    EXPECT_EQ(a.bytes_in, b.bytes_in);
    EXPECT_EQ(a.bytes_out, b.bytes_out);
    EXPECT_TRUE(a.response == b.response);
    EXPECT_TRUE(a.service == b.service);
    EXPECT_TRUE(a.first_byte == b.first_byte);
}

void expect_same(const Level& a, const Level& b) {
    EXPECT_EQ(a.purpose, b.purpose);
    EXPECT_EQ(a.load, b.load);
    EXPECT_EQ(a.start_s, b.start_s);
    EXPECT_EQ(a.seconds, b.seconds);
    EXPECT_EQ(a.good, b.good);
    EXPECT_EQ(a.why, b.why);
    EXPECT_EQ(a.settled, b.settled);
    ASSERT_EQ(a.counts.types.size(), b.counts.types.size());
    for (std::size_t i = 0; i < a.counts.types.size(); ++i)
        expect_same(a.counts.types[i], b.counts.types[i]);
    EXPECT_EQ(a.counts.sessions_started, b.counts.sessions_started);
    EXPECT_EQ(a.counts.sessions_finished, b.counts.sessions_finished);
    EXPECT_EQ(a.counts.connections_opened, b.counts.connections_opened);
    EXPECT_EQ(a.counts.in_flight_peak, b.counts.in_flight_peak);
    EXPECT_TRUE(a.counts.send_lag == b.counts.send_lag);
    EXPECT_EQ(a.counts.out_of_ports, b.counts.out_of_ports);
    EXPECT_EQ(a.counts.out_of_descriptors, b.counts.out_of_descriptors);
}

/// Noise that keeps a part of itself from second to second.
class Drift {
  public:
    Drift(double deviation, double carried)
        : carried_(carried), fresh_(0, deviation * std::sqrt(1 - carried * carried)) {}
    double next(std::mt19937_64& random) {
        state_ = carried_ * state_ + fresh_(random);
        return std::exp(state_);
    }

  private:
    double carried_, state_ = 0;
    std::normal_distribution<double> fresh_;
};

/// One second at one load; adds to the level.
Sample simulate_second(const Simulation& how, double load, double median_ms, std::mt19937_64& random,
                       Level& level) {
    auto& tally = level.counts.types[0];
    std::poisson_distribution<int> arrivals(load);
    std::lognormal_distribution<double> time(std::log(median_ms), 0.5);
    std::uniform_real_distribution<double> chance;
    Sample sample{.load = load};
    std::vector<double> times;
    const int arrived = arrivals(random);
    for (int i = 0; i < arrived; ++i) {
        if (chance(random) < how.error_share) {
            ++tally.errors[0];
            sample.errors[0] += 1;
            continue;
        }
        times.push_back(time(random));
        tally.response.record(static_cast<std::int64_t>(times.back() * 1000));
        ++tally.good;
    }
    std::ranges::sort(times);
    sample.started = arrived;
    sample.good = static_cast<double>(times.size());
    if (!times.empty()) {
        sample.p50_ms = times[times.size() / 2];
        sample.p99_ms = times[times.size() * 99 / 100];
    }
    level.counts.sessions_started += static_cast<std::uint64_t>(arrived);
    return sample;
}

}  // namespace

Run random_run(std::uint64_t seed) {
    return Maker(seed).run();
}

void expect_same(const Run& a, const Run& b) {
    EXPECT_EQ(a.command, b.command);
    EXPECT_EQ(a.model, b.model);
    EXPECT_EQ(a.target, b.target);
    EXPECT_EQ(a.arrivals, b.arrivals);
    EXPECT_EQ(a.types, b.types);
    EXPECT_EQ(a.expected_mix, b.expected_mix);
    EXPECT_EQ(a.seed, b.seed);
    EXPECT_EQ(a.started_at_s, b.started_at_s);
    EXPECT_EQ(a.environment, b.environment);
    EXPECT_TRUE(a.demands == b.demands);
    EXPECT_TRUE(a.samples == b.samples);
    EXPECT_TRUE(a.slowest == b.slowest);
    EXPECT_TRUE(a.failures == b.failures);
    EXPECT_TRUE(a.generator == b.generator);
    EXPECT_TRUE(a.capacity == b.capacity);
    EXPECT_EQ(a.failure, b.failure);
    EXPECT_EQ(a.failure_why, b.failure_why);
    EXPECT_EQ(a.verdict, b.verdict);
    EXPECT_EQ(a.conclusive, b.conclusive);
    EXPECT_EQ(a.interrupted, b.interrupted);
    ASSERT_EQ(a.levels.size(), b.levels.size());
    for (std::size_t i = 0; i < a.levels.size(); ++i)
        expect_same(a.levels[i], b.levels[i]);
}

Run simulate(const Simulation& how, std::uint64_t seed) {
    std::seed_seq spread{seed};  // neighbouring seeds alone begin alike
    std::mt19937_64 random(spread);
    std::normal_distribution<double> between(0, how.run_noise);
    Run run;
    run.command = how.capacity > 0 ? "capacity" : "run";
    run.model = "pages";
    run.target = "http://127.0.0.1:8000/";
    run.arrivals = "poisson";
    run.types = {"page"};
    run.started_at_s = static_cast<std::int64_t>(1'700'000'000 + seed % 1'000'000);
    run.environment = {{"kernel", "6.1"}, {"cpu", "some"}, {"cores", "2"}, {"stampede", "0.1.0"}};
    const double of_run = std::exp(between(random));
    double at = 0;
    for (const double load : how.loads) {
        Level level{.purpose = Purpose::fixed, .load = load, .start_s = at, .seconds = double(how.seconds)};
        level.counts.types.resize(1);
        Drift drift(how.second_noise, how.carried);
        for (int i = 0; i < how.seconds; ++i) {
            const double median =
                how.service_ms * how.slow_down * of_run * drift.next(random) * (1 + load / 400);
            auto sample = simulate_second(how, load, median, random, level);
            sample.at_s = ++at;
            run.samples.push_back(std::move(sample));
        }
        run.levels.push_back(std::move(level));
        at += 3;
    }
    if (how.capacity > 0)
        run.capacity =
            Capacity{.sessions_per_s = how.capacity * of_run, .requests_per_s = how.capacity * of_run};
    return run;
}

}  // namespace homespun::stampede
