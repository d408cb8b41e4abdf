#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stampede/engine/session.hpp"

namespace homespun::stampede {

/// Request types of every Sync profile; the names are in `sync_type_names`.
enum class SyncType : std::uint16_t {
    get_configuration,
    get_collections,
    get_meta,
    put_meta,
    get_keys,
    put_keys,
    get_clients,
    post_clients,
    get_tabs,
    post_tabs,
    get_history,
    post_history,
    get_bookmarks,
    post_bookmarks,
    get_passwords,
    post_passwords,
    get_forms,
    post_forms,
    get_prefs,
    post_prefs,
    delete_collection,
    delete_storage,
    get_token,  ///< of the token server, when users come with accounts
};
/// "GET info/collections", "POST history", …
const std::vector<std::string>& sync_type_names();

/// Which part of a batch upload a POST is.
enum class BatchPart : std::uint8_t { none, open, append, commit, whole };

/// One request of a session, before it is written.
struct SyncStep {
    SyncType type = SyncType::get_collections;
    std::string_view collection = {};  ///< of GET, POST and DELETE of one; empty otherwise
    std::uint32_t records = 0;         ///< of a POST
    std::uint32_t newer_s = 0;         ///< of a GET: newer = now - this; 0: everything
    std::uint32_t limit = 0;           ///< of a GET; 0: no limit
    BatchPart batch = BatchPart::none;
    bool new_ids = false;           ///< ids that were never used; else the user's own are written again
    bool may_be_missing = false;    ///< 404 is well
    bool put_when_missing = false;  ///< 404 is well, and a PUT of the same follows
    bool unless_modified = false;   ///< with X-If-Modified-Since of what was seen last: 304 is well
    bool of_elder = false;          ///< of the user who came `rolling_window` users before
};

/// How long payloads are, in bytes.
enum class Sizes : std::uint8_t {
    pareto,     ///< 300 x Pareto(3), at most 7,000: Mozilla's script since 2014
    fixed_500,  ///< the bench of 2010
};

/// What the clients of one kind do. All numbers come from the load sheet's part 2 but for those that
/// docs/stampede/models.md marks as estimates of ours.
struct SyncProfile {
    std::string name;
    std::string what;  ///< one sentence for `stampede models`
    /// Draws one session.
    void (*plan)(Dice& dice, Memory& memory, std::vector<SyncStep>& steps);
    /// How long a user rests after it.
    std::chrono::microseconds (*rest)(Dice& dice, Memory& memory);
    Sizes sizes = Sizes::pareto;
    double requests_per_session = 0;
    double sessions_per_user_hour = 0;
    std::vector<std::pair<SyncType, double>> per_session =
        {};                         ///< requests of each type a session has on average
    bool many_clients = false;      ///< a user has four client records, written 80, 15, 4 and 1 % of the time
    bool honours_back_off = false;  ///< waits for Retry-After and asks again
    std::uint32_t stored_records = 0;  ///< that a user has before the run begins; `prepare` puts them there
    std::uint64_t users = 0;           ///< how many users the profile is about; 0: as many as are asked for
};

/// Users of `rolling-users` are deleted when this many came after them.
constexpr std::uint64_t rolling_window = 1000;

/// Every profile, in the order in which they are listed.
const std::vector<SyncProfile>& sync_profiles();
/// Null when there is none of that name.
const SyncProfile* find_sync_profile(std::string_view name);

/// One session of `prepare`: 100 records at a time until `records` are there.
void plan_preparation(std::uint32_t records, std::vector<SyncStep>& steps);

}  // namespace homespun::stampede
