#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "barrel/server/natives.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "sync/auth/user_backend.hpp"
#include "sync/auth/weave_answers.hpp"
#include "sync/auth/weave_auth.hpp"
#include "sync/storage/notices.hpp"
#include "sync/store/weave_store.hpp"
#include "sync/weave/query.hpp"
#include "sync/weave/wbo.hpp"

namespace homespun::sync::weave {

/// Sync storage 1.0 and 1.1 over a record store: the natives that services/storage-1.1.rbr names. Owns
/// nothing it is given; everything must outlive it. Its handlers run on all loops.
class WeaveService {
  public:
    struct Parts {
        store::Store& store;
        store::WeaveStore& records;  ///< the same store's other face
        auth::WeaveAuth& auth;
        const auth::WeaveAnswers& answers;
        storage::Notices& notices;
        const base::Clock& clock;
        base::Logger& logger;
    };
    /// `quota_bytes`: what a user may store; 0: no bound.
    WeaveService(const Parts& parts, std::uint64_t quota_bytes);

    void register_natives(barrel::Natives& natives);

  private:
    using Context = barrel::Context;
    using Response = net::http::Response;
    using Answer = base::Task<Response>;
    /// What a check yields when a write may go on, else the answer.
    template <class T>
    using Allowed = std::expected<T, Response>;
    /// The bytes a user may still store, more than 0; nothing without a quota.
    using Room = std::optional<std::int64_t>;

    Answer info_collections(Context& context);
    Answer info_counts(Context& context);
    Answer info_usage(Context& context);
    Answer info_quota(Context& context);
    Answer get_collection(Context& context);
    Answer get_item(Context& context);
    Answer put_item(Context& context);
    Answer post_collection(Context& context);
    Answer delete_item(Context& context);
    Answer delete_collection(Context& context);
    Answer delete_storage(Context& context);

    Answer store_single(Context& context, store::WeaveUpdate update, store::Precondition when, Room room);
    Answer store_batch(Context& context, PostBody body, store::Precondition when, Room room);
    Answer remove(Context& context, store::WeaveQuery query);
    base::Task<Allowed<Room>> room(Context& context);
    base::Task<Allowed<store::Precondition>> precondition(Context& context);

    Response fail(Context& context, const store::Failure& failure) const;
    Response problem(Context& context, const barrel::Problem& problem) const;
    void finish(const Context& context, Response& response) const;

    const Parts parts_;
    const std::uint64_t quota_bytes_;
    const Limits limits_;
};

}  // namespace homespun::sync::weave
