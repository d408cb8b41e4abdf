#include "stampede/models/sync_model.hpp"

#include "stampede/models/sync_session.hpp"

namespace homespun::stampede {

base::Result<std::unique_ptr<SyncModel>> SyncModel::make(const SyncProfile& profile, const Target& target,
                                                         const SyncModelSettings& settings, bool preparing) {
    if (settings.accounts != nullptr) {
        if (profile.name == "rolling-users") {
            return base::fail(
                "rolling-users needs a new user for each session: run it with the secret, not with accounts");
        }
        if (!target.path.ends_with("/sync/1.5")) {
            return base::fail(
                "with accounts the URL is the token server's, like "
                "http://127.0.0.1:5000/token/1.0/sync/1.5");
        }
        return std::unique_ptr<SyncModel>(new SyncModel(profile, target, settings, preparing));
    }
    if (is_weave_path(target.path)) {
        if (profile.name != "weave-2010") {
            return base::fail(
                "storage 1.0 and 1.1 is loaded with -m weave-2010: the other profiles are those of today's "
                "Firefox");
        }
        if (target.secret.empty()) {
            return base::fail(
                "the users cuser1, cuser2, … log in with a password: write it behind the URL, like "
                "http://127.0.0.1:5000/1.1#PASSWORD");
        }
        return std::unique_ptr<SyncModel>(new SyncModel(profile, target, settings, preparing));
    }
    if (target.secret.empty()) {
        return base::fail(
            "the Sync profiles sign their requests: write the server's master secret behind the URL, like "
            "http://127.0.0.1:5000/storage/1.5#SECRET (`homespun secret show` prints ours)");
    }
    if (target.path.empty()) {
        return base::fail(
            "the URL lacks what stands before the user's number: /storage/1.5 here, /1.5 elsewhere");
    }
    return std::unique_ptr<SyncModel>(new SyncModel(profile, target, settings, preparing));
}

SyncModel::SyncModel(const SyncProfile& profile, const Target& target, const SyncModelSettings& settings,
                     bool preparing)
    : profile_(profile), settings_(settings), preparing_(preparing), writer_(target) {}

std::vector<std::pair<std::string, double>> SyncModel::mix() const {
    std::vector<std::pair<std::string, double>> mix;
    for (const auto& [type, often] : profile_.per_session)
        mix.emplace_back(sync_type_names()[static_cast<std::size_t>(type)],
                         often / profile_.requests_per_session);
    return mix;
}

std::unique_ptr<Session> SyncModel::make_session() const {
    return std::make_unique<SyncSession>(*this);
}

}  // namespace homespun::stampede
