#include "sync/token/admission.hpp"

#include "base/text.hpp"

namespace homespun::sync::token {

Admission::Admission(const std::vector<std::string>& allowed, bool new_users, std::int64_t most_users)
    : new_users_(new_users), most_users_(most_users) {
    for (const auto& one : allowed)
        allowed_.insert(base::to_lower(one));
}

bool Admission::allows(std::string_view account, std::string_view email) const {
    if (allowed_.empty() || allowed_.contains(base::to_lower(account))) return true;
    return !email.empty() && allowed_.contains(base::to_lower(email));
}

}  // namespace homespun::sync::token
