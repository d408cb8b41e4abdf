#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "base/result.hpp"
#include "net/io/listener.hpp"

namespace homespun::stampede {

/// A server that does nothing but answer: what the generator reaches against it is what the generator can.
/// One thread of its own, loopback, any request head without a body gets the same short 200.
class NullServer {
  public:
    static base::Result<std::unique_ptr<NullServer>> start();
    ~NullServer();
    [[nodiscard]] std::uint16_t port() const { return listener_.address().port; }

  private:
    explicit NullServer(net::Listener listener) : listener_(std::move(listener)) {}
    void serve();

    net::Listener listener_;
    std::atomic<bool> stopping_ = false;
    std::jthread thread_;
};

}  // namespace homespun::stampede
