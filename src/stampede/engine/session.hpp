#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http/headers.hpp"
#include "stampede/engine/tally.hpp"

namespace homespun::stampede {

/// The request a session wants to send, head and body as they go over the wire. Reused: `bytes` keeps its
/// memory from one request to the next.
struct Draft {
    std::uint16_t type = 0;  ///< number in Model::types()
    bool head = false;       ///< a HEAD request: its answer has no body
    std::string bytes;
};

/// What came back. Holds only while it is judged.
struct Answer {
    int status;
    const net::http::Headers& headers;
    std::string_view body;
};

struct Next {
    enum class Kind : std::uint8_t { ask, pause, end };
    Kind kind = Kind::end;
    std::chrono::microseconds pause{0};

    static Next ask() { return {Kind::ask, {}}; }
    static Next wait(std::chrono::microseconds time) { return {Kind::pause, time}; }
    static Next end() { return {}; }
};

/// What a user remembers between sessions in the closed model; a model gives the numbers their meaning.
struct Memory {
    std::uint64_t a = 0, b = 0;
};

/// One execution of a model's scenario by one user: a chain of requests, each sent when the last was
/// answered. Used again and again by one worker, on its thread only.
class Session {
  public:
    virtual ~Session() = default;
    /// Begins anew. `draw` decides every random choice; `memory` outlives the session in the closed model and
    /// is empty in the open one.
    virtual void begin(std::uint64_t user, std::uint64_t draw, Memory& memory) = 0;
    /// What comes now: a request (`draft` is filled), a think time, or the end.
    virtual Next next(Draft& draft) = 0;
    /// Looks at the answer to the last request; nothing when it is good.
    virtual std::optional<ErrorClass> judge(const Answer& answer) = 0;
    /// There was no usable answer to the last request.
    virtual void broken(ErrorClass error) = 0;
    /// After the end, in the closed model: how long this user rests before the next session.
    virtual std::chrono::microseconds rest() = 0;
};

/// What users do. Immutable; shared by all workers.
class Model {
  public:
    virtual ~Model() = default;
    [[nodiscard]] virtual std::string name() const = 0;
    /// Names of the request types: index = Draft::type.
    [[nodiscard]] virtual const std::vector<std::string>& types() const = 0;
    /// Share of all requests each type should have, by its name; empty when the model does not say.
    [[nodiscard]] virtual std::vector<std::pair<std::string, double>> mix() const = 0;
    /// How many requests a session makes on average.
    [[nodiscard]] virtual double requests_per_session() const = 0;
    /// Sessions an active user makes in an hour, for "how many users"; 0 when the model does not say.
    [[nodiscard]] virtual double sessions_per_user_hour() const = 0;
    [[nodiscard]] virtual std::unique_ptr<Session> make_session() const = 0;
};

/// Random numbers that are fast and the same everywhere (SplitMix64).
class Dice {
  public:
    explicit Dice(std::uint64_t seed = 0) : state_(seed) {}
    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    /// 0 <= x < 1.
    double share() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    /// 0 <= n < `bound`; the bias is below bound / 2^64.
    std::uint64_t below(std::uint64_t bound) {
        return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
    }
    /// `least` <= n <= `most`.
    std::uint64_t between(std::uint64_t least, std::uint64_t most) { return least + below(most - least + 1); }
    bool chance(double probability) { return share() < probability; }

  private:
    std::uint64_t state_;
};

}  // namespace homespun::stampede
