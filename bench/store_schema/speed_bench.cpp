// What the store adds to SQLite: 64 writers that wait for their writes to be durable, through SqliteStore,
// against 64 threads with the same inserts and a group commit straight on SQLite (no collections, sums or
// timestamps); and what
// `?newer=` costs in a large store against a small one.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/task.hpp"
#include "scenario.hpp"
#include "sync/store/sqlite/shard_schema.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"

using namespace homespun::bench;
namespace base = homespun::base;
namespace store = homespun::sync::store;
namespace sqlite = homespun::sync::store::sqlite;

namespace {

constexpr std::uint64_t users = 20'000;
constexpr int shards = 2;
constexpr int writers = 64;
constexpr double seconds = 2.0;
constexpr int rounds = 3;

/// A loop: one thread that runs what is posted, all of it at a time.
class Loop final : public base::Executor {
  public:
    Loop() : thread_([this] { run(); }) {}
    ~Loop() override {
        post(nullptr);
        thread_.join();
    }
    void post(std::move_only_function<void()> work) override {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(work));
        wake_.notify_one();
    }

  private:
    void run() {
        while (true) {
            std::deque<std::move_only_function<void()>> work;
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, [this] { return !queue_.empty(); });
                work.swap(queue_);
            }
            for (auto& each : work) {
                if (!each) return;
                each();
            }
        }
    }
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::move_only_function<void()>> queue_;
    std::thread thread_;
};

std::vector<store::RecordUpdate> make_post(Records& random, int size) {
    std::vector<store::RecordUpdate> updates;
    for (int i = 0; i < size; ++i) {
        updates.push_back({Records::id(random.below(1'000'000'000)), std::string(random.payload()), {}, {}});
    }
    return updates;
}

struct Speed {
    double per_second;  ///< POSTs, by the wall
    double cpu_us;      ///< processor time of one POST, all threads
};

// ---- plain SQLite ----

constexpr const char* insert_sql =
    "INSERT INTO bso(cid, id, modified, payload) VALUES (?1, ?2, ?3, ?4) "
    "ON CONFLICT(cid, id) DO UPDATE SET modified = ?3, payload = ?4";

void insert(sqlite::Database& database, std::int64_t cid, const std::vector<store::RecordUpdate>& updates) {
    for (const auto& update : updates) {
        auto statement = database.use(insert_sql);
        statement.bind(1, cid).bind(2, std::string_view(update.id)).bind(3, std::int64_t{170000000000});
        must(statement.bind_blob(4, *update.payload).run());
    }
}

/// One database of plain SQLite with group commit: a thread that writes what waits in one transaction, then
/// wakes whoever waited.
class PlainShard {
  public:
    PlainShard(const std::string& path, int number) : database_(must(sqlite::Database::open(path, {}))) {
        must(sqlite::create_shard(database_, {"bench", number, shards}));
        thread_ = std::thread([this] { run(); });
    }
    ~PlainShard() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        work_.notify_one();
        thread_.join();
    }
    /// Returns when the records are durable.
    void write(std::int64_t cid, const std::vector<store::RecordUpdate>& updates) {
        std::unique_lock lock(mutex_);
        const auto mine = ++queued_;
        queue_.emplace_back(cid, &updates);
        work_.notify_one();
        done_.wait(lock, [&] { return durable_ >= mine; });
    }

  private:
    void run() {
        std::unique_lock lock(mutex_);
        while (true) {
            work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            const auto group = std::exchange(queue_, {});
            lock.unlock();
            must(database_.execute("BEGIN IMMEDIATE"));
            for (const auto& [cid, updates] : group)
                insert(database_, cid, *updates);
            must(database_.execute("COMMIT"));
            lock.lock();
            durable_ += group.size();
            done_.notify_all();
        }
    }
    sqlite::Database database_;
    std::mutex mutex_;
    std::condition_variable work_, done_;
    std::vector<std::pair<std::int64_t, const std::vector<store::RecordUpdate>*>> queue_;
    std::uint64_t queued_ = 0, durable_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

/// 64 threads that post and wait.
Speed plain_speed(const Scratch& scratch, int size) {
    scratch.clear();
    std::vector<std::unique_ptr<PlainShard>> databases;
    for (int shard = 0; shard < shards; ++shard) {
        databases.push_back(
            std::make_unique<PlainShard>(scratch.file(fmt::format("plain-{}.db", shard)), shard));
    }
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> posts{0};
    const double wall = wall_seconds();
    const double cpu = process_seconds();
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer) {
        threads.emplace_back([&, writer] {
            Records random(static_cast<std::uint64_t>(writer) + 100);
            while (!stop) {
                const auto user = random.below(users);
                databases[user % shards]->write(static_cast<std::int64_t>(user), make_post(random, size));
                ++posts;
            }
        });
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    const auto done = static_cast<double>(posts.load());
    const Speed speed{done / (wall_seconds() - wall), (process_seconds() - cpu) * 1e6 / done};
    stop = true;
    for (auto& thread : threads)
        thread.join();
    return speed;
}

// ---- the store ----

std::unique_ptr<sqlite::SqliteStore> open_store(const Scratch& scratch, const base::Clock& clock,
                                                base::Logger& logger) {
    return must(sqlite::SqliteStore::open(
        {.directory = scratch.file("store"), .shards = shards, .clock = clock, .logger = logger}));
}

base::Task<> keep_posting(store::Store& store, Loop& loop, int writer, int size,
                          const std::atomic<bool>& stop, std::atomic<std::uint64_t>& posts) {
    Records random(static_cast<std::uint64_t>(writer) + 100);
    while (!stop) {
        const store::UserId user = random.below(users);
        auto written = co_await store.post(loop, user, "history", make_post(random, size), {});
        if (!written) std::fprintf(stderr, "refused: %s\n", written.error().detail.c_str());
        ++posts;
    }
}

Speed store_speed(const Scratch& scratch, int size) {
    scratch.clear();
    base::SystemClock clock;
    base::NullLogger logger;
    auto store = open_store(scratch, clock, logger);
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> posts{0};
    std::atomic<int> running{writers};
    Speed result{};
    {
        Loop loops[2];
        const double wall = wall_seconds();
        const double cpu = process_seconds();
        for (int writer = 0; writer < writers; ++writer) {
            auto& loop = loops[writer % 2];
            loop.post([&, writer] {
                base::spawn(keep_posting(*store, loop, writer, size, stop, posts),
                            [&](std::exception_ptr) { --running; });
            });
        }
        std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
        const auto done = static_cast<double>(posts.load());
        result = {done / (wall_seconds() - wall), (process_seconds() - cpu) * 1e6 / done};
        stop = true;
        while (running > 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    store->close();
    return result;
}

// ---- newer ----

base::Task<> fill(store::Store& store, Loop& loop, std::uint64_t total, Records& random) {
    for (std::uint64_t done = 0; done < total; done += 1000) {
        // Many users, so that a large store is not one large collection.
        auto updates = make_post(random, 1000);
        (void)co_await store.post(loop, 1 + done / 1000, "history", std::move(updates), {});
    }
}

/// By the loop's own processor time: the reads run on it alone.
base::Task<> time_newer(store::Store& store, Loop& loop, store::UserId user, double& microseconds) {
    Records random(5);
    auto before = co_await store.info(loop, user, {});
    auto after = co_await store.post(loop, user, "history", make_post(random, 100), {});
    store::ListQuery query{.newer = before->storage, .full = true};
    std::uint64_t rows = 0;
    const auto reading = [&] {
        return store.list(loop, user, "history", query, {}, [&](const store::RecordView&) { ++rows; });
    };
    for (int i = 0; i < 100; ++i)
        (void)co_await reading();
    // The best of many short runs: a neighbour on the machine disturbs the others.
    constexpr int runs = 60, repeats = 50;
    microseconds = 1e9;
    for (int run = 0; run < runs; ++run) {
        const double start = thread_seconds();
        for (int i = 0; i < repeats; ++i)
            (void)co_await reading();
        microseconds = std::min(microseconds, (thread_seconds() - start) * 1e6 / repeats);
    }
    if (rows != 100ull * (runs * repeats + 100) || !after)
        std::fprintf(stderr, "newer gave %lu rows\n", rows);
}

template <class Make>
void run(Loop& loop, Make make) {
    std::atomic<bool> ended{false};
    loop.post([&] { base::spawn(make(), [&](std::exception_ptr) { ended = true; }); });
    while (!ended)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

double newer_cost(const Scratch& scratch, std::uint64_t total) {
    scratch.clear();
    base::SystemClock clock;
    base::NullLogger logger;
    auto store = open_store(scratch, clock, logger);
    Records random(3);
    std::vector<double> costs;
    Loop loop;
    run(loop, [&] { return fill(*store, loop, total, random); });
    for (store::UserId user = 1; user <= 5; ++user) {
        double cost = 0;
        run(loop, [&] { return time_newer(*store, loop, user, cost); });
        costs.push_back(cost);
    }
    store->close();
    return median(costs);
}

}  // namespace

int main(int argc, char** argv) {
    const Scratch scratch(argc > 1 ? argv[1] : ".");
    std::string json = "{";
    for (const int size : {1, 100}) {
        std::vector<double> plain, through, plain_cpu, through_cpu;
        for (int round = 0; round < rounds; ++round) {
            const auto bare = plain_speed(scratch, size);
            const auto whole = store_speed(scratch, size);
            plain.push_back(bare.per_second);
            plain_cpu.push_back(bare.cpu_us);
            through.push_back(whole.per_second);
            through_cpu.push_back(whole.cpu_us);
        }
        const double ratio = median(through) / median(plain);
        const double cpu_ratio = median(through_cpu) / median(plain_cpu);
        fmt::print(
            "POST of {:3} records, 64 writers: plain {:.0f}/s, store {:.0f}/s, ratio {:.2f}; CPU {:.0f} us, "
            "{:.0f} us, "
            "ratio {:.2f}\n",
            size, median(plain), median(through), ratio, median(plain_cpu), median(through_cpu), cpu_ratio);
        json += fmt::format(
            "\"post_{0}_plain\":{1:.0f},\"post_{0}_store\":{2:.0f},\"post_{0}_ratio\":{3:.3f},"
            "\"post_{0}_cpu_ratio\":{4:.3f},",
            size, median(plain), median(through), ratio, cpu_ratio);
    }
    const double small = newer_cost(scratch, 10'000);
    const double large = newer_cost(scratch, 1'000'000);
    fmt::print("newer, 100 rows: {:.0f} us at 10,000 records, {:.0f} us at 1,000,000, ratio {:.2f}\n", small,
               large, large / small);
    json += fmt::format("\"newer_small_us\":{:.1f},\"newer_large_us\":{:.1f},\"newer_ratio\":{:.3f}}}\n",
                        small, large, large / small);
    std::ofstream(argc > 2 ? argv[2] : "store_speed.json") << json;
}
