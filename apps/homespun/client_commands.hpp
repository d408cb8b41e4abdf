#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "common_options.hpp"
#include "sync/client/saved_login.hpp"

class ClientSession;

/// `homespun client …`: a person's own records, read and written as a browser does it. Everything that a
/// stranger may have written is escaped before it is printed.
class ClientCommands {
  public:
    void add_to(CLI::App& app, const AddCommand& command);

  private:
    int log_in();
    int log_out();
    int list();
    int get();
    int put();
    int remove();
    int decrypt();

    void add_login(CLI::App& client, const AddCommand& command);
    /// Opens the saved login and hands it to `work`, whose error is told.
    int with_session(const std::function<homespun::base::Result<int>(ClientSession&)>& work) const;
    /// 0 when all that was printed has been written.
    static homespun::base::Result<int> written();
    homespun::base::Result<void> ask_for_login();
    homespun::base::Result<homespun::sync::client::SavedLogin> log_in_to_account();
    homespun::base::Result<homespun::sync::client::SavedLogin> log_in_as_user();
    homespun::base::Result<int> list_collections(ClientSession& session) const;
    homespun::base::Result<int> list_ids(ClientSession& session) const;
    homespun::base::Result<int> get_one(ClientSession& session) const;
    homespun::base::Result<int> get_all(ClientSession& session) const;
    [[nodiscard]] homespun::base::Result<bool> confirmed(const ClientSession& session) const;

    std::string protocol_ = "1.5", server_, account_, password_, password_file_, sync_key_, sync_key_file_;
    std::string collection_, id_;
    bool new_sync_key_ = false, json_ = false, raw_ = false, all_ = false, yes_ = false;
};
