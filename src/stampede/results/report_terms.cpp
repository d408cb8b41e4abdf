#include <fmt/format.h>

#include "stampede/results/report_numbers.hpp"
#include "stampede/results/report_words.hpp"

// The fixed texts of a report: what its words mean.

namespace homespun::stampede {

std::string arrival_words(const Run& run) {
    if (run.arrivals == "closed")
        return "closed model: so many users, each of whom waits for the answer and rests before the next "
               "session. A slow server is asked less.";
    if (run.arrivals == "poisson")
        return "open model, Poisson arrivals: sessions begin at random moments, whatever the server does.";
    if (run.arrivals == "constant")
        return "open model, constant arrivals: sessions begin at equal distances, whatever the server does.";
    return run.arrivals;
}

std::string_view meaning_of(ErrorClass error) {
    switch (error) {
        case ErrorClass::refused:
            return "no connection: refused, unreachable, or out of ports";
        case ErrorClass::timeout:
            return "no whole answer in time";
        case ErrorClass::reset:
            return "the connection broke or was closed early";
        case ErrorClass::malformed:
            return "the answer is not HTTP";
        case ErrorClass::client_error:
            return "a 4xx that the model did not expect";
        case ErrorClass::busy:
            return "503 with Retry-After, or 429: the server says so itself";
        case ErrorClass::server_error:
            return "a 5xx that is neither busy nor full";
        case ErrorClass::wrong_status:
            return "another status than the model expects";
        case ErrorClass::wrong_body:
            return "the right status with wrong content: voids the run";
        case ErrorClass::full:
            return "507: the server has no space left";
    }
    return "";
}

std::string_view unsettled_words() {
    return "* The warm-up before had not come to rest: such figures may be off.";
}

report::Definitions terms(const Run& run) {
    const auto target = time_text(run.demands.apdex_target_ms);
    return {
        {"Response time",
         "From the moment a request was due to the last byte of its answer: what a user feels. A request "
         "that "
         "had to wait because others were slow has that wait in it. Every time here is one, unless it says "
         "service time or first byte."},
        {"Service time", "From the first byte sent to the last byte received: what the server took."},
        {"First byte", "From the first byte sent to the first byte received."},
        {"p50, p99, p99.9",
         "50, 99, 99.9 % of all requests were answered well within that time. A failed request counts as "
         "slower than any; where failures reach into the share there is no figure, and “—” stands there. "
         "Percentiles are read from whole histograms and never averaged."},
        {"Good", "Answered in time, with the status and the content that the model expects."},
        {"good/s", "Good requests a second, over the counted seconds of a level."},
        {"Failed", "Every other request, of those that ended."},
        {"Apdex",
         fmt::format("The share of requests answered within {0}, plus half of those within four times "
                     "that. Failed requests are frustrated ones and count nothing. 1 is best.",
                     target)},
        {"Level", "A stretch at one load. Its first seconds are let pass; figures come from the rest."},
        {"Warm-up",
         "What came before the first level. It is settled when the median response time is flat. It is shown "
         "over time, shaded, and is part of no figure."},
        {"Climb, bisect, soak, push, recover",
         "Steps up until one does not hold; steps between good and bad; the limit, held for longer; twice "
         "the "
         "limit; half of it, until that holds again."},
        {"Open and closed model",
         "Open: sessions begin whatever the server does, as with many users who know nothing of each other. "
         "Closed: a fixed number of users, each waiting for the answer before going on, so a slow server is "
         "asked less and its queue stays hidden."},
        {"Session", "What a user does in one go: one request or several, as the model says."},
        {"Send lag", "From the moment a request was due to the generator's taking it up: its own delay."},
    };
}

}  // namespace homespun::stampede
