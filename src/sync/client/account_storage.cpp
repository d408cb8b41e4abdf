#include "sync/client/account_storage.hpp"

namespace homespun::sync::client {

base::Task<base::Result<net::http::ClientResponse>> AccountStorage::send(std::string method, std::string path,
                                                                         std::string body,
                                                                         net::http::Headers headers) {
    if (!access_) {
        auto access = co_await client_.storage_access(session_token_, key_id_);
        if (!access) co_return std::unexpected(access.error());
        access_ = std::move(*access);
    }
    co_return co_await client_.storage(*access_, std::move(method), std::move(path), std::move(body),
                                       std::move(headers));
}

}  // namespace homespun::sync::client
