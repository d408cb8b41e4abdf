#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "barrel/rbr/router.hpp"
#include "barrel/server/service.hpp"
#include "base/log.hpp"
#include "net/http/application.hpp"

namespace homespun::barrel {

/// What an observer is told about an answer besides the answer itself. Views hold during the call.
struct Outcome {
    std::string_view service;          ///< Name of the service; empty when none is mounted there.
    std::string_view path;             ///< Name of the path in its contract; empty when none was found.
    std::string_view reason;           ///< Reason code of a refusal; empty when the handler answered.
    std::string_view hint;             ///< What the refusal says to operators; may be empty.
    const Context* context = nullptr;  ///< What natives saw; nullptr when nobody has routed the request.
};

/// Several services behind one listener. Immutable once built, called on all loops at once; owns its services
/// and must outlive the server.
///
/// A request goes: OPTIONS is answered · the router finds the path, or `on unmatched` / `on method` tell ·
/// auth · type and size · checks of headers, then of the body · handler · changes of the answer's body, then
/// its headers. What fails on the way is told by the service's `on check`; what breaks, by its `on error`.
/// `set` applies to answers of handlers only.
class Application final : public net::http::Application {
  public:
    struct Mounted {
        std::string name;  ///< For logs and metrics: `token`.
        Service service;
        std::vector<std::string> mounts;           ///< Where it answers; empty: the `root` of its contract.
        std::size_t ignored_trailing_slashes = 0;  ///< As in rbr::Router::Mount.
    };
    using Observer = std::function<void(const net::http::Request&, const net::http::Response&,
                                        std::chrono::microseconds, const Outcome&)>;

    /// `logger` gets what natives throw; it must outlive the application. Fails when two services want the
    /// same address, or a mount is no address.
    [[nodiscard]] static std::expected<std::unique_ptr<Application>, rbr::Diagnostics> build(
        std::vector<Mounted> services, base::Logger& logger, Observer observer = {});

    net::http::Plan plan(net::http::Request& request) override;
    base::Task<net::http::Response> handle(net::http::Request& request) override;
    net::http::Response refuse(net::http::Request& request, net::http::Refusal refusal) override;
    void finish(const net::http::Request& request, net::http::Response& response,
                std::chrono::microseconds duration) override;

  private:
    struct Routed;

    Application(std::vector<Mounted> services, rbr::Router router, base::Logger& logger, Observer observer);
    Routed& route(net::http::Request& request);
    [[nodiscard]] base::Task<net::http::Response> call(Routed& routed);
    [[nodiscard]] net::http::Response contract_page(const Service& service) const;
    [[nodiscard]] net::http::Response with_fault_logged(Routed& routed, net::http::Response response);

    std::vector<Mounted> services_;
    rbr::Router router_;
    base::Logger& logger_;
    Observer observer_;
    Globals none_;
};

}  // namespace homespun::barrel
