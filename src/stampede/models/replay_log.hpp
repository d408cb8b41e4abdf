#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stampede/models/access_log.hpp"

namespace homespun::stampede {

/// What a server must answer so that a replayed request went as it did then.
enum class Expected : std::uint8_t { well, redirect, unchanged, missing };

/// One request of a log, ready to be sent again.
struct ReplayRequest {
    std::int64_t offset_ms = 0;  ///< since the first request of the log
    std::uint32_t target = 0;    ///< number of its text
    std::uint32_t body = 0;      ///< bytes of its body; `unknown_body` when the log does not tell
    std::uint16_t type = 0;      ///< number of its group
    std::uint8_t method = 0;     ///< number in `replay_methods`
    Expected expected = Expected::well;
};
constexpr std::uint32_t unknown_body = ~std::uint32_t{0};
/// Methods that are replayed.
constexpr std::array<std::string_view, 7> replay_methods{"GET",  "HEAD", "OPTIONS", "DELETE",
                                                         "POST", "PUT",  "PATCH"};

/// Why lines are not replayed.
struct NotReplayed {
    std::uint64_t other_lines = 0;  ///< no requests
    std::uint64_t failed = 0;  ///< answered 4xx (but 404), 5xx or 1xx: what was wrong with them is not logged
    std::uint64_t foreign = 0;  ///< no request to a Sync storage, in a replay that signs
    std::uint64_t sync = 0;     ///< to a Sync storage, in a replay that does not sign
    std::uint64_t methods = 0;  ///< a method that is none of `replay_methods`
    std::uint64_t surplus = 0;  ///< beyond `ReplayLog::most_requests`
    [[nodiscard]] std::uint64_t total() const;
    /// "3 lines are not replayed: 1 …, 2 …"; empty when there are none.
    [[nodiscard]] std::string text() const;
};

/// The requests of a log, user by user. Filled line by line; immutable once `finish` was called.
class ReplayLog {
  public:
    /// What fits into a gigabyte or so; the lines behind it are not replayed.
    static constexpr std::uint64_t most_requests = 10'000'000;

    /// `sync`: requests to a Sync storage and only these, of the uid in the path, to be signed anew. Else all
    /// others, of who signed in or the peer's address.
    explicit ReplayLog(bool sync) : sync_(sync) {}

    void add(const AccessLine& line);
    void add_others(std::uint64_t lines) { skipped_.other_lines += lines; }
    /// Sorts what was added by user and time.
    void finish();

    [[nodiscard]] bool sync() const { return sync_; }
    [[nodiscard]] std::uint64_t requests() const { return requests_.size(); }
    [[nodiscard]] std::uint64_t users() const { return users_.size(); }
    /// A user's requests in the order of their times; users are numbered as they appear in the log.
    [[nodiscard]] std::span<const ReplayRequest> of_user(std::uint64_t user) const;
    /// Path and query; in a Sync log what stands behind the uid, with its slash.
    [[nodiscard]] std::string_view target(const ReplayRequest& request) const {
        return targets_[request.target];
    }
    /// Names of the groups, by ReplayRequest::type, and how many requests each has.
    [[nodiscard]] const std::vector<std::string>& types() const { return types_; }
    [[nodiscard]] const std::vector<std::uint64_t>& type_counts() const { return type_counts_; }
    [[nodiscard]] std::int64_t first_ms() const { return first_ms_; }
    /// From the first request to the last.
    [[nodiscard]] std::int64_t span_ms() const { return last_ms_ - first_ms_; }
    [[nodiscard]] const NotReplayed& skipped() const { return skipped_; }

  private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    using Numbers = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;
    static std::uint32_t number_of(Numbers& numbers, std::string_view text);
    std::uint16_t type_of(const AccessLine& line);

    const bool sync_;
    std::int64_t first_ms_ = 0, last_ms_ = 0;
    std::vector<ReplayRequest> requests_;  ///< offset_ms holds the time itself until `finish`
    std::vector<std::uint32_t> owners_;    ///< user of each request; until `finish`
    std::vector<std::size_t> users_;       ///< where each user's requests begin
    std::vector<std::string> targets_, types_;
    std::vector<std::uint64_t> type_counts_;
    Numbers user_numbers_, target_numbers_, type_numbers_;  ///< until `finish`
    NotReplayed skipped_;
};

}  // namespace homespun::stampede
