// The same writes without a server: threads that wait for their write, one writer thread per shard that
// commits what has queued up in one transaction, and nothing else: no HTTP, no JSON, no authentication, no
// rules of Sync. Schema, page size, WAL, synchronous=FULL, checkpoints and the spread of users over shards
// are the store's own.
//
//   bench_plain_writes DIRECTORY --shards 2 --writers 64 --users 10000 --records 1 --payload 1024 --warmup 1
//   --seconds 5
//
// Output as of bench_load; "total" counts all records, for a look into the files afterwards.
#include <sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <semaphore>
#include <thread>
#include <unordered_map>

#include "load/records.hpp"
#include "load/window.hpp"
#include "sync/store/sqlite/shard_schema.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"

using namespace homespun::bench;
namespace sqlite = homespun::sync::store::sqlite;

namespace {

constexpr std::size_t most_posts = 512;
constexpr int checkpoint_frames = 1000;

struct Record {
    std::string id, payload;
};

/// One writer's request, in its own hands until `durable` is released.
struct Post {
    std::uint64_t user = 0;
    std::vector<Record> records;
    std::binary_semaphore durable{0};
};

class Shard {
  public:
    Shard(const std::string& path, int index, int shards) {
        sqlite::OpenOptions options;
        options.autocheckpoint_pages = 0;
        auto opened = sqlite::Database::open(path, options);
        if (!opened) give_up(opened.error().message);
        database_ = std::move(*opened);
        if (auto made = sqlite::create_shard(database_, {"bench", index, shards}); !made)
            give_up(made.error().message);
        sqlite3_wal_hook(
            database_.handle(),
            [](void* self, sqlite3*, const char*, int frames) {
                static_cast<Shard*>(self)->wal_frames_ = frames;
                return SQLITE_OK;
            },
            this);
        begin_ = prepare("BEGIN IMMEDIATE");
        commit_ = prepare("COMMIT");
        new_collection_ = prepare("INSERT INTO collection(user, name, modified) VALUES (?1, 'history', ?2)");
        insert_ = prepare(
            "INSERT INTO bso(cid, id, modified, payload) VALUES (?1, ?2, ?3, ?4) "
            "ON CONFLICT(cid, id) DO UPDATE SET modified = ?3, payload = ?4");
        sums_ = prepare(
            "UPDATE collection SET modified = ?2, count = count + ?3, bytes = bytes + ?4 WHERE cid = ?1");
        thread_ = std::thread([this] { run(); });
    }
    ~Shard() {
        {
            const std::lock_guard lock(mutex_);
            closing_ = true;
        }
        wake_.notify_one();
        thread_.join();
        for (auto* statement : {begin_, commit_, new_collection_, insert_, sums_})
            sqlite3_finalize(statement);
    }
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    void submit(Post& post) {
        bool was_empty = false;
        {
            const std::lock_guard lock(mutex_);
            was_empty = queue_.empty();
            queue_.push_back(&post);
        }
        if (was_empty) wake_.notify_one();
        post.durable.acquire();
    }

  private:
    sqlite3_stmt* prepare(const char* sql) {
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v3(database_.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
            SQLITE_OK) {
            give_up(sqlite3_errmsg(database_.handle()));
        }
        return statement;
    }

    void step(sqlite3_stmt* statement) {
        if (sqlite3_step(statement) != SQLITE_DONE) give_up(sqlite3_errmsg(database_.handle()));
        sqlite3_reset(statement);
    }

    void run() {
        std::vector<Post*> group;
        while (true) {
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, [this] { return !queue_.empty() || closing_; });
                if (queue_.empty()) return;
                const auto size = std::min(queue_.size(), most_posts);
                group.assign(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(size));
                queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(size));
            }
            step(begin_);
            for (const auto* post : group)
                write(*post);
            step(commit_);
            for (auto* post : group)
                post->durable.release();
            if (wal_frames_ >= checkpoint_frames) {
                sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                                          nullptr);
                wal_frames_ = 0;
            }
        }
    }

    void write(const Post& post) {
        const auto modified = std::chrono::duration_cast<std::chrono::milliseconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count() /
                              10;
        auto& cid = cids_[post.user];
        if (cid == 0) {
            sqlite3_bind_int64(new_collection_, 1, static_cast<std::int64_t>(post.user));
            sqlite3_bind_int64(new_collection_, 2, modified);
            step(new_collection_);
            cid = sqlite3_last_insert_rowid(database_.handle());
        }
        std::int64_t bytes = 0;
        for (const auto& record : post.records) {
            sqlite3_bind_int64(insert_, 1, cid);
            sqlite3_bind_text(insert_, 2, record.id.data(), static_cast<int>(record.id.size()),
                              SQLITE_STATIC);
            sqlite3_bind_int64(insert_, 3, modified);
            sqlite3_bind_blob(insert_, 4, record.payload.data(), static_cast<int>(record.payload.size()),
                              SQLITE_STATIC);
            step(insert_);
            bytes += static_cast<std::int64_t>(record.payload.size());
        }
        sqlite3_bind_int64(sums_, 1, cid);
        sqlite3_bind_int64(sums_, 2, modified);
        sqlite3_bind_int64(sums_, 3, static_cast<std::int64_t>(post.records.size()));
        sqlite3_bind_int64(sums_, 4, bytes);
        step(sums_);
    }

    sqlite::Database database_;
    sqlite3_stmt *begin_, *commit_, *new_collection_, *insert_, *sums_;
    int wal_frames_ = 0;
    std::unordered_map<std::uint64_t, std::int64_t> cids_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Post*> queue_;
    bool closing_ = false;
    std::thread thread_;
};

enum class State { warming, measuring, ending };

/// What one writer thread has seen.
struct Seen {
    std::uint64_t measured = 0, total = 0;
    std::vector<float> latencies_us;
};

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, std::size_t> values{{"--shards", 2},  {"--writers", 64}, {"--users", 10'000},
                                              {"--records", 1}, {"--warmup", 1},   {"--payload", 1024},
                                              {"--seconds", 5}};
    if (argc < 2 || argc % 2 != 0) give_up("usage: bench_plain_writes DIRECTORY [--option value]...");
    for (int i = 2; i < argc; i += 2) {
        const auto place = values.find(argv[i]);
        if (place == values.end()) give_up(fmt::format("unknown option {}", argv[i]));
        place->second = std::strtoull(argv[i + 1], nullptr, 10);
    }
    const std::string directory = argv[1];
    const auto shard_count = values["--shards"], writers = values["--writers"], users = values["--users"];
    const auto records = values["--records"], payload = values["--payload"];
    std::filesystem::create_directories(directory);

    std::vector<std::unique_ptr<Shard>> shards;
    for (std::size_t i = 0; i < shard_count; ++i) {
        shards.push_back(std::make_unique<Shard>(fmt::format("{}/shard-{}.db", directory, i),
                                                 static_cast<int>(i), static_cast<int>(shard_count)));
    }
    std::atomic<State> state = State::warming;
    std::vector<Seen> seen(writers);
    std::vector<std::thread> threads;
    for (std::size_t writer = 0; writer < writers; ++writer) {
        threads.emplace_back([&, writer] {
            Records source(writer);
            Post post;
            post.records.resize(records);
            auto& mine = seen[writer];
            for (std::size_t user = writer; state.load(std::memory_order_relaxed) != State::ending;) {
                post.user = user + 1;
                user = user + writers < users ? user + writers : writer;
                for (auto& record : post.records) {
                    record.id = source.next_id();
                    record.payload.clear();
                    source.append_payload(record.payload, payload, "\"");
                }
                const auto sent_at = Steady::now();
                shards[sqlite::shard_number(post.user, shards.size())]->submit(post);
                ++mine.total;
                if (state.load(std::memory_order_relaxed) != State::measuring) continue;
                ++mine.measured;
                mine.latencies_us.push_back(
                    std::chrono::duration<float, std::micro>(Steady::now() - sent_at).count());
            }
        });
    }
    std::this_thread::sleep_for(std::chrono::seconds(values["--warmup"]));
    mark("start");
    const auto began = Steady::now();
    const double cpu = own_cpu_seconds();
    state = State::measuring;
    std::this_thread::sleep_for(std::chrono::seconds(values["--seconds"]));
    state = State::ending;
    const double elapsed = std::chrono::duration<double>(Steady::now() - began).count();
    const double cpu_spent = own_cpu_seconds() - cpu;
    mark("stop");
    for (auto& thread : threads)
        thread.join();
    shards.clear();

    Seen sum;
    for (const auto& each : seen) {
        sum.measured += each.measured;
        sum.total += each.total;
        sum.latencies_us.insert(sum.latencies_us.end(), each.latencies_us.begin(), each.latencies_us.end());
    }
    fmt::print(R"({{"requests":{},"total":{},"seconds":{:.6f},"client_cpu_seconds":{:.6f},"latency":{}}})"
               "\n",
               sum.measured, sum.total, elapsed, cpu_spent, latency_json(sum.latencies_us));
}
