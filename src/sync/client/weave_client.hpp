#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/task.hpp"
#include "net/io/client.hpp"
#include "sync/client/messages.hpp"
#include "sync/client/record_server.hpp"

namespace homespun::sync::client {

/// Sync 1.1 for one user of 2010: asks the user API where the user's storage is, then speaks to it with
/// name and password (sheet sync-legacy, 2.2 and 4). Lives on one loop, used from its thread.
class WeaveClient final : public RecordServer {
  public:
    /// `root` is what a person puts into an old Firefox as its own server; `user` a name of user_name.hpp.
    static base::Result<std::unique_ptr<WeaveClient>> at(net::Loop& loop, std::string_view root,
                                                         std::string user, std::string password);
    ~WeaveClient() override;
    WeaveClient(const WeaveClient&) = delete;
    WeaveClient& operator=(const WeaveClient&) = delete;

    /// Whether the name is taken.
    base::Task<base::Result<bool>> user_exists();
    base::Task<base::Result<net::http::ClientResponse>> send(std::string method, std::string path,
                                                             std::string body = {},
                                                             net::http::Headers headers = {}) override;

  private:
    WeaveClient(net::Loop& loop, ServerAddress root, std::string user, std::string password);
    base::Task<base::Result<net::http::ClientResponse>> ask_user_api(std::string what);
    /// Asks for the user's node, once.
    base::Task<base::Result<void>> find_storage();

    net::Client http_;
    ServerAddress root_;
    std::string user_, password_;
    std::optional<ServerAddress> storage_;  ///< of the user
};

}  // namespace homespun::sync::client
