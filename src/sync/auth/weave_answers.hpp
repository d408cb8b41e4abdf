#pragma once
#include <cstdint>
#include <string_view>

#include "barrel/server/context.hpp"
#include "barrel/server/problem.hpp"
#include "base/random.hpp"
#include "sync/auth/user_backend.hpp"

namespace homespun::sync::auth {

/// The forms that the answers of 2010 have (sheet sync-legacy, 1 and 10.8), for all services of that time.
/// Thread-safe; `random` outlives it.
class WeaveAnswers {
  public:
    /// `retry_after_s`: what a 503 says when nobody knows better; at least 1.
    WeaveAnswers(base::Random& random, std::int64_t retry_after_s)
        : random_(random), retry_after_s_(retry_after_s) {}

    /// 400 with one of the response codes of the sheet's section 3: a bare integer.
    [[nodiscard]] static net::http::Response code(int code);
    /// The text `404 Not Found`, which clients look for.
    [[nodiscard]] static net::http::Response status(int status);
    /// 405 for a HEAD of what may be got: these services never knew it.
    [[nodiscard]] static net::http::Response no_head();

    /// For the hooks of a contract: 401 and the like as above, 5xx as a JSON string with a crash id that is
    /// also in the log's hint, 503 with Retry-After.
    [[nodiscard]] net::http::Response problem(barrel::Context& context, const barrel::Problem& problem) const;
    /// The same for a handler whose back-end failed.
    [[nodiscard]] net::http::Response failure(barrel::Context& context, const BackendFailure& failure) const;
    /// What an authenticator returns when its back-end failed.
    [[nodiscard]] barrel::Problem problem_of(const BackendFailure& failure) const;

    /// For the `finish` of a service: X-Weave-Timestamp with two decimals, unless the answer has one.
    static void add_timestamp(net::http::Response& response, std::int64_t now_ms);

  private:
    base::Random& random_;
    const std::int64_t retry_after_s_;
};

}  // namespace homespun::sync::auth
