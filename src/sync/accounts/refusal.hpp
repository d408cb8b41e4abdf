#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "barrel/server/problem.hpp"
#include "net/http/message.hpp"
#include "sync/accounts/accounts_store.hpp"

namespace homespun::sync::accounts {

/// The accounts' own error numbers (`errno` of the protocol; docs/accounts.md, "Errors").
namespace error_number {
constexpr int account_exists = 101;
constexpr int wrong_password = 103;
constexpr int invalid_json = 106;
constexpr int invalid_parameter = 107;
constexpr int missing_parameter = 108;
constexpr int bad_signature = 109;
constexpr int invalid_token = 110;
constexpr int stale_timestamp = 111;
constexpr int too_large = 113;
constexpr int throttled = 114;
constexpr int repeated_nonce = 115;
constexpr int wrong_spelling = 120;
constexpr int unknown_device = 123;
constexpr int device_conflict = 124;
constexpr int unknown_client = 162;
constexpr int invalid_scope = 163;
constexpr int missing_pkce = 169;
constexpr int unknown_code = 172;
constexpr int code_mismatch = 173;
constexpr int wrong_pkce = 175;
constexpr int unavailable = 201;
constexpr int sign_up_closed = 901;
constexpr int bad_invite = 902;
constexpr int other = 999;
}  // namespace error_number

/// Why a request is turned away, in the accounts' terms.
struct Refusal {
    int status = 400;
    int number = error_number::other;
    std::string reason;   ///< fixed word for the log
    std::string message;  ///< for people
    std::optional<std::int64_t> retry_after_s{};
    std::string email{};   ///< with 120: the spelling to use
    std::string device{};  ///< with 124: the device the session has
    std::string hint{};    ///< for the log only: what an operator can do
};

namespace refusals {
Refusal invalid(std::string_view parameter);
Refusal missing(std::string_view parameter);
Refusal throttled(std::int64_t retry_after_s);
/// A queue is full, or the database failed; worth another try in some seconds.
Refusal unavailable(std::string reason);
/// 401/110. Also what a request without any authentication gets.
Refusal invalid_token(std::string reason);
Refusal bad_signature(std::string reason);
/// The form a failure of the store takes, unless the handler knows better: `not_found` means that session or
/// account vanished meanwhile.
Refusal of(const StoreError& error);
}  // namespace refusals

/// `{"code", "errno", "error", "message", …}` with Retry-After where it belongs.
net::http::Response answer(const Refusal& refusal);

/// The form a problem of the runtime takes: no such path, wrong type, too large, …
Refusal to_refusal(const barrel::Problem& problem);

net::http::Response json_answer(std::string body);

}  // namespace homespun::sync::accounts
