#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homespun::seism {

/// What is seen of an application while its back-ends are perturbed: plain data. Times are microseconds since
/// the run began, on one steady clock.
using Micros = std::int64_t;

enum class Phase : std::uint8_t { before, during, after };

/// How a request in front of the application ended.
enum class Outcome : std::uint8_t {
    ok,               ///< a whole answer, status below 400
    http_error,       ///< a whole answer, status 400 or above
    connect_refused,  ///< nobody listens
    connect_timeout,
    reset_before,  ///< the connection broke before a byte of the answer
    reset_mid,     ///< and after one
    empty_reply,   ///< closed without a byte
    truncated,     ///< closed in the middle of the answer
    malformed,     ///< no HTTP
    no_response,   ///< nothing, or no end, for as long as it is waited
    client_gone,   ///< the client gave up first: says nothing about the application
};

[[nodiscard]] std::string_view word_of(Phase phase);
[[nodiscard]] std::string_view word_of(Outcome outcome);

/// How an answer stands to the one that the same request had before (golden.hpp).
enum class Likeness : std::uint8_t { unknown, same, different };

/// One request and what became of it.
struct Exchange {
    std::uint64_t id = 0;
    Micros intended = 0;  ///< when it was due; the driver's rate does not wait for answers
    Micros start = 0, end = 0;
    std::uint64_t connection = 0;
    bool reused = false;  ///< the connection had carried a request before
    std::string method{}, path{};
    std::uint64_t request_bytes = 0, response_bytes = 0;
    std::string request_digest{};  ///< of the body; tells requests of one method and path apart
    int status = 0;                ///< 0: no head came
    Outcome outcome = Outcome::no_response;
    Micros first_byte = 0;  ///< after `start`; 0: none came
    std::optional<std::string> retry_after{};
    std::string answer_digest{};  ///< SHA-256 of the masked answer in hex; empty: no whole answer

    // Filled in afterwards (phases.hpp, golden.hpp).
    Phase phase = Phase::before;
    int cycle = 0;         ///< which repeat of the perturbation, from 0
    int after_index = 0;   ///< from 1, in phase `after`
    bool exposed = false;  ///< was under way while the perturbation bit
    Likeness likeness = Likeness::unknown;

    [[nodiscard]] Micros took() const { return end - start; }
    [[nodiscard]] bool answered() const { return outcome == Outcome::ok || outcome == Outcome::http_error; }
};

/// The application's processes at one moment.
struct Sample {
    Micros at = 0;
    std::size_t processes = 0;  ///< 0: it is gone
    double cpu = 0;             ///< cores since the sample before
    std::uint64_t resident = 0;
    std::optional<std::uint64_t> proportional{};  ///< Pss; read once a phase, for it is dear
    std::optional<std::uint64_t> descriptors{};
    std::uint64_t threads = 0;
    bool restarted = false;  ///< the process that was watched ended, or another has its number
};

/// What the back proxies tell.
struct PerturbationEvent {
    enum class Type : std::uint8_t { armed, bite, stop, backend_down, backend_up };
    std::uint64_t sequence = 0;
    Micros at = 0;
    Type type = Type::bite;
    std::string perturbation{}, proxy{}, behaviour{};
    std::uint64_t bites = 0;  ///< so far
    std::uint64_t connection = 0, request = 0;
    std::string note{};
};
[[nodiscard]] std::string_view word_of(PerturbationEvent::Type type);

/// One repeat of a perturbation: told, on, off, watched.
struct Cycle {
    Micros armed = 0;  ///< from here on requests count as `during`
    /// The order to stop was given: what is answered from here on may be an answer of afterwards.
    std::optional<Micros> stopping{};
    Micros stopped = 0;
    Micros settled = 0;  ///< observation ended
    std::uint64_t bites = 0;
    std::optional<Micros> first_bite{}, last_bite{};
    bool inferred = false;  ///< bites were not seen but concluded: nobody sees who knocks at a closed port
};

/// All there is to judge a perturbation by.
struct Trial {
    std::string name{}, proxy{}, behaviour{};
    std::string settings{};  ///< the behaviour's attributes for people: `latency=500`
    Micros begin = 0, end = 0;
    bool driven = true;                     ///< Seism made the requests; else somebody else did
    std::optional<std::string> unsteady{};  ///< why the steady state was not met; nothing was perturbed then
    std::vector<Cycle> cycles{};
    std::vector<Exchange> exchanges{};
    std::vector<Sample> samples{};
    std::optional<std::string> tainted{};  ///< a real back-end failed by itself
    std::optional<std::string> gone{};     ///< the application's process ended
    std::optional<bool> logged{};          ///< whether its log told; nothing: nobody asked
    std::string log_note{};

    [[nodiscard]] std::uint64_t bites() const;
};

}  // namespace homespun::seism
