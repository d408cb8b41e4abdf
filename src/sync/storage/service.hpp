#pragma once
#include <string>
#include <vector>

#include "barrel/server/natives.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "sync/protocol/bso.hpp"
#include "sync/storage/notices.hpp"
#include "sync/storage/request.hpp"
#include "sync/storage/storage_auth.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::storage {

/// Sync storage 1.5 over a Store: the natives that services/storage.rbr names. Owns nothing it is given;
/// everything must outlive it. Its handlers run on all loops.
class StorageService {
  public:
    StorageService(store::Store& store, const StorageAuth& auth, const protocol::LimitTable& limits,
                   const store::QuotaLimits& quota, Notices& notices, const base::Clock& clock,
                   base::Logger& logger);

    void register_natives(barrel::Natives& natives);

  private:
    using Context = barrel::Context;
    using Response = net::http::Response;
    using Answer = base::Task<Response>;

    Answer info_collections(Context& context);
    Answer info_counts(Context& context);
    Answer info_usage(Context& context);
    Answer info_quota(Context& context);
    Answer info_configuration(Context& context);
    Answer get_item(Context& context);
    Answer get_collection(Context& context);
    Answer put_item(Context& context);
    Answer post_collection(Context& context);
    Answer delete_item(Context& context);
    Answer delete_collection(Context& context);
    Answer delete_user(Context& context);

    /// A POST body that was understood, and what to do with it.
    struct Upload {
        BatchQuery batch;
        std::vector<store::RecordUpdate> updates;
        std::vector<std::string> success;
        std::vector<std::pair<std::string, std::string>> failed;
    };
    [[nodiscard]] Parsed<Upload> parse_upload(const Context& context) const;
    /// X-Weave-Quota-Remaining, when little is left.
    void warn_of_quota(const store::Store::Written& written, Response& response) const;
    Answer store_upload(Context& context, Upload upload, store::Precondition when);

    Response refuse(Context& context, const Refusal& refusal) const;
    Response fail(Context& context, const store::Failure& failure) const;
    static Response problem(const barrel::Problem& problem);
    void finish(const Context& context, Response& response) const;

    store::Store& store_;
    const StorageAuth& auth_;
    const protocol::LimitTable limits_;
    const store::QuotaLimits quota_;
    Notices& notices_;
    const base::Clock& clock_;
    base::Logger& logger_;
    std::string configuration_;  ///< the body of info/configuration
};

}  // namespace homespun::sync::storage
