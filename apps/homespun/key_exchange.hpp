#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cef.hpp"
#include "base/config.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "sync/easysetup/service.hpp"
#include "sync/ops/key_exchange_admin.hpp"
#include "sync/store/sqlite/channels_sqlite.hpp"
#include "sys/blocking_pool.hpp"

/// The settings `keyexchange.*`.
std::vector<homespun::base::config::Key> key_exchange_keys();

/// The key exchange of Easy Setup with all it is made of. Owned by the installation; what it is given
/// outlives it.
class KeyExchangePart {
  public:
    struct Ties {
        const homespun::base::config::Settings& settings;
        std::string root_url;  ///< of the server, for those who are sent on
        homespun::base::Random& random;
        const homespun::base::Clock& clock;
        homespun::base::Logger& logger;
        homespun::base::metrics::Registry& metrics;
        homespun::base::cef::Sink& security_log;
    };
    /// The error is a message for the operator.
    static homespun::base::Result<std::unique_ptr<KeyExchangePart>> open(Ties ties);

    [[nodiscard]] homespun::sync::easysetup::KeyExchangeService& service() { return *service_; }
    [[nodiscard]] homespun::sync::ops::KeyExchangeAdmin& admin() { return admin_; }

  private:
    KeyExchangePart(const Ties& ties, homespun::net::TrustedProxies whitelist);
    static std::string public_address(const Ties& ties);
    homespun::base::Result<void> open_file(const Ties& ties);

    homespun::sync::easysetup::Channels exchange_;
    homespun::sync::easysetup::AddressFilter filter_;
    homespun::sync::ops::KeyExchangeAdmin admin_;
    std::unique_ptr<homespun::sync::store::sqlite::ChannelsSqlite> file_;
    std::optional<homespun::sync::easysetup::ChannelKeeper> keeper_;
    std::optional<homespun::sync::easysetup::KeyExchangeService> service_;
    /// Of the file. Last, so that it ends first: its jobs use what is above.
    std::optional<homespun::sys::BlockingPool> pool_;
};
