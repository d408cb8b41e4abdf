#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sync/accounts/accounts_store.hpp"
#include "sync/store/sqlite/accounts_query.hpp"
#include "sync/store/sqlite/database.hpp"

namespace homespun::sync::store::sqlite {

/// The accounts' store on one SQLite connection. Belongs to one thread at a time.
class AccountsTables final : public accounts::AccountsStore {
  public:
    explicit AccountsTables(Database database) : database_(std::move(database)) {}

    template <class T>
    using StoreResult = accounts::StoreResult<T>;

    StoreResult<accounts::SignUpVerdict> sign_up_verdict(accounts::SignUp rule,
                                                         const std::optional<std::string>& invite,
                                                         std::int64_t now) override;
    StoreResult<void> create_account(accounts::SignUp rule, const std::optional<std::string>& invite,
                                     const accounts::Account& account, const accounts::NewSession& session,
                                     const std::optional<accounts::NewKeyFetch>& key_fetch,
                                     std::int64_t now) override;
    StoreResult<std::optional<accounts::Account>> find_account(std::string_view email) override;
    StoreResult<bool> account_exists(std::string_view uid) override;
    StoreResult<std::vector<accounts::AccountSummary>> list_accounts() override;
    StoreResult<bool> remove_account(std::string_view uid) override;
    StoreResult<bool> revoke_access(std::string_view uid) override;

    StoreResult<void> start_session(std::string_view uid, std::int64_t generation,
                                    const accounts::NewSession& session,
                                    const std::optional<accounts::NewKeyFetch>& key_fetch,
                                    std::int64_t now) override;
    StoreResult<std::optional<accounts::Session>> find_session(std::string_view handle,
                                                               std::int64_t now) override;
    StoreResult<void> touch(const accounts::Holder& holder, std::int64_t now) override;
    StoreResult<bool> destroy_session(std::string_view handle) override;
    StoreResult<std::optional<accounts::KeyFetch>> find_key_fetch(std::string_view handle,
                                                                  std::int64_t now) override;
    StoreResult<std::string> take_key_fetch(std::string_view handle, std::int64_t now) override;
    StoreResult<std::vector<accounts::AttachedClient>> attached_clients(std::string_view uid,
                                                                        std::int64_t now) override;

    StoreResult<accounts::Device> put_device(std::string_view uid, const accounts::Holder& holder,
                                             const accounts::DeviceChange& change, std::int64_t now) override;
    StoreResult<std::vector<accounts::Device>> devices(std::string_view uid, std::int64_t now) override;
    StoreResult<void> destroy_device(std::string_view uid, std::string_view id) override;
    StoreResult<std::int64_t> add_command(std::string_view uid, std::string_view target,
                                          const accounts::Command& command, std::int64_t expires_at) override;
    StoreResult<accounts::CommandPage> commands(std::string_view uid, std::string_view device,
                                                std::int64_t from, std::int64_t limit,
                                                std::int64_t now) override;

    StoreResult<void> add_code(std::string_view handle, const accounts::Code& code) override;
    StoreResult<accounts::Code> take_code(std::string_view handle, std::int64_t now) override;
    StoreResult<void> add_tokens(const std::optional<accounts::AccessToken>& access,
                                 const std::optional<accounts::RefreshToken>& refresh) override;
    StoreResult<std::optional<accounts::AccessToken>> find_access_token(std::string_view handle,
                                                                        std::int64_t now) override;
    StoreResult<std::optional<accounts::RefreshToken>> find_refresh_token(std::string_view handle,
                                                                          std::int64_t now) override;
    StoreResult<bool> destroy_token(std::string_view handle) override;

    StoreResult<void> add_invite(std::string_view handle, std::int64_t now, std::int64_t expires_at) override;
    StoreResult<std::vector<accounts::Invite>> list_invites() override;
    StoreResult<accounts::Purged> purge(std::int64_t now) override;

  private:
    // Parts of a transaction that is open already.
    SqlResult<accounts::SignUpVerdict> judge_sign_up(accounts::SignUp rule,
                                                     const std::optional<std::string>& invite,
                                                     std::int64_t now);
    SqlResult<void> insert_account(const accounts::Account& account);
    SqlResult<void> insert_session(std::string_view uid, const accounts::NewSession& session,
                                   const std::optional<accounts::NewKeyFetch>& key_fetch, std::int64_t now);
    StoreResult<void> insert_refresh_token(const accounts::RefreshToken& token);
    SqlResult<std::vector<accounts::Device>> read_devices(std::string_view uid);
    SqlResult<void> write_device(std::string_view uid, const accounts::Device& device);
    StoreResult<accounts::Device> merge_device(std::string_view uid, const accounts::Holder& holder,
                                               const accounts::DeviceChange& change, std::int64_t now);

    Database database_;
};

}  // namespace homespun::sync::store::sqlite
