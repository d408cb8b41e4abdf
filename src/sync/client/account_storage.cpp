#include "sync/client/account_storage.hpp"

namespace homespun::sync::client {
namespace {

constexpr int unauthorized = 401;

}  // namespace

base::Task<base::Result<net::http::ClientResponse>> AccountStorage::send(std::string method, std::string path,
                                                                         std::string body,
                                                                         net::http::Headers headers) {
    for (bool fresh = false;;) {
        if (!access_) {
            auto access = co_await client_.storage_access(session_token_, key_id_);
            if (!access) co_return std::unexpected(access.error());
            access_ = std::move(*access);
            fresh = true;
        }
        auto answer = co_await client_.storage(*access_, method, path, body, headers);
        if (!answer || answer->status != unauthorized || fresh) co_return answer;
        access_.reset();  // its time is up, or the user has moved to another node
    }
}

}  // namespace homespun::sync::client
