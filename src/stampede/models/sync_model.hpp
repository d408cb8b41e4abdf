#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "stampede/models/sync_accounts.hpp"
#include "stampede/models/sync_plan.hpp"
#include "stampede/models/sync_writing.hpp"
#include "stampede/models/target.hpp"

namespace homespun::stampede {

struct SyncModelSettings {
    std::uint64_t first_uid = 1;  ///< user n of a run has the uid first_uid + n
    double time_scale = 1;        ///< rests are divided by it: 60 makes an hour of user life a minute
    /// Rests of this length instead of the profile's own.
    std::optional<std::chrono::microseconds> rest = {};
    /// When there, each user asks the token server at the target's path for a token first, and again when it
    /// is used up.
    std::shared_ptr<SyncAccounts> accounts = {};
};

/// The users of one Sync 1.5 profile. Storage tokens are made here from the server's master secret, so that
/// every server that knows it can be asked; or they come from the token server, for accounts made before.
class SyncModel final : public Model {
  public:
    /// `target.path` is what stands before the uid (`/storage/1.5`, or `/1.5` of other servers); with
    /// accounts the token server's (`/token/1.0/sync/1.5`). `preparing`: sessions that store the records the
    /// profile wants there, instead of its own.
    static base::Result<std::unique_ptr<SyncModel>> make(const SyncProfile& profile, const Target& target,
                                                         const SyncModelSettings& settings,
                                                         bool preparing = false);

    [[nodiscard]] std::string name() const override { return profile_.name; }
    [[nodiscard]] const std::vector<std::string>& types() const override { return sync_type_names(); }
    [[nodiscard]] std::vector<std::pair<std::string, double>> mix() const override;
    [[nodiscard]] double requests_per_session() const override { return profile_.requests_per_session; }
    [[nodiscard]] double sessions_per_user_hour() const override { return profile_.sessions_per_user_hour; }
    [[nodiscard]] std::unique_ptr<Session> make_session() const override;
    [[nodiscard]] const SyncProfile& profile() const { return profile_; }

  private:
    friend class SyncSession;
    SyncModel(const SyncProfile& profile, const Target& target, const SyncModelSettings& settings,
              bool preparing);

    const SyncProfile& profile_;
    const SyncModelSettings settings_;
    const bool preparing_;
    const SyncWriter writer_;
    mutable std::atomic<std::uint64_t> next_rolling_ = 0;
};

/// Whether the body of an answer to `step` is what a Sync 1.5 server must say; the status was right.
bool is_right_body(const SyncStep& step, const Answer& answer);

}  // namespace homespun::stampede
