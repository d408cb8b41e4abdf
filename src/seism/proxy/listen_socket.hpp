#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace homespun::seism {

/// Where a proxy listens. An empty host and 0.0.0.0 mean every address of the machine, IPv6 too.
struct ListenAddress {
    std::string host;  ///< numeric; `::` for every address
    std::uint16_t port = 0;

    /// `127.0.0.1:80`, `localhost:http`, `:80`, `[::1]:80`; empty: every address, a free port. Names are
    /// looked up, which may take a while. Errors are worded as Go's net package words them, for Toxiproxy's
    /// clients read them: `address X: missing port in address`.
    static base::Result<ListenAddress> resolve(std::string_view text);
    [[nodiscard]] std::string text() const;
    bool operator==(const ListenAddress&) const = default;
};

/// A port that is ours until the object ends, whether it takes connections or not. Thread-safe: whoever
/// controls the proxy sets its state, the engine accepts.
class ListenSocket {
  public:
    enum class State : std::uint8_t {
        listening,
        refusing,  ///< connections are refused (ECONNREFUSED)
        full,      ///< neither taken nor refused: the queue before `accept` is full of connections of our own
    };

    /// Binds and listens. Errors as Go words them: `listen tcp 127.0.0.1:80: bind: address already in use`.
    static base::Result<std::shared_ptr<ListenSocket>> open(const ListenAddress& address);
    ~ListenSocket();
    ListenSocket(const ListenSocket&) = delete;
    ListenSocket& operator=(const ListenSocket&) = delete;

    /// With the port that the kernel chose.
    [[nodiscard]] const ListenAddress& address() const { return address_; }
    /// To watch; readable when somebody waits.
    [[nodiscard]] int descriptor() const { return descriptor_; }

    /// In force when it returns. An error: the kernel would not play along; then it listens.
    base::Result<void> set(State state);

    struct Accepted {
        int descriptor = -1;  ///< non-blocking, sends at once (TCP_NODELAY); below 0: nobody waits, or
                              ///< `error` says why not
        int error = 0;
    };
    Accepted accept();

  private:
    ListenSocket(int descriptor, ListenAddress address)
        : descriptor_(descriptor), address_(std::move(address)) {}
    bool fill();
    void drop_fillers();

    const int descriptor_;
    const ListenAddress address_;
    std::mutex mutex_;
    State state_ = State::listening;
    std::vector<int> fillers_;
    std::vector<std::uint16_t> filler_ports_;  ///< of those that may still wait to be accepted
};

}  // namespace homespun::seism
