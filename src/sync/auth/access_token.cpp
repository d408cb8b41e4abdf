#include "sync/auth/access_token.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace homespun::sync::auth {

bool has_scope(std::string_view scopes, std::string_view wanted) {
    const auto list = base::split(scopes, ' ');
    return !wanted.empty() && std::ranges::find(list, wanted) != list.end();
}

}  // namespace homespun::sync::auth
