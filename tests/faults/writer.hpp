#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "faults/storage_connection.hpp"
#include "sync/store/random_writes_fixture.hpp"

namespace homespun::tests {

/// A user who writes as fast as the server lets him, one request at a time, remembers what was acknowledged,
/// and compares it with what the server shows. Belongs to one thread at a time.
class Writer {
  public:
    Writer(std::uint16_t port, std::uint64_t user, std::uint64_t seed, const sync::protocol::Tokens& tokens)
        : user_(user), connection_(port, user, tokens), writes_(seed) {}

    /// Until the server is gone, `stop` is set or something is wrong; rests while `rest` is set.
    void write(const std::atomic<bool>& stop, const std::atomic<bool>& rest);
    /// Asks for everything and compares. A request whose fate was unknown is settled by that.
    void check();
    /// Any thread may ask.
    [[nodiscard]] bool is_wrong() const { return is_wrong_; }
    /// The first thing that was wrong.
    [[nodiscard]] const std::string& wrong() const { return wrong_; }
    [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
    [[nodiscard]] bool has_unsure() const { return unsure_.has_value(); }

  private:
    /// False: there is no more to be done.
    bool write_one();
    bool take_answer(const sync::store::Operation& operation, const net::http::ClientResponse& answer,
                     sync::store::Span asked);
    std::optional<sync::store::Shown> show();
    std::optional<net::http::ClientResponse> get(const std::string& path);
    void fail(const std::string& what);

    const std::uint64_t user_;
    StorageConnection connection_;
    sync::store::RandomWrites writes_;
    sync::store::UserModel model_;
    std::optional<sync::store::Operation> unsure_;
    sync::store::Span asked_;
    std::string wrong_;
    std::atomic<bool> is_wrong_ = false;
    std::uint64_t acknowledged_ = 0;
};

}  // namespace homespun::tests
