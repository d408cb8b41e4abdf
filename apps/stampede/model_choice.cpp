#include "model_choice.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <cerrno>
#include <cstring>

#include "base/text.hpp"
#include "stampede/models/http_model.hpp"
#include "stampede/models/replay_model.hpp"
#include "stampede/models/sync_model.hpp"
#include "sys/files.hpp"

using namespace homespun;
using namespace homespun::stampede;

namespace {

base::Result<std::vector<HttpRequest>> http_requests(const LoadOptions& options, Target& target) {
    if (!options.mix_file.empty()) {
        const auto text = sys::read_file(options.mix_file);
        if (!text) return std::unexpected(text.error());
        return parse_http_mix(*text, options.mix_file);
    }
    HttpRequest request;
    request.target = target.path.empty() ? "/" : target.path;
    request.name = "GET " + request.target;
    target.path.clear();
    return std::vector{std::move(request)};
}

base::Result<std::shared_ptr<SyncAccounts>> accounts_of(const LoadOptions& options) {
    if (options.accounts_file.empty()) return nullptr;
    const auto text = sys::read_file(options.accounts_file);
    if (!text) return std::unexpected(text.error());
    return SyncAccounts::parse(*text, options.accounts_file);
}

}  // namespace

base::Result<Target> target_of(const LoadOptions& options) {
    auto target = Target::parse(options.url);
    if (!target || options.secret_file.empty()) return target;
    if (!target->secret.empty()) return base::fail("the secret is in the URL and in --secret-file: give one");
    const auto text = sys::read_file(options.secret_file);
    if (!text) return std::unexpected(text.error());
    target->secret = base::trim(*text);
    if (target->secret.empty()) return base::fail(options.secret_file + ": no secret in it");
    return target;
}

base::Result<ModelChoice> choose_model(const LoadOptions& options) {
    auto target = target_of(options);
    if (!target) return std::unexpected(target.error());
    ModelChoice choice;
    choice.target = std::move(*target);
    if (options.replay) {
        const ReplaySettings settings{.first_uid = options.first_uid, .scale = options.replay_scale};
        auto model = ReplayModel::make(options.replay, choice.target, settings);
        if (!model) return std::unexpected(model.error());
        choice.model = std::move(*model);
        choice.users = options.replay->users();
        return choice;
    }
    const std::chrono::microseconds rest(static_cast<std::int64_t>(std::max(options.rest_s, 0.0) * 1e6));
    if (options.model == "http") {
        auto requests = http_requests(options, choice.target);
        if (!requests) return std::unexpected(requests.error());
        choice.model = std::make_unique<HttpModel>("http", choice.target, std::move(*requests), rest);
        return choice;
    }
    const auto* profile = find_sync_profile(options.model);
    if (profile == nullptr)
        return base::fail(
            fmt::format("there is no model \"{}\"; `stampede models` lists them", options.model));
    auto accounts = accounts_of(options);
    if (!accounts) return std::unexpected(accounts.error());
    const SyncModelSettings settings{.first_uid = options.first_uid,
                                     .time_scale = options.time_scale,
                                     .rest = options.rest_s < 0 ? std::nullopt : std::optional(rest),
                                     .accounts = std::move(*accounts)};
    auto model = SyncModel::make(*profile, choice.target, settings);
    if (!model) return std::unexpected(model.error());
    choice.model = std::move(*model);
    choice.users = profile->users;
    if (profile->stored_records > 0) {
        auto preparation = SyncModel::make(*profile, choice.target, settings, true);
        if (!preparation) return std::unexpected(preparation.error());
        choice.preparation = std::move(*preparation);
    }
    return choice;
}

base::Result<void> reach_target(const Target& target) {
    const auto address = net::TcpAddress::resolve(target.host, target.port);
    if (!address) return std::unexpected(address.error());
    const auto cannot = [&](const char* why) {
        return base::fail(
            fmt::format("cannot connect to {}: {}; is the server running there?", address->text(), why));
    };
    net::StreamSocket socket;
    if (const int error = socket.connect(*address); error != 0) return cannot(std::strerror(error));
    constexpr int patience_ms = 5000;
    pollfd waiting{.fd = socket.descriptor(), .events = POLLOUT, .revents = 0};
    if (::poll(&waiting, 1, patience_ms) == 0) return cannot("no answer in 5 seconds");
    if (const int error = socket.error(); error != 0) return cannot(std::strerror(error));
    return {};
}

void list_models() {
    fmt::print("{:<22} plain HTTP: the URL, or the weighted requests of --mix FILE\n", "http");
    for (const auto& profile : sync_profiles())
        fmt::print("{:<22} {}\n", profile.name, profile.what);
}
