#include "sync/ops/user_import.hpp"

#include <fmt/format.h>

#include "sys/kill_point.hpp"

namespace homespun::sync::ops {
namespace {

using store::Failure;

std::unexpected<base::Error> told(const Failure& failure) {
    switch (failure.kind) {
        case Failure::Kind::precondition_failed:
            return base::fail(
                "the user's browsers have written in the meantime: nothing was changed. Try again, best "
                "while "
                "they are closed");
        case Failure::Kind::over_quota:
            return base::fail(
                "it is more than quota.user_mb or quota.total_mb allows (until the end, what the user has "
                "now "
                "takes disk as well): raise the one that is too small for the import");
        default:
            return base::fail(fmt::format("the store refused: {}", failure.detail.empty()
                                                                       ? "it takes no writes at the moment"
                                                                       : failure.detail));
    }
}

}  // namespace

base::Task<base::Result<void>> UserImport::begin(base::Executor& home, bool replace) {
    const auto info = co_await store_.info(home, user_, {});
    if (!info) co_return told(info.error());
    if (!info->collections.empty() && !replace) {
        co_return base::fail(
            fmt::format("user {} has {} collections: with --replace they give way to what is imported", user_,
                        info->collections.size()));
    }
    seen_ = info->storage;
    HOMESPUN_KILL_POINT("import");
    co_return base::Result<void>{};
}

base::Task<base::Result<void>> UserImport::add(base::Executor& home, std::string collection,
                                               std::vector<store::RecordUpdate> records) {
    const auto written = co_await store_.post(home, place_, std::move(collection), std::move(records), {});
    if (!written) co_return told(written.error());
    HOMESPUN_KILL_POINT("import");
    co_return base::Result<void>{};
}

base::Task<base::Result<store::Timestamp>> UserImport::commit(base::Executor& home) {
    const store::Precondition unchanged{{}, seen_};
    HOMESPUN_KILL_POINT("import");
    const auto replaced = co_await store_.replace_user(home, user_, place_, unchanged);
    if (!replaced) co_return told(replaced.error());
    HOMESPUN_KILL_POINT("import");
    co_return *replaced;
}

base::Task<base::Result<void>> UserImport::abandon(base::Executor& home) {
    const auto removed = co_await store_.remove_user(home, place_, {});
    if (!removed) co_return told(removed.error());
    co_return base::Result<void>{};
}

}  // namespace homespun::sync::ops
