#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "stampede/engine/session.hpp"
#include "stampede/models/replay_log.hpp"
#include "stampede/models/sync_plan.hpp"
#include "stampede/models/sync_writing.hpp"
#include "stampede/models/target.hpp"

namespace homespun::stampede {

struct ReplaySettings {
    std::uint64_t first_uid = 1;  ///< Sync: user n of the log becomes uid first_uid + n
    double scale = 1;             ///< times are divided by it: 60 makes an hour a minute
};

/// The users of a log, who ask again what they asked then, at the same distances. For the closed model with
/// as many users as the log has. Requests come at their moments after a common start; one that is late,
/// because the answer before it was, comes at once, and those behind it keep their moments. A user's requests
/// of one stretch, without a pause of `longest_pause`, are a session; between them others may have its
/// connection.
class ReplayModel final : public Model {
  public:
    /// Between the start and the first request, so that every user is there in time.
    static constexpr std::chrono::milliseconds head_start{500};
    static constexpr std::chrono::seconds longest_pause{5};

    /// Without a secret in `target` the log's paths are asked for as they stand, behind `target.path`. With
    /// one it is a Sync replay. The error says what does not fit. `log` is finished.
    static base::Result<std::unique_ptr<ReplayModel>> make(std::shared_ptr<const ReplayLog> log,
                                                           const Target& target,
                                                           const ReplaySettings& settings);

    [[nodiscard]] std::string name() const override { return "replay"; }
    [[nodiscard]] const std::vector<std::string>& types() const override { return log_->types(); }
    [[nodiscard]] std::vector<std::pair<std::string, double>> mix() const override;
    [[nodiscard]] double requests_per_session() const override;
    [[nodiscard]] double sessions_per_user_hour() const override { return 0; }
    [[nodiscard]] std::unique_ptr<Session> make_session() const override;
    /// From the start to a request so long after the first one of the log.
    [[nodiscard]] static std::chrono::microseconds duration(std::int64_t offset_ms, double scale);

  private:
    friend class ReplaySession;
    ReplayModel(std::shared_ptr<const ReplayLog> log, const Target& target, const ReplaySettings& settings);
    /// When a request is due, after the start.
    [[nodiscard]] std::chrono::microseconds moment_of(const ReplayRequest& request) const {
        return duration(request.offset_ms, settings_.scale);
    }
    /// Since the start, which is the first call.
    [[nodiscard]] std::chrono::microseconds passed() const;

    const std::shared_ptr<const ReplayLog> log_;
    const ReplaySettings settings_;
    const SyncWriter writer_;
    /// Of each type: the Sync requests that it is; nothing for others.
    std::vector<std::optional<SyncType>> sync_types_;
    mutable std::atomic<std::int64_t> start_us_ = 0;  ///< of the steady clock; 0: not yet
};

/// One stretch of one user's requests. Its place among them is in Memory::a.
class ReplaySession final : public Session {
  public:
    explicit ReplaySession(const ReplayModel& model) : model_(model) {}

    void begin(std::uint64_t user, std::uint64_t draw, Memory& memory) override;
    Next next(Draft& draft) override;
    std::optional<ErrorClass> judge(const Answer& answer) override;
    void broken(ErrorClass error) override;
    std::chrono::microseconds rest() override;

  private:
    [[nodiscard]] const ReplayRequest& request() const { return requests_[memory_->a]; }
    void write_sync(Draft& draft);
    void write_plain(Draft& draft);
    void write_body(std::string_view method, std::string_view what);
    void write_records(std::string_view collection);
    void append_payload(std::size_t size);
    void learn(const Answer& answer);
    [[nodiscard]] bool is_right(const Answer& answer) const;

    const ReplayModel& model_;
    Dice dice_;
    Memory* memory_ = nullptr;
    std::uint64_t uid_ = 0;
    std::span<const ReplayRequest> requests_;
    bool waited_ = false;  ///< for the request that is next
    SyncPass pass_;
    std::int64_t pass_until_s_ = 0;  ///< since 1970: then a new one is made
    std::int64_t clock_skew_s_ = 0;
    std::uint32_t records_ = 0;            ///< in the body of the last request
    std::string batch_, next_offset_;      ///< as the server called them last
    std::string target_, headers_, body_;  ///< of the request being written
};

/// A Sync query as it is to be asked now: times are `shift_s` later, batches and pages are called as this
/// server called them last (empty: it has not; then a new batch is opened, and the first page is asked for).
std::string replayed_query(std::string_view query, double shift_s, std::string_view batch,
                           std::string_view next_offset);

}  // namespace homespun::stampede
