#pragma once
#include <optional>
#include <string>

#include "base/key_pair.hpp"
#include "sync/client/record_server.hpp"
#include "sync/client/sync_client.hpp"

namespace homespun::sync::client {

/// Sync 1.5 for one account, from a saved session: takes a storage token when first asked, and another when
/// that one is no longer good. Lives on one loop, used from its thread.
class AccountStorage final : public RecordServer {
  public:
    /// `session_token` has 32 bytes; `key_id` is the value of X-KeyID.
    AccountStorage(SyncClient client, std::string session_token, std::string key_id)
        : client_(std::move(client)), session_token_(std::move(session_token)), key_id_(std::move(key_id)) {}

    base::Task<base::Result<net::http::ClientResponse>> send(std::string method, std::string path,
                                                             std::string body = {},
                                                             net::http::Headers headers = {}) override;

  private:
    SyncClient client_;
    std::string session_token_, key_id_;
    std::optional<StorageAccess> access_;
};

}  // namespace homespun::sync::client
