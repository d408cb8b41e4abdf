#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "barrel/server/context.hpp"
#include "sync/auth/user_backend.hpp"
#include "sync/auth/weave_answers.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::weave {

/// Whom a request is for, and when it began: X-Weave-Timestamp of what writes nothing.
struct WeaveUser {
    store::UserId uid = 0;
    store::Timestamp began;
};

inline store::UserId uid_of(const barrel::Context& context) {
    return context.identity<WeaveUser>()->uid;
}

/// A refusal in the words of the protocol: the integer of a 400's body (sheet sync-legacy, 3).
struct Refusal {
    int code;
    std::string_view reason;
    std::string hint = {};
};

inline net::http::Response refuse(barrel::Context& context, Refusal refusal) {
    context.set_reason(std::string(refusal.reason));
    context.set_hint(std::move(refusal.hint));
    return auth::WeaveAnswers::code(refusal.code);
}

/// Codes of the sheet's section 3.
enum Code : int {
    invalid_user = 3,
    overwrite_refused = 4,
    not_json = 6,
    invalid_record = 8,
    invalid_collection = 13,
    over_quota = 14,
};

/// As wide as the columns of those days.
constexpr std::size_t longest_name = 32;

}  // namespace homespun::sync::weave
