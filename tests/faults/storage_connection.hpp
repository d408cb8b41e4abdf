#pragma once
#include <cstdint>
#include <expected>
#include <string>

#include "net/http/parser.hpp"
#include "sync/protocol/token.hpp"

namespace homespun::tests {

/// One user's connection to the storage of a server on this machine: blocking, signed, and it never sends
/// anything twice. Belongs to one thread.
class StorageConnection {
  public:
    StorageConnection(std::uint16_t port, std::uint64_t user, const sync::protocol::Tokens& tokens);
    ~StorageConnection();
    StorageConnection(const StorageConnection&) = delete;
    StorageConnection& operator=(const StorageConnection&) = delete;

    /// Why no answer came.
    enum class Lost {
        before_sending,  ///< the server cannot have seen the request
        underway,        ///< it may have been served
    };
    /// `path` is below the user's address, query included; a body is JSON.
    std::expected<net::http::ClientResponse, Lost> send(const std::string& method, const std::string& path,
                                                        const std::string& body = {});
    /// The next request opens a connection: the server may have been another one.
    void disconnect();

  private:
    bool connect();
    [[nodiscard]] std::string signed_request(const std::string& method, const std::string& target,
                                             const std::string& body);
    bool write_all(const std::string& text);
    std::expected<net::http::ClientResponse, Lost> read_answer();

    const std::uint16_t port_;
    const std::string base_;
    const sync::protocol::TokenPair token_;
    int socket_ = -1;
    std::uint64_t nonce_ = 0;
};

}  // namespace homespun::tests
