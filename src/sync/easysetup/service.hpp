#pragma once
#include <optional>
#include <string>

#include "barrel/server/natives.hpp"
#include "base/cef.hpp"
#include "base/clock.hpp"
#include "sync/easysetup/address_filter.hpp"
#include "sync/easysetup/channel_keeper.hpp"
#include "sync/easysetup/channels.hpp"

namespace homespun::sync::easysetup {

/// The key-exchange server of Easy Setup (sheet sync-legacy, 5): HTTP in front of Channels. Owns nothing
/// it is given; everything must outlive it. Immutable; its handlers run on all loops.
class KeyExchangeService {
  public:
    struct Parts {
        Channels& exchange;
        AddressFilter& filter;
        ChannelKeeper* keeper;  ///< null: channels live in memory only
        base::cef::Sink& security_log;
        const base::Clock& clock;
        std::string root_redirect;  ///< where people are sent who open the service's own address
    };

    explicit KeyExchangeService(Parts parts) : parts_(std::move(parts)) {}

    /// Registers the natives that services/key-exchange.rbr names.
    void register_natives(barrel::Natives& natives);

  private:
    using Context = barrel::Context;
    using Response = net::http::Response;
    using Answer = base::Task<Response>;

    [[nodiscard]] std::optional<barrel::Problem> judge(const Context& context) const;
    base::Task<std::expected<void, barrel::Problem>> admit(Context& context) const;
    Answer check_health(Context& context) const;
    Answer open_channel(Context& context) const;
    Answer read_channel(Context& context) const;
    Answer write_channel(Context& context) const;
    Answer delete_channel(Context& context) const;
    Answer take_report(Context& context) const;
    [[nodiscard]] Response problem(Context& context, const barrel::Problem& problem) const;
    void finish(const Context& context, Response& response) const;

    Response refuse(Context& context, ChannelRefusal why) const;
    base::Task<bool> keep(Context& context) const;
    void tell_security(const Context& context, ChannelRefusal why) const;
    void tell_security(const Context& context, std::string name, std::string message,
                       std::string user = {}) const;

    Parts parts_;
};

}  // namespace homespun::sync::easysetup
