// The store with random writes on a disk that fills up, fails, forgets and loses power; DESIGN: "Nothing
// lost".
//
// HOMESPUN_FAULT_SECONDS=60 runs longer, HOMESPUN_FAULT_SEED=n repeats one trial.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "sync/store/random_writes_fixture.hpp"
#include "sync/store/sqlite/power_vfs_fixture.hpp"
#include "sync/store/sqlite/sqlite_store.hpp"
#include "sync/store/sqlite/store_files.hpp"
#include "sync/store/store_contract_test.hpp"
#include "sys/scratch_folder_fixture.hpp"

namespace homespun::sync::store::sqlite {
namespace {

using Kind = Operation::Kind;
using Written = Outcome<std::pair<Timestamp, std::string>>;  // the second is the batch's name

constexpr UserId users = 6;
constexpr std::size_t shards = 2;

int environment_number(const char* name, int otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::atoi(text);
}

/// A user with what the store owes him.
struct Person {
    Person(UserId its_id, std::uint64_t seed) : id(its_id), writes(seed) {}
    UserId id;
    RandomWrites writes;
    UserModel model;
    std::optional<Operation> unsure;  ///< refused or unanswered: done or not, but never half
    Span asked;
};

struct Conditions {
    std::uint64_t seed = 1;
    Synchronous synchronous = Synchronous::full;
    bool disk_lies = false;
};

/// One store's life: rounds of writes, each with one kind of trouble, then a look at what is left. The first
/// thing that is wrong ends it.
class Trial {
  public:
    explicit Trial(const Conditions& conditions)
        : conditions_(conditions), vfs_(conditions.seed), dice_(conditions.seed) {
        if (conditions.disk_lies) vfs_.lie_about_syncs();
        for (UserId id = 1; id <= users; ++id)
            people_.emplace_back(id, conditions.seed * 100 + id);
    }

    /// Empty, or what is wrong.
    std::string run() {
        for (int round = 0; round < rounds && wrong_.empty(); ++round) {
            if (!store_) open_through_trouble();
            if (!store_) break;
            if (below(4) != 0) vfs_.fail(trouble());
            const auto steps = below(40);
            for (std::uint64_t step = 0; step < steps && wrong_.empty(); ++step)
                write_all_at_once();
            look_and_reopen();
        }
        if (store_) store_->close();
        return wrong_;
    }
    [[nodiscard]] int acknowledged() const { return acknowledged_; }
    [[nodiscard]] int refused() const { return refused_; }

  private:
    static constexpr int rounds = 4;

    std::uint64_t below(std::uint64_t bound) { return dice_() % bound; }

    PowerVfs::Order trouble() {
        using Call = PowerVfs::Call;
        using Failure = PowerVfs::Failure;
        const auto nth = 1 + static_cast<int>(below(120));
        const auto some = 1 + static_cast<int>(below(8));
        switch (below(6)) {
            case 0:
                return {Call::write, nth, some, Failure::full};
            case 1:
                return {Call::write, nth, some, Failure::io_error};
            case 2:
                return {Call::read, nth / 4 + 1, some, Failure::io_error};
            case 3:
                return {Call::sync, nth / 8 + 1, some / 4 + 1, Failure::io_error};
            default:
                return {Call::change, nth, 1, Failure::power_off};
        }
    }

    base::Result<std::unique_ptr<SqliteStore>> open() {
        Options options{.directory = folder_ / "store", .shards = shards, .clock = clock_, .logger = logger_};
        options.synchronous = conditions_.synchronous;
        options.idle_after = std::chrono::milliseconds(5);
        options.purge_every = std::chrono::milliseconds(5);
        options.remembered_entries = 8;  // states come and go
        options.vfs = PowerVfs::name;
        return SqliteStore::open(options);
    }

    /// The first start and every one after a loss of power may itself be interrupted.
    void open_through_trouble() {
        if (below(3) == 0)
            vfs_.fail(
                {PowerVfs::Call::change, 1 + static_cast<int>(below(40)), 1, PowerVfs::Failure::power_off});
        for (int attempt = 0; attempt < 2 && !store_; ++attempt) {
            auto opened = open();
            if (opened) {
                store_ = std::move(*opened);
                return;
            }
            if (vfs_.failures() == failures_seen_) fail("the store does not open: " + opened.error().message);
            failures_seen_ = vfs_.failures();
            vfs_.power_off();
            vfs_.power_on();
        }
        if (!store_) fail("the store does not open after a loss of power");
    }

    void fail(const std::string& what) {
        if (wrong_.empty()) wrong_ = what;
    }

    /// One write of each person, in one group or several as it comes.
    void write_all_at_once() {
        clock_.advance_ms(10 + static_cast<std::int64_t>(below(3) * 10));
        struct Going {
            Person& person;
            Operation operation;
            std::future<Written> answer;
        };
        std::vector<Going> going;
        for (auto& person : people_) {
            if (person.unsure || below(8) == 0) continue;
            auto operation = person.writes.next(person.model);
            auto answer = start_on(loop_, [this, id = person.id, operation] { return write(id, operation); });
            going.push_back({person, std::move(operation), std::move(answer)});
        }
        const auto begin_ms = clock_.now_ms();
        for (auto& each : going) {
            // What is parked waits for the clock.
            while (each.answer.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready)
                clock_.advance_ms(10);
            take_answer(each.person, std::move(each.operation), each.answer.get(),
                        {begin_ms, clock_.now_ms()});
        }
        // Now and then the writers rest and tidy up.
        if (below(12) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(12));
    }

    base::Task<Written> write(UserId id, Operation what) {
        if (what.stages()) {
            auto staging =
                what.kind == Kind::open_batch
                    ? store_->open_batch(loop_, id, what.collection, what.updates, {})
                    : store_->append_batch(loop_, id, what.collection, what.batch, what.updates, {});
            auto staged = co_await std::move(staging);
            if (!staged) co_return std::unexpected(staged.error());
            co_return std::pair(staged->last_modified, staged->batch);
        }
        auto written = co_await start(id, what);
        if (!written) co_return std::unexpected(written.error());
        co_return std::pair(*written, std::string());
    }

    base::Task<Outcome<Timestamp>> start(UserId id, const Operation& what) {
        switch (what.kind) {
            case Kind::put:
                return modified_of(store_->put(loop_, id, what.collection, what.updates.front(), {}));
            case Kind::remove:
                return store_->remove(loop_, id, what.collection, what.ids.front(), {});
            case Kind::remove_ids:
                return store_->remove_ids(loop_, id, what.collection, what.ids, {});
            case Kind::remove_collection:
                return store_->remove_collection(loop_, id, what.collection, {});
            case Kind::remove_user:
                return store_->remove_user(loop_, id, {});
            case Kind::commit_batch:
                return modified_of(
                    store_->commit_batch(loop_, id, what.collection, what.batch, what.updates, {}));
            default:
                return modified_of(store_->post(loop_, id, what.collection, what.updates, {}));
        }
    }

    [[nodiscard]] Span now() const { return {clock_.now_ms(), clock_.now_ms()}; }

    void take_answer(Person& person, Operation operation, const Written& answer, Span asked) {
        const auto who = "user " + std::to_string(person.id) + ", " + name_of(operation.kind) + ": ";
        if (answer) {
            ++acknowledged_;
            const auto there = operation.kind == Kind::remove
                                   ? person.model.has(operation.collection, operation.ids.front(), asked)
                                   : true;
            if (there == false) fail(who + "found a record that must not be there");
            const auto wrong = person.model.acknowledge(operation, answer->first, asked, answer->second);
            if (!wrong.empty()) fail(who + wrong);
            return;
        }
        if (answer.error().kind == Failure::Kind::unavailable) {
            ++refused_;
            if (answer.error().retry_after_s < 1) fail(who + "refused without a time to come back");
            person.unsure = std::move(operation);
            person.asked = asked;
            return;
        }
        const bool missing =
            answer.error().kind == Failure::Kind::not_found && operation.kind == Kind::remove;
        if (!missing) return fail(who + "refused for no good reason");
        if (person.model.has(operation.collection, operation.ids.front(), asked) == true)
            fail(who + "did not find a record that must be there");
    }

    void look_and_reopen() {
        vfs_.heal();
        if (vfs_.is_on()) look(false);
        failures_seen_ = vfs_.failures();
        if (below(3) != 0) vfs_.power_off();
        do {
            store_->close();
            store_.reset();
            vfs_.power_off();  // also after an orderly end: all of it must be on the disk by then
            vfs_.power_on();
            if (!wrong_.empty()) return;
            open_through_trouble();
            vfs_.heal();
        } while (store_ && !vfs_.is_on());
        if (store_) look(true);
        if (store_) check_files();
    }

    /// `anew`: opened again, so that it is settled what became of unsure writes; before that they must not
    /// show.
    void look(bool anew) {
        for (auto& person : people_) {
            if (!wrong_.empty()) return;
            const auto shown = show(person.id);
            if (!shown) continue;
            const auto wrong = anew && person.unsure
                                   ? person.model.settle(*person.unsure, person.asked, *shown, now())
                                   : person.model.difference(*shown, now());
            if (!wrong.empty())
                fail("user " + std::to_string(person.id) + (anew ? ", opened again: " : ": ") + wrong);
            if (anew) person.unsure.reset();
        }
    }

    std::optional<Shown> show(UserId id) {
        Shown shown;
        const auto info = run_on(loop_, [&] { return store_->info(loop_, id, {}); });
        if (!info) return refused_to_read(id, info.error());
        shown.storage = info->storage;
        for (const auto& [name, modified] : info->collections) {
            auto& collection = shown.collections[name];
            collection.modified = modified;
            const auto listed = run_on(loop_, [&, name = name] {
                return store_->list(loop_, id, name, {.full = true}, {}, [&](const RecordView& row) {
                    collection.records[std::string(row.id)] = {std::string(row.payload), row.sortindex,
                                                               row.modified};
                });
            });
            if (!listed) return refused_to_read(id, listed.error());
        }
        const auto counts = run_on(loop_, [&] { return store_->counts(loop_, id, {}); });
        if (!counts) return refused_to_read(id, counts.error());
        for (const auto& [name, count] : counts->collections) {
            if (count != shown.collections[name].records.size())
                fail("user " + std::to_string(id) + ": the count of " + name + " is wrong");
        }
        return shown;
    }

    std::nullopt_t refused_to_read(UserId id, const Failure& failure) {
        fail("user " + std::to_string(id) + " cannot read: " + failure.detail);
        return std::nullopt;
    }

    void check_files() {
        for (std::size_t number = 0; number < shards; ++number) {
            auto database = Database::open(shard_path(folder_ / "store", number), {.vfs = PowerVfs::name});
            if (!database) return fail(database.error().message);
            auto row = database->use("PRAGMA integrity_check");
            if (!row.step() || row.text(0) != "ok") fail("integrity check: " + std::string(row.text(0)));
        }
    }

    const Conditions conditions_;
    sys::ScratchFolder folder_ = sys::ScratchFolder::in_memory();
    PowerVfs vfs_;
    std::mt19937_64 dice_;
    base::ManualClock clock_{1'700'000'000'000};
    base::NullLogger logger_;
    ThreadExecutor loop_;
    std::vector<Person> people_;
    std::unique_ptr<SqliteStore> store_;
    std::string wrong_;
    int failures_seen_ = 0;
    int acknowledged_ = 0;
    int refused_ = 0;
};

TEST(StoreOnABadDiskTest, KeepsWhatItAcknowledged) {
    const auto only = environment_number("HOMESPUN_FAULT_SEED", 0);
    const auto until = std::chrono::steady_clock::now() +
                       std::chrono::seconds(environment_number("HOMESPUN_FAULT_SECONDS", 6));
    constexpr int least_trials = 10;
    int trials = 0, acknowledged = 0, refused = 0;
    for (int seed = only ? only : 1; trials < least_trials || std::chrono::steady_clock::now() < until;
         ++seed) {
        Trial trial({.seed = static_cast<std::uint64_t>(seed)});
        const auto wrong = trial.run();
        ASSERT_EQ(wrong, "") << "repeat with HOMESPUN_FAULT_SEED=" << seed;
        ++trials;
        acknowledged += trial.acknowledged();
        refused += trial.refused();
        if (only) break;
    }
    RecordProperty("trials", trials);
    RecordProperty("acknowledged", acknowledged);
    RecordProperty("refused", refused);
    if (only) return;
    EXPECT_GT(acknowledged, 1000);
    EXPECT_GT(refused, 10) << "the disk was never bad";
}

/// How many of `count` trials notice that something is wrong.
int noticed(Conditions conditions, int count) {
    int noticed = 0;
    for (int seed = 1; seed <= count; ++seed) {
        conditions.seed = static_cast<std::uint64_t>(seed);
        if (!Trial(conditions).run().empty()) ++noticed;
    }
    return noticed;
}

// Could the test above fail at all? Without syncs it must.
TEST(StoreOnABadDiskTest, NoticesWhenCommitsAreNotSynced) {
    EXPECT_GE(noticed({.synchronous = Synchronous::normal}, 20), 5);
}

TEST(StoreOnABadDiskTest, NoticesADiskThatLies) {
    EXPECT_GE(noticed({.disk_lies = true}, 20), 5);
}

}  // namespace
}  // namespace homespun::sync::store::sqlite
