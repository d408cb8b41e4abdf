#pragma once
#include <optional>

#include "base/jpake.hpp"
#include "sync/easysetup/party.hpp"
#include "sync/easysetup/pin.hpp"

namespace homespun::sync::easysetup {

/// The new device: gets a channel, shows the PIN, receives the credentials (sheet 6.1, left column).
class Receiver final : public Party {
  public:
    explicit Receiver(base::Random& random, Version version = newest_version,
                      std::chrono::milliseconds poll_interval = usual_poll_interval);

    /// As soon as there is a channel. Not to be shown before `ready`.
    [[nodiscard]] const std::optional<Pin>& pin() const { return pin_; }
    /// Our first message is there: a sender with the PIN finds it.
    [[nodiscard]] bool ready() const { return ready_; }
    /// The other device has begun: the PIN need not be shown any longer.
    [[nodiscard]] bool started() const { return step_ > 1; }
    /// The result.
    [[nodiscard]] const std::optional<Credentials>& credentials() const { return credentials_; }

  private:
    void on_channel() override;
    void on_uploaded() override;
    void on_message(std::string_view text) override;
    void take_sender1(std::string_view text);
    void take_sender2(std::string_view text);
    void take_sender3(std::string_view text);

    base::jpake::FirstRound first_;
    std::optional<base::jpake::SecondRound> second_;
    std::optional<base::jpake::Keys> keys_;
    std::optional<Pin> pin_;
    std::optional<Credentials> credentials_;
    bool ready_ = false;
    int step_ = 1;  ///< the number of the sender's message that is due
};

}  // namespace homespun::sync::easysetup
