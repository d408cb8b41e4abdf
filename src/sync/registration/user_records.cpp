#include "sync/registration/user_records.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "net/http/url.hpp"

namespace homespun::sync::registration {

using auth::BackendFailure;
using auth::BackendResult;

namespace {

constexpr std::chrono::seconds patience{5};  // as for every call of a service of 2010 (sheet, 10.2)

}  // namespace

base::Task<BackendResult<void>> RecordsHere::remove(base::Executor& home, auth::BackendUser user,
                                                    std::string /*password*/, std::string /*root*/) {
    return sweep(home, std::move(user));
}

base::Task<BackendResult<void>> RecordsHere::sweep(base::Executor& home, auth::BackendUser user) {
    const auto removed = co_await store_.remove_user(home, auth::record_store_user(user), {});
    if (removed) co_return BackendResult<void>();
    co_return std::unexpected(BackendFailure{BackendFailure::Kind::down,
                                             "the record store: " + removed.error().detail,
                                             removed.error().retry_after_s});
}

base::Task<BackendResult<void>> RecordsElsewhere::sweep(base::Executor& /*home*/,
                                                        auth::BackendUser /*user*/) {
    co_return BackendResult<void>();
}

base::Task<BackendResult<void>> RecordsElsewhere::remove(base::Executor& home, auth::BackendUser user,
                                                         std::string password, std::string root) {
    const auto& place = user.node.empty() ? root : user.node;
    const auto url = net::http::Url::parse(place);
    const auto failed = [&](std::string why) {
        return std::unexpected(BackendFailure{
            BackendFailure::Kind::down, fmt::format("the storage at {}: {}", place, std::move(why)), 0});
    };
    if (!url) co_return failed(url.error().message);
    net::ClientRequest request{.method = "DELETE"};
    request.target = fmt::format("{}{}1.1/{}/storage", url->target, url->target.ends_with('/') ? "" : "/",
                                 base::percent_encode(user.name));
    request.headers.add("Authorization",
                        "Basic " + base::base64_encode(user.name + ":" + password, base::Base64::standard));
    request.headers.add("X-Confirm-Delete", "1");
    co_await base::yield_to(loop_);
    const auto answer = co_await client_.send(net::Endpoint::of(*url), std::move(request), patience);
    co_await base::yield_to(home);
    if (!answer) co_return failed(answer.error().message);
    if (answer->status == 200) co_return BackendResult<void>();
    co_return failed(fmt::format("it answered {}", answer->status));
}

}  // namespace homespun::sync::registration
