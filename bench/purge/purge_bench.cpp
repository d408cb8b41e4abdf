// What writers feel while expired records are purged: 64 writers without rest, on the same store, before a
// million records expire, while they are purged, and afterwards. Prints JSON; the ratio is that of the second
// to the mean of the other two.
//     bench_purge DIRECTORY [--records N] [--seconds S]
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/io/loop.hpp"
#include "sync/store/sqlite/database.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"
#include "sync/store/sqlite/store_files.hpp"

namespace base = homespun::base;
namespace net = homespun::net;
namespace store = homespun::sync::store;
namespace sqlite = homespun::sync::store::sqlite;
using Steady = std::chrono::steady_clock;

namespace {

constexpr int writers = 64;
/// Few enough records that the warming up writes them all: from then on the store does not grow.
constexpr std::uint64_t users = 1000;
constexpr std::uint64_t ids_a_user = 20;
constexpr std::uint64_t records_a_user = 1000;
constexpr std::int64_t life_s = 24 * 3600;
constexpr std::size_t payload_bytes = 1024;
constexpr std::size_t expiring_payload_bytes = 400;
constexpr std::chrono::seconds longest_purge{600};
constexpr std::chrono::seconds warm_up{3};

[[noreturn]] void die(const std::string& why) {
    fmt::print(stderr, "bench_purge: {}\n", why);
    std::exit(1);
}

/// Text that differs from record to record.
std::string payload(std::uint64_t seed, std::size_t size) {
    std::string text;
    while (text.size() < size) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        text += fmt::format("{:016x}", seed);
    }
    text.resize(size);
    return text;
}

/// What the writers of one stretch went through.
struct Stretch {
    std::atomic<bool> stop{false};
    std::atomic<int> running{0};
    std::vector<std::vector<std::uint32_t>> microseconds{std::vector<std::vector<std::uint32_t>>(writers)};
};

base::Task<> keep_writing(store::Store& store, net::Loop& loop, int writer, Stretch& stretch) {
    auto seed = static_cast<std::uint64_t>(writer) * 7919 + 1;
    auto& mine = stretch.microseconds[static_cast<std::size_t>(writer)];
    while (!stretch.stop) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        const auto begin = Steady::now();
        const auto written = co_await store.post(
            loop, 1 + (seed >> 33) % users, "tabs",
            {{fmt::format("{:012x}", (seed >> 20) % ids_a_user), payload(seed, payload_bytes), {}, {}}}, {});
        if (!written) die("a write was refused: " + written.error().detail);
        mine.push_back(static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - begin).count()));
    }
}

struct Figures {
    double seconds = 0, per_s = 0, p50_ms = 0, p99_ms = 0, max_ms = 0;
};

/// Writers write until `until` says so.
template <class Until>
Figures measure(store::Store& store, net::LoopThreads& loops, std::size_t count, Until until) {
    Stretch stretch;
    const auto begin = Steady::now();
    for (int writer = 0; writer < writers; ++writer) {
        auto& loop = loops[static_cast<std::size_t>(writer) % count];
        ++stretch.running;
        loop.post([&, writer] {
            base::spawn(keep_writing(store, loop, writer, stretch),
                        [&](std::exception_ptr) { --stretch.running; });
        });
    }
    until();
    stretch.stop = true;
    const std::chrono::duration<double> took = Steady::now() - begin;
    while (stretch.running > 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::vector<std::uint32_t> all;
    for (const auto& each : stretch.microseconds)
        all.insert(all.end(), each.begin(), each.end());
    if (all.empty()) die("nothing was written");
    std::ranges::sort(all);
    const auto at = [&](double share) {
        return all[std::min(all.size() - 1,
                            static_cast<std::size_t>(share * static_cast<double>(all.size())))] /
               1000.0;
    };
    return {took.count(), static_cast<double>(all.size()) / took.count(), at(0.5), at(0.99), at(1.0)};
}

base::Task<bool> fill(store::Store& store, net::Loop& loop, std::uint64_t records) {
    for (std::uint64_t user = 1; user <= records / records_a_user; ++user) {
        std::vector<store::RecordUpdate> updates;
        for (std::uint64_t i = 0; i < records_a_user; ++i)
            updates.push_back({fmt::format("{:012x}", i * 0x9e3779b97f4a7c15 >> 16),
                               payload(user * records_a_user + i, expiring_payload_bytes),
                               {},
                               life_s});
        const auto written = co_await store.post(loop, user, "history", std::move(updates), {});
        if (!written) die("filling was refused: " + written.error().detail);
    }
    co_return true;
}

/// Whether a record is there that expires: all of those have, in the stretch that asks.
bool anything_left(std::vector<sqlite::Database>& databases) {
    for (auto& database : databases) {
        auto row = database.use("SELECT EXISTS (SELECT 1 FROM bso WHERE expiry IS NOT NULL)");
        if (!row.step()) die("cannot look into the store");
        if (row.integer(0) != 0) return true;
    }
    return false;
}

std::string json(const Figures& figures) {
    return fmt::format(
        R"({{"seconds":{:.2f},"per_s":{:.0f},"p50_ms":{:.3f},"p99_ms":{:.3f},"max_ms":{:.3f}}})",
        figures.seconds, figures.per_s, figures.p50_ms, figures.p99_ms, figures.max_ms);
}

}  // namespace

int main(int argc, char** argv) {
    std::string directory;
    std::uint64_t records = 1'000'000;
    int seconds = 5;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--records" && i + 1 < argc) {
            records = std::strtoull(argv[++i], nullptr, 10);
        } else if (word == "--seconds" && i + 1 < argc) {
            seconds = std::atoi(argv[++i]);
        } else {
            directory = word;
        }
    }
    if (directory.empty()) die("name a directory");
    base::SystemClock clock;
    base::NullLogger logger;
    auto opened = sqlite::SqliteStore::open({.directory = directory, .clock = clock, .logger = logger});
    if (!opened) die(opened.error().message);
    auto& store = **opened;
    const std::size_t count = std::max(1U, std::thread::hardware_concurrency());
    std::vector<sqlite::Database> databases;
    for (std::size_t number = 0; number < store.shards(); ++number) {
        auto database = sqlite::Database::open(sqlite::shard_path(directory, number), {.read_only = true});
        if (!database) die(database.error().message);
        databases.push_back(std::move(*database));
    }
    Figures before, during, after;
    {
        net::LoopThreads loops(count);
        std::atomic<bool> filled{false};
        loops[0].post([&] { base::spawn(fill(store, loops[0], records), [&](auto) { filled = true; }); });
        while (!filled)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        const auto for_a_while = [seconds] { std::this_thread::sleep_for(std::chrono::seconds(seconds)); };
        (void)measure(store, loops, count, [] { std::this_thread::sleep_for(warm_up); });
        before = measure(store, loops, count, for_a_while);
        clock.set_offset_ms(2 * life_s * 1000);
        during = measure(store, loops, count, [&] {
            const auto end = Steady::now() + longest_purge;
            while (anything_left(databases)) {
                if (Steady::now() >= end) die("the purge did not end");
                std::this_thread::sleep_for(std::chrono::milliseconds(50));
            }
        });
        after = measure(store, loops, count, for_a_while);
    }
    store.close();
    fmt::print(
        R"({{"records":{},"before":{},"during":{},"after":{},"p99_ratio":{:.3f},"purged_per_s":{:.0f}}})"
        "\n",
        records, json(before), json(during), json(after), 2 * during.p99_ms / (before.p99_ms + after.p99_ms),
        static_cast<double>(records) / during.seconds);
}
