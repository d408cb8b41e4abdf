#pragma once
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/task.hpp"
#include "sync/store/store.hpp"

/// The stage on which every back-end shows that it keeps the rules. The rules stand in
/// store_contract_*_test.cpp; a back-end's own test file says only how to open a store:
///
///     struct MyMaker final : StoreMaker { ... };
///     INSTANTIATE_TEST_SUITE_P(mine, StoreContract, testing::Values([] { return std::make_unique<MyMaker>();
///     }));
namespace homespun::sync::store {

/// A loop for tests: one thread that runs what is posted.
class ThreadExecutor final : public base::Executor {
  public:
    ThreadExecutor() : thread_([this] { run(); }) {}
    ~ThreadExecutor() override {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }
    void post(std::move_only_function<void()> work) override {
        // Under the lock: whoever posts last may see the executor end right after.
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(work));
        wake_.notify_one();
    }

  private:
    void run() {
        std::unique_lock lock(mutex_);
        while (true) {
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (queue_.empty()) return;
            auto work = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            work();
            work = nullptr;
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::move_only_function<void()>> queue_;
    bool stopping_ = false;
    std::thread thread_;
};

/// Starts `make()` (a Task) on `home`; the future has its value when it has ended there.
template <class Make>
auto start_on(base::Executor& home, Make make) {
    using Value = decltype(make().operator co_await().await_resume());
    auto promise = std::make_shared<std::promise<Value>>();
    auto future = promise->get_future();
    home.post([make = std::move(make), promise]() mutable {
        base::spawn(make(), [promise](std::expected<Value, std::exception_ptr> outcome) {
            if (outcome)
                promise->set_value(std::move(*outcome));
            else
                promise->set_exception(outcome.error());
        });
    });
    return future;
}

template <class Make>
auto run_on(base::Executor& home, Make make) {
    return start_on(home, std::move(make)).get();
}

/// Opens stores over one place of storage, so that a test can close and open again.
class StoreMaker {
  public:
    virtual ~StoreMaker() = default;
    virtual std::unique_ptr<Store> open(const base::Clock& clock, base::Logger& logger,
                                        const BatchLimits& limits) = 0;
};

using MakerFactory = std::function<std::unique_ptr<StoreMaker>()>;

/// A record as a test sees it.
struct Row {
    std::string id, payload;
    std::optional<std::int64_t> sortindex;
    Timestamp modified;
    bool operator==(const Row&) const = default;
};

/// What most tests want to know of a write.
inline base::Task<Outcome<Timestamp>> modified_of(base::Task<Outcome<Store::Written>> write) {
    auto written = co_await std::move(write);
    if (!written) co_return std::unexpected(std::move(written.error()));
    co_return written->modified;
}

inline std::string id_text(int number) {
    return "id" + std::to_string(100 + number);
}

class StoreContract : public testing::TestWithParam<MakerFactory> {
  protected:
    static constexpr std::int64_t start_ms = 1'700'000'000'000;
    static constexpr UserId user = 42;

    void SetUp() override {
        maker_ = GetParam()();
        reopen();
    }
    void TearDown() override {
        if (store_) store_->close();
    }
    void reopen() {
        if (store_) store_->close();
        store_ = maker_->open(clock_, logger_, limits_);
        ASSERT_NE(store_, nullptr);
    }
    /// A write wants a later hundredth of a second than the one before.
    void tick(std::int64_t ms = 10) { clock_.advance_ms(ms); }

    Outcome<ByCollection<Timestamp>> info(Precondition when = {}, UserId who = user) {
        return run_on(loop_, [&] { return store_->info(loop_, who, when); });
    }
    Outcome<ByCollection<std::uint64_t>> counts(Precondition when = {}, UserId who = user) {
        return run_on(loop_, [&] { return store_->counts(loop_, who, when); });
    }
    Outcome<ByCollection<std::uint64_t>> usage(Precondition when = {}, UserId who = user) {
        return run_on(loop_, [&] { return store_->usage(loop_, who, when); });
    }
    Outcome<Row> get(const std::string& collection, const std::string& id, Precondition when = {}) {
        Row row;
        auto outcome = run_on(loop_, [&] {
            return store_->get(loop_, user, collection, id, when,
                               [&](const RecordView& view) { row = row_of(view); });
        });
        if (!outcome) return std::unexpected(outcome.error());
        EXPECT_EQ(*outcome, row.modified);
        return row;
    }
    struct Page {
        Listing listing;
        std::vector<Row> rows;
        [[nodiscard]] std::vector<std::string> ids() const {
            std::vector<std::string> ids;
            for (const auto& row : rows)
                ids.push_back(row.id);
            return ids;
        }
    };
    Outcome<Page> list(const std::string& collection, const ListQuery& query = {}, Precondition when = {}) {
        Page page;
        auto outcome = run_on(loop_, [&] {
            return store_->list(loop_, user, collection, query, when,
                                [&](const RecordView& view) { page.rows.push_back(row_of(view)); });
        });
        if (!outcome) return std::unexpected(outcome.error());
        page.listing = *outcome;
        EXPECT_EQ(page.listing.count, page.rows.size());
        return page;
    }
    /// Follows the offsets to the end.
    std::vector<Row> all_pages(const std::string& collection, ListQuery query) {
        std::vector<Row> rows;
        for (int pages = 0; pages < 1000; ++pages) {
            const auto page = list(collection, query);
            if (!page) {
                ADD_FAILURE() << "page refused";
                return rows;
            }
            rows.insert(rows.end(), page->rows.begin(), page->rows.end());
            if (page->listing.next_offset.empty()) return rows;
            query.offset = page->listing.next_offset;
        }
        ADD_FAILURE() << "paging does not end";
        return rows;
    }

    // Writes. All but the *_now ones move the clock first.
    Outcome<Timestamp> put(const std::string& collection, RecordUpdate update, Precondition when = {},
                           UserId who = user) {
        tick();
        return put_now(collection, std::move(update), when, who);
    }
    Outcome<Timestamp> put_now(const std::string& collection, RecordUpdate update, Precondition when = {},
                               UserId who = user) {
        return run_on(
            loop_, [&] { return modified_of(store_->put(loop_, who, collection, std::move(update), when)); });
    }
    Outcome<Timestamp> post(const std::string& collection, std::vector<RecordUpdate> updates,
                            Precondition when = {}) {
        tick();
        return run_on(loop_, [&] {
            return modified_of(store_->post(loop_, user, collection, std::move(updates), when));
        });
    }
    Outcome<Timestamp> remove(const std::string& collection, const std::string& id, Precondition when = {}) {
        tick();
        return run_on(loop_, [&] { return store_->remove(loop_, user, collection, id, when); });
    }
    Outcome<Timestamp> remove_ids(const std::string& collection, std::vector<std::string> ids,
                                  Precondition when = {}) {
        tick();
        return run_on(loop_,
                      [&] { return store_->remove_ids(loop_, user, collection, std::move(ids), when); });
    }
    Outcome<Timestamp> remove_collection(const std::string& collection, Precondition when = {}) {
        tick();
        return run_on(loop_, [&] { return store_->remove_collection(loop_, user, collection, when); });
    }
    Outcome<Timestamp> remove_user(Precondition when = {}, UserId who = user) {
        tick();
        return run_on(loop_, [&] { return store_->remove_user(loop_, who, when); });
    }
    Outcome<Store::Staged> open_batch(const std::string& collection, std::vector<RecordUpdate> updates,
                                      Precondition when = {}) {
        tick();
        return run_on(loop_,
                      [&] { return store_->open_batch(loop_, user, collection, std::move(updates), when); });
    }
    Outcome<Store::Staged> append_batch(const std::string& collection, const std::string& batch,
                                        std::vector<RecordUpdate> updates, Precondition when = {},
                                        UserId who = user) {
        tick();
        return run_on(loop_, [&] {
            return store_->append_batch(loop_, who, collection, batch, std::move(updates), when);
        });
    }
    Outcome<Timestamp> commit_batch(const std::string& collection, const std::string& batch,
                                    std::vector<RecordUpdate> updates = {}, Precondition when = {}) {
        tick();
        return run_on(loop_, [&] {
            return modified_of(
                store_->commit_batch(loop_, user, collection, batch, std::move(updates), when));
        });
    }

    static Row row_of(const RecordView& view) {
        return {std::string(view.id), std::string(view.payload), view.sortindex, view.modified};
    }
    static RecordUpdate record(std::string id, std::optional<std::string> payload = {},
                               std::optional<std::int64_t> sortindex = {},
                               std::optional<std::int64_t> ttl = {}) {
        return {std::move(id), std::move(payload), sortindex, ttl};
    }
    static Precondition unmodified_since(Timestamp value) { return {{}, value}; }
    static Precondition modified_since(Timestamp value) { return {value, {}}; }
    static Timestamp earlier(Timestamp value) { return {value.hundredths - 1}; }
    template <class T>
    static std::optional<Failure::Kind> kind(const Outcome<T>& outcome) {
        if (outcome) return std::nullopt;
        return outcome.error().kind;
    }
    std::map<std::string, Timestamp> collections() {
        const auto all = info();
        return all ? std::map(all->collections.begin(), all->collections.end())
                   : std::map<std::string, Timestamp>();
    }

    base::ManualClock clock_{start_ms};
    base::NullLogger logger_;
    BatchLimits limits_;
    std::unique_ptr<StoreMaker> maker_;
    ThreadExecutor loop_;
    std::unique_ptr<Store> store_;
};

}  // namespace homespun::sync::store
