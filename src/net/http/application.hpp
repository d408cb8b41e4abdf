#pragma once
#include <chrono>
#include <cstdint>

#include "base/task.hpp"
#include "net/http/message.hpp"

namespace homespun::net::http {

/// Why the server itself turns a request away, before or instead of the handler.
enum class Refusal {
    malformed,        ///< 400: no HTTP, or HTTP against its rules; the connection closes
    head_too_large,   ///< 431
    body_too_large,   ///< 413
    too_slow,         ///< 408: head or body did not arrive in time
    expectation,      ///< 417: an Expect other than 100-continue
    version,          ///< 505
    handler_timeout,  ///< 503: the path's `timeout` passed
    handler_failed,   ///< 500: the handler threw
};

/// The status that belongs to a refusal.
int status_of(Refusal refusal);

/// What the server must know once the head is there and before the body is read.
struct Plan {
    std::uint64_t max_body =
        64 * 1024;        ///< bytes; a larger body is refused with 413, if announced before it is sent
    bool stream = false;  ///< hand the body over piece by piece (`Request::stream`)
    std::chrono::milliseconds timeout{0};  ///< for the handler's answer; 0 = none
};

/// What a server serves. Called on every loop's thread at once; outlives the server.
class Application {
  public:
    virtual ~Application() = default;

    /// The head is complete, the body not read. May leave its findings in `request.route`.
    virtual Plan plan(Request& request) = 0;

    /// Answers. The request stays alive and in place until the task has ended.
    virtual base::Task<Response> handle(Request& request) = 0;

    /// The answer for a request the server refuses. `request` has what was understood so far (maybe nothing:
    /// empty method and target) and its `route` when `plan` had been called. The status should be
    /// `status_of(refusal)`.
    virtual Response refuse(Request& request, Refusal refusal) = 0;

    /// A last look at every answer before it is written, handlers' and refusals' alike: logs, metrics,
    /// headers that every answer carries. `duration` runs from the complete head to here.
    virtual void finish(const Request& request, Response& response, std::chrono::microseconds duration) {
        (void)request, (void)response, (void)duration;
    }
};

}  // namespace homespun::net::http
