#pragma once
#include <string>

#include "barrel/server/natives.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "sync/easysetup/address_filter.hpp"

namespace homespun::sync::ops {

/// The natives of services/admin.rbr about the key exchange: where it is, and its blacklist, which was a page
/// of its own once.
/// Owns nothing it is given. Thread-safe.
class KeyExchangeAdmin {
  public:
    /// `url` is where clients find the key exchange; empty: it does not run here.
    KeyExchangeAdmin(easysetup::AddressFilter& filter, std::string url, const base::Clock& clock,
                     base::Logger& logger)
        : filter_(filter), url_(std::move(url)), clock_(clock), logger_(logger) {}

    void register_natives(barrel::Natives& natives);

  private:
    using Answer = base::Task<net::http::Response>;
    Answer tell_url();
    Answer list();
    Answer clear(barrel::Context& context);

    easysetup::AddressFilter& filter_;
    const std::string url_;
    const base::Clock& clock_;
    base::Logger& logger_;
};

}  // namespace homespun::sync::ops
