#include "sync/store/sqlite/shard_writer.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "sys/kill_point.hpp"

namespace homespun::sync::store::sqlite {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t most_requests = 512;
constexpr std::size_t most_bytes = std::size_t{8} << 20;
constexpr milliseconds most_work{5};

bool leaves_rubbish(WriteKind kind) {
    return kind == WriteKind::remove_collection || kind == WriteKind::remove_user ||
           kind == WriteKind::replace_user || kind == WriteKind::commit_batch;
}

}  // namespace

ShardWriter::ShardWriter(Database database, UserTable& table, const base::Clock& clock, base::Logger& logger,
                         WriterSettings settings)
    : settings_(std::move(settings)),
      table_(table),
      clock_(clock),
      logger_(logger),
      database_(std::move(database)),
      tables_(std::make_unique<ShardTables>(database_, settings_.limits, *settings_.quota)),
      purge_(database_),
      vacuum_(database_),
      quiet_from_(Steady::now() + settings_.idle_after),
      next_purge_(Steady::now()),
      next_slice_(next_purge_),
      next_vacuum_(quiet_from_) {
    // Checkpoints are made here, after the answers have gone out, and not inside the commit.
    sqlite3_wal_hook(database_.handle(), &ShardWriter::note_wal_frames, this);
    thread_ = std::thread([this] { run(); });
}

ShardWriter::~ShardWriter() {
    close();
}

void ShardWriter::close() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    wake_.notify_one();
    if (!thread_.joinable()) return;
    thread_.join();
    tables_.reset();
    database_ = Database();
}

void ShardWriter::run() {
    note_use();
    while (take_queued()) {
        release_parked();
        if (!inbox_.empty()) {
            gather();
            commit_group();
        }
        load_suggested();
        house_keeping();
    }
    checkpoint();
}

ShardWriter::Steady::time_point ShardWriter::next_wake() const {
    // A parked request waits for the next hundredth of the second of the injected clock.
    if (!parked_.empty()) return Steady::now() + milliseconds(10 - clock_.now_ms() % 10);
    // Nothing is tidied up any more.
    if (broken_.load(std::memory_order_relaxed)) return Steady::now() + std::chrono::hours(1);
    auto wake = std::max(next_purge_, next_slice_);
    if (vacuum_.possible()) wake = std::min(wake, std::max(quiet_from_, next_vacuum_));
    if (wal_frames_ > 0 && !tidying_) wake = std::min(wake, quiet_from_);
    return refusing_.load(std::memory_order_relaxed) ? std::min(wake, next_probe_) : wake;
}

SqlResult<UserState*> ShardWriter::state_of(UserId user) {
    const auto place = touched_.find(user);
    if (place != touched_.end()) return &place->second;
    auto known = table_.copy(user);
    if (known) return &touched_.emplace(user, std::move(*known)).first->second;
    auto loaded = tables_->load_user(user);
    if (!loaded) return std::unexpected(loaded.error());
    return &touched_.emplace(user, std::move(*loaded)).first->second;
}

/// False: parked, `request` is empty. True: its outcome stands, subject to the commit.
SqlResult<bool> ShardWriter::execute(Request& request, bool may_park) {
    const auto state = state_of(request->user);
    if (!state) return std::unexpected(state.error());
    const auto now = Timestamp::from_ms(clock_.now_ms());
    Moment moment{now, now};
    if (takes_timestamp(request->kind)) {
        if (may_park && park(request, **state, now)) return false;
        moment.timestamp = std::max(now, Timestamp{(*state)->last_write.hundredths + 1});
        if (HOMESPUN_PLANTED_FAULT("trust_the_clock")) moment.timestamp = now;
        if (moment.timestamp > now && Steady::now() >= next_drift_warning_) {
            next_drift_warning_ = Steady::now() + std::chrono::seconds(10);
            logger_.warning(
                "timestamp_ahead_of_clock",
                {{"shard", settings_.name}, {"hundredths", moment.timestamp.hundredths - now.hundredths}});
        }
    }
    UserState* staged = nullptr;
    if (request->kind == WriteKind::replace_user) {
        const auto found = state_of(request->staged);
        if (!found) return std::unexpected(found.error());
        staged = *found;
        // Its records were written a moment ago, perhaps on the same hundredth.
        moment.timestamp = std::max(moment.timestamp, Timestamp{staged->last_write.hundredths + 1});
    }
    // No savepoint: it copies every page it sees changed, a third of the cost of a single record
    // (docs/storage-format.md). Requests refuse before they write, and an error of SQLite abandons the whole
    // group and tries each request alone, so nothing needs to be undone by itself.
    auto applied = tables_->apply(*request, **state, staged, moment);
    if (!applied) return std::unexpected(applied.error());
    request->outcome = std::move(*applied);
    return true;
}

SqlResult<void> ShardWriter::begin() {
    return database_.use("BEGIN IMMEDIATE").run();
}
SqlResult<void> ShardWriter::commit() {
    const auto begin = Steady::now();
    auto done = database_.use("COMMIT").run();
    settings_.metrics.commit_time.observe(Steady::now() - begin);
    return done;
}

void ShardWriter::roll_back() {
    // SQLite may have rolled back by itself, after a full disk for example.
    if (!database_.autocommit()) (void)database_.use("ROLLBACK").run();
    tables_->rolled_back();
    touched_.clear();
}

void ShardWriter::commit_group() {
    std::vector<Request> executed;
    if (broken_.load(std::memory_order_relaxed)) {
        while (auto request = next_request())
            executed.push_back(std::move(request));
        return refuse_all(executed, SqlError{SQLITE_IOERR, "an earlier commit failed"}, 60);
    }
    if (auto begun = begin(); !begun) {
        while (!inbox_.empty())
            executed.push_back(next_request());
        return refuse_all(executed, begun.error(), 5);
    }
    const auto started = Steady::now();
    std::size_t bytes = 0;
    while (executed.size() < most_requests && bytes < most_bytes && Steady::now() - started < most_work) {
        auto request = next_request();
        if (!request) break;
        const auto done = execute(request, true);
        if (request) {
            bytes += request->weight;
            executed.push_back(std::move(request));
        }
        if (!done) {
            roll_back();
            if (done.error().is_failed_sync()) give_up_writing(done.error());
            return commit_alone(std::move(executed));
        }
    }
    if (HOMESPUN_PLANTED_FAULT("acknowledge_before_commit")) complete(std::exchange(executed, {}));
    HOMESPUN_KILL_POINT("before_commit");
    if (auto done = commit(); !done) {
        roll_back();
        if (done.error().may_pass()) return commit_alone(std::move(executed));
        if (done.error().is_damage()) give_up_writing(done.error());
        return refuse_all(executed, done.error(), 30);
    }
    HOMESPUN_KILL_POINT("after_commit");
    if (!executed.empty()) settings_.metrics.group_requests.observe(executed.size());
    publish();
    complete(std::move(executed));
    note_use();
    quiet_from_ = Steady::now() + settings_.idle_after;
}

/// After a failure in a group: each request in a transaction of its own, so that one that cannot be served
/// does not take the others with it.
void ShardWriter::commit_alone(std::vector<Request> requests) {
    for (auto& request : requests) {
        std::vector<Request> one;
        auto done = broken_.load(std::memory_order_relaxed)
                        ? std::unexpected(SqlError{SQLITE_IOERR, "an earlier commit failed"})
                        : begin();
        if (done) {
            const auto executed = execute(request, false);
            if (!executed) {
                done = std::unexpected(executed.error());
                if (done.error().is_failed_sync()) give_up_writing(done.error());
            } else if (done = commit(); !done && done.error().is_damage()) {
                give_up_writing(done.error());
            }
        }
        one.push_back(std::move(request));
        if (!done) {
            roll_back();
            refuse_all(one, done.error(), 30);
            continue;
        }
        settings_.metrics.group_requests.observe(one.size());
        publish();
        complete(std::move(one));
        note_use();
    }
}

void ShardWriter::refuse_all(std::vector<Request>& requests, const SqlError& error, int retry_after_s) {
    logger_.error("write_refused", {{"shard", settings_.name},
                                    {"requests", static_cast<std::int64_t>(requests.size())},
                                    {"code", std::int64_t{error.code}},
                                    {"error", error.message}});
    settings_.metrics.refused_writes.add(requests.size());
    if (error.may_pass()) await_room(error);
    for (auto& request : requests)
        request->outcome =
            std::unexpected(Failure{Failure::Kind::unavailable, {}, retry_after_s, error.message});
    complete(std::move(requests));
}

void ShardWriter::publish() {
    if (refusing_.load(std::memory_order_relaxed)) {
        refusing_.store(false, std::memory_order_relaxed);
        settings_.metrics.refusing.set(0);
        logger_.info("shard_takes_writes", {{"shard", settings_.name}});
    }
    for (auto& [user, state] : touched_)
        table_.publish(user, std::move(state));
    touched_.clear();
}

/// One post per loop for all of its answers.
void ShardWriter::complete(std::vector<Request> requests) {
    uncount(requests);
    using Answers = std::pair<base::Executor*, std::vector<Request>>;
    std::vector<Answers> by_home;
    for (auto& request : requests) {
        if (leaves_rubbish(request->kind)) next_purge_ = std::min(next_purge_, Steady::now());
        auto place = std::ranges::find(by_home, request->home, &Answers::first);
        if (place == by_home.end()) {
            by_home.emplace_back(request->home, std::vector<Request>());
            place = std::prev(by_home.end());
        }
        place->second.push_back(std::move(request));
    }
    for (auto& [home, answered] : by_home) {
        home->post([answered = std::move(answered)]() mutable {
            for (auto& request : answered) {
                *request->answer = std::move(request->outcome);
                const auto caller = request->caller;
                request.reset();
                caller.resume();
            }
        });
    }
}

}  // namespace homespun::sync::store::sqlite
