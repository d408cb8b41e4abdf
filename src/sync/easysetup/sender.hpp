#pragma once
#include <optional>

#include "base/jpake.hpp"
#include "base/result.hpp"
#include "sync/easysetup/party.hpp"
#include "sync/easysetup/pin.hpp"

namespace homespun::sync::easysetup {

/// The device with the account: the person types the PIN here; proves it, then hands over the credentials
/// (sheet 6.1, right column).
class Sender final : public Party {
  public:
    /// `expect_delay`: it may take long until `send` is called, for the account is yet to be made; receivers
    /// that cannot wait are given up at once (`delayunsupported`).
    Sender(Pin pin, base::Random& random, bool expect_delay, Version version = newest_version,
           std::chrono::milliseconds poll_interval = usual_poll_interval);

    /// The PIN was right, the channel is safe: time for `send`.
    [[nodiscard]] bool paired() const { return paired_; }
    /// Hands over the credentials, once, after `paired`. Refused before, afterwards, and when they are no
    /// UTF-8.
    base::Result<void> send(const Credentials& credentials);
    /// The credentials have arrived at the server, which does not mean that the receiver has got them.
    [[nodiscard]] bool sent() const { return over() && !failure(); }

  private:
    void on_uploaded() override;
    void on_message(std::string_view text) override;
    void take_receiver1(std::string_view text);
    void take_receiver2(std::string_view text);
    void take_receiver3(std::string_view text);

    const std::string secret_;
    const bool expect_delay_;
    base::jpake::FirstRound first_;
    std::optional<base::jpake::SecondRound> second_;
    std::optional<base::jpake::Keys> keys_;
    bool paired_ = false;
    int step_ = 1;  ///< the number of the receiver's message that is due
};

}  // namespace homespun::sync::easysetup
