#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/histogram.hpp"
#include "stampede/models/access_log.hpp"
#include "stampede/models/http_mix.hpp"

namespace homespun::stampede {

/// Counts different texts: exactly up to `exact`, from a sample (to some 0.3 %) beyond. Bounded memory.
class DistinctCount {
  public:
    static constexpr std::size_t exact = std::size_t{1} << 17;
    void add(std::string_view text);
    [[nodiscard]] std::uint64_t count() const { return std::uint64_t{kept_.size()} << halvings_; }
    [[nodiscard]] bool is_exact() const { return halvings_ == 0; }

  private:
    std::unordered_set<std::uint64_t> kept_;  ///< hashes whose lowest `halvings_` bits are 0
    unsigned halvings_ = 0;
};

/// Requests by second and hour, in whatever order they come. Bounded memory: of logs over more than
/// `most_days` days, a second whose requests lie far apart in the log is counted too low.
class RequestClock {
  public:
    static constexpr std::size_t most_days = 64;
    void add(std::int64_t time_ms);

    /// The fullest second or hour.
    struct Peak {
        std::int64_t at_s = 0;  ///< its beginning, since 1970
        std::uint64_t requests = 0;
    };
    [[nodiscard]] const Peak& second() const { return second_; }
    [[nodiscard]] const Peak& hour() const { return hour_; }

  private:
    struct Day {
        std::vector<std::uint32_t> seconds;
        std::array<std::uint64_t, 24> hours{};
    };
    std::map<std::int64_t, Day> days_;
    Peak second_, hour_;
};

/// What the users of a server did, from its log. Takes any number of requests in bounded memory.
class LogSummary {
  public:
    /// Rows of the request mix; what is rarer is summed up as "other".
    static constexpr std::size_t most_groups = 200;

    void add(const AccessLine& line);
    /// Lines that were no requests.
    void add_others(std::uint64_t lines) { others_ += lines; }

    [[nodiscard]] std::uint64_t requests() const { return requests_; }
    [[nodiscard]] std::uint64_t sync_requests() const { return sync_requests_; }

    struct Group {
        std::string name;
        std::uint64_t requests = 0;
    };
    /// By falling number; "other", when there is one, comes last.
    [[nodiscard]] std::vector<Group> groups() const;

    /// For people. Empty logs have a text, too.
    [[nodiscard]] std::string text() const;
    /// One JSON object.
    [[nodiscard]] std::string json() const;
    /// The requests for the model `http`, weighted by how often they came. Each group is asked for by one
    /// target that was logged, "other" not at all; a Sync user in it becomes {user}.
    [[nodiscard]] std::vector<HttpRequest> mix() const;

  private:
    struct Kept {
        std::uint64_t requests = 0;
        std::string method, target;  ///< an example, one that was answered well if there was any
        int status = 0;
    };
    struct Hour {
        std::uint64_t reads = 0, writes = 0;
    };
    using Row = std::pair<const std::string, Kept>;
    void add_group(const AccessLine& line);
    [[nodiscard]] std::vector<const Row*> rows() const;
    [[nodiscard]] double seconds() const;
    [[nodiscard]] Hour total() const;
    [[nodiscard]] std::string head_text() const;
    [[nodiscard]] std::string hours_text() const;
    [[nodiscard]] std::string sizes_text() const;

    std::uint64_t requests_ = 0, sync_requests_ = 0, others_ = 0, ungrouped_ = 0;
    std::int64_t first_ms_ = 0, last_ms_ = 0;
    std::array<Hour, 24> hours_{};
    std::array<std::uint64_t, 6> classes_{};  ///< [2]: answers 2xx
    std::unordered_map<std::string, Kept> groups_;
    base::Histogram answer_bytes_, body_bytes_;
    DistinctCount users_;
    RequestClock clock_;
};

}  // namespace homespun::stampede
