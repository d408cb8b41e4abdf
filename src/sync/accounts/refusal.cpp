#include "sync/accounts/refusal.hpp"

#include <fmt/format.h>

#include "base/json.hpp"

namespace homespun::sync::accounts {
namespace {

constexpr std::int64_t unavailable_retry_s = 5;

/// The number for a status the runtime chose.
int number_for(int status) {
    switch (status) {
        case 400:
        case 415:
            return error_number::invalid_parameter;
        case 401:
            return error_number::invalid_token;
        case 413:
            return error_number::too_large;
        case 429:
            return error_number::throttled;
        case 503:
            return error_number::unavailable;
        default:
            return error_number::other;
    }
}

}  // namespace

namespace refusals {

Refusal invalid(std::string_view parameter) {
    Refusal refusal{400, error_number::invalid_parameter, "invalid_parameter",
                    fmt::format("Invalid parameter: {}", parameter)};
    refusal.hint = refusal.message;
    return refusal;
}

Refusal missing(std::string_view parameter) {
    Refusal refusal{400, error_number::missing_parameter, "missing_parameter",
                    fmt::format("Missing parameter: {}", parameter)};
    refusal.hint = refusal.message;
    return refusal;
}

Refusal throttled(std::int64_t retry_after_s) {
    return {429, error_number::throttled, "throttled", "Too many tries, wait a moment", retry_after_s};
}

Refusal unavailable(std::string reason) {
    return {503, error_number::unavailable, std::move(reason), "The server is busy, try again",
            unavailable_retry_s};
}

Refusal invalid_token(std::string reason) {
    return {401, error_number::invalid_token, std::move(reason), "Invalid authentication token"};
}

Refusal bad_signature(std::string reason) {
    return {401, error_number::bad_signature, std::move(reason), "Invalid request signature"};
}

Refusal of(const StoreError& error) {
    switch (error.kind) {
        case StoreFailure::exists:
            return {400, error_number::account_exists, "account_exists", "Account already exists"};
        case StoreFailure::not_found:
            return invalid_token("vanished");
        case StoreFailure::sign_up_closed:
            return {403, error_number::sign_up_closed, "sign_up_closed", "Signing up needs an invitation"};
        case StoreFailure::bad_invite:
            return {403, error_number::bad_invite, "bad_invite",
                    "The invitation is unknown, used or has expired"};
        case StoreFailure::unknown_device:
            return {400, error_number::unknown_device, "unknown_device", "Unknown device"};
        case StoreFailure::device_conflict: {
            Refusal refusal{400, error_number::device_conflict, "device_conflict",
                            "The session has another device"};
            refusal.device = error.detail;
            return refusal;
        }
        case StoreFailure::busy:
            return unavailable("store_queue_full");
        case StoreFailure::unavailable:
            break;
    }
    return unavailable("store_failed");
}

}  // namespace refusals

net::http::Response answer(const Refusal& refusal) {
    std::string body;
    base::json::Writer json(body);
    json.begin_object()
        .member("code", refusal.status)
        .member("errno", refusal.number)
        .member("error", net::http::reason_phrase(refusal.status))
        .member("message", refusal.message);
    // Firefox reads the seconds from the body and ignores the header.
    if (refusal.retry_after_s) json.member("retryAfter", *refusal.retry_after_s);
    if (!refusal.email.empty()) json.member("email", refusal.email);
    if (!refusal.device.empty()) json.member("deviceId", refusal.device);
    json.end_object();

    net::http::Response response(refusal.status, "application/json", std::move(body));
    if (refusal.retry_after_s) response.headers.set("Retry-After", std::to_string(*refusal.retry_after_s));
    return response;
}

Refusal to_refusal(const barrel::Problem& problem) {
    Refusal refusal{problem.status, number_for(problem.status), problem.reason, problem.detail};
    if (refusal.message.empty()) refusal.message = net::http::reason_phrase(problem.status);
    if (problem.status == 503 || problem.status == 429) refusal.retry_after_s = unavailable_retry_s;
    return refusal;
}

net::http::Response json_answer(std::string body) {
    return {200, "application/json", std::move(body)};
}

}  // namespace homespun::sync::accounts
