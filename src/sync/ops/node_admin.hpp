#pragma once
#include <string>

#include "barrel/server/natives.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "sync/accounts/service.hpp"
#include "sync/token/old_rows.hpp"
#include "sync/token/token_store.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::ops {

/// The natives of services/admin.rbr about nodes and users. Owns nothing it is given. Belongs to the loop of
/// the admin channel.
class NodeAdmin {
  public:
    struct Parts {
        token::TokenStore& store;
        sys::BlockingPool& store_pool;
        token::OldRows& old_rows;
        accounts::Accounts& accounts;
        const base::Clock& clock;
        base::Logger& logger;
    };
    explicit NodeAdmin(const Parts& parts) : parts_(parts) {}

    void register_natives(barrel::Natives& natives);

  private:
    using Answer = base::Task<net::http::Response>;
    Answer list_nodes(barrel::Context& context);
    Answer add_node(barrel::Context& context);
    Answer set_node(barrel::Context& context);
    Answer drain_node(barrel::Context& context);
    Answer remove_node(barrel::Context& context);
    Answer show_user(barrel::Context& context);
    Answer move_user(barrel::Context& context);
    Answer revoke_user(barrel::Context& context);
    Answer remove_user(barrel::Context& context);
    Answer purge(barrel::Context& context);

    void tell(std::string_view change, const std::string& url);
    /// `email` of the body as it stands in the users table: an address of an account of ours, or
    /// `uid@domain` as it is.
    base::Task<base::Result<std::string>> user_named(barrel::Context& context);
    template <class Work>
    auto ask(barrel::Context& context, Work work)
        -> base::Task<std::invoke_result_t<Work, token::TokenStore&>>;

    Parts parts_;
};

}  // namespace homespun::sync::ops
