#pragma once
#include <mutex>
#include <string>

#include "barrel/server/natives.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "sync/accounts/service.hpp"
#include "sync/ops/secrets.hpp"
#include "sync/protocol/token.hpp"

namespace homespun::sync::ops {

/// The natives of services/admin.rbr. Whoever reaches its socket is the operator: the socket lies in a
/// private directory with mode 0600 and the peer's user is checked. Owns nothing it is given. Thread-safe.
class AdminService {
  public:
    struct Parts {
        accounts::Accounts& accounts;
        protocol::Tokens& tokens;
        Secrets secrets;
        std::string data_directory;
        std::string public_url;  ///< in front of links
        base::Random& random;
        const base::Clock& clock;
        base::Logger& logger;
    };
    explicit AdminService(Parts parts) : parts_(std::move(parts)) {}

    void register_natives(barrel::Natives& natives);
    /// The natives of services/test-control.rbr.
    static void register_test_control(barrel::Natives& natives, base::SystemClock& clock);

    /// `ROOT/?invite=CODE`
    [[nodiscard]] std::string invite_link(const std::string& code) const;

  private:
    using Answer = base::Task<net::http::Response>;
    Answer create_invite(barrel::Context& context);
    Answer list_users(barrel::Context& context);
    Answer seed_accounts(barrel::Context& context);
    Answer show_secrets();
    Answer rotate_secret(barrel::Context& context);

    Parts parts_;
    std::mutex mutex_;  ///< guards parts_.secrets
};

}  // namespace homespun::sync::ops
