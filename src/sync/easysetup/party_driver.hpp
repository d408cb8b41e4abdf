#pragma once
#include <functional>
#include <optional>
#include <string>

#include "base/task.hpp"
#include "net/http/url.hpp"
#include "net/io/client.hpp"
#include "net/io/loop.hpp"
#include "sync/easysetup/party.hpp"

namespace homespun::sync::easysetup {

/// Runs one side of a pairing against a key-exchange server: rests and sends what the party wants, and tells
/// it what became of it. Lives on the loop, used from its thread; all it is given outlives it.
class PartyDriver {
  public:
    /// `server` is the service's own address, with or without a slash at its end; its query is left out.
    PartyDriver(net::Loop& loop, net::Client& client, net::http::Url server, Party& party);

    /// Until the party has nothing to send any more. `changed` is called after each answer and each that was
    /// missed: the moment to look at the party, and for a sender to hand over its credentials. Gives why the
    /// pairing ended, if not well; where the network failed, with the reason of the last failure.
    base::Task<std::optional<Failure>> run(std::function<void()> changed);
    /// The person gives up. A request under way is waited for, then the server is told.
    void abort();

    /// Why the last request got no answer; empty when it did.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

  private:
    /// False when the person gave up meanwhile: another request is due then.
    base::Task<bool> rest(std::chrono::milliseconds wait);
    [[nodiscard]] net::ClientRequest as_http(const Request& request) const;

    net::Loop& loop_;
    net::Client& client_;
    const net::Endpoint endpoint_;
    const std::string base_;
    Party& party_;
    bool aborted_ = false;
    std::string trouble_;
};

}  // namespace homespun::sync::easysetup
