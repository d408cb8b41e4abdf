#pragma once
#include "barrel/server/natives.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "sync/easysetup/address_filter.hpp"

namespace homespun::sync::ops {

/// The natives of services/admin.rbr about the key exchange's blacklist: what was a page of its own once.
/// Owns nothing it is given. Thread-safe.
class KeyExchangeAdmin {
  public:
    KeyExchangeAdmin(easysetup::AddressFilter& filter, const base::Clock& clock, base::Logger& logger)
        : filter_(filter), clock_(clock), logger_(logger) {}

    void register_natives(barrel::Natives& natives);

  private:
    using Answer = base::Task<net::http::Response>;
    Answer list();
    Answer clear(barrel::Context& context);

    easysetup::AddressFilter& filter_;
    const base::Clock& clock_;
    base::Logger& logger_;
};

}  // namespace homespun::sync::ops
