#include "sync/easysetup/sender.hpp"

#include "base/text.hpp"

namespace homespun::sync::easysetup {
namespace {

constexpr std::chrono::seconds patience{10};

base::jpake::FirstRound begin(base::Random& random) {
    // The names are ours and differ: nothing can be wrong with them.
    return base::jpake::FirstRound::begin(std::string(name_of(Role::sender)),
                                          std::string(name_of(Role::receiver)), random)
        .value();
}

}  // namespace

Sender::Sender(Pin pin, base::Random& random, bool expect_delay, Version version,
               std::chrono::milliseconds poll_interval)
    : Party(Role::sender, version, random, poll_interval),
      secret_(std::move(pin.secret)),
      expect_delay_(expect_delay),
      first_(begin(random)) {
    use_channel(std::move(pin.channel));
    poll(patience);
}

void Sender::on_uploaded() {
    if (paired_) return complete();
    poll(patience);
}

void Sender::on_message(std::string_view text) {
    switch (step_) {
        case 1:
            return take_receiver1(text);
        case 2:
            return take_receiver2(text);
        default:
            return take_receiver3(text);
    }
}

void Sender::take_receiver1(std::string_view text) {
    const auto message = parse_round1(text, Role::receiver);
    if (!message) return give_up(message.error());
    if (expect_delay_ && message->version < delay_version) {
        return give_up(
            {ErrorCode::delayunsupported,
             "the other device cannot wait until there is an account: make the account first, then pair"});
    }
    auto second = first_.next(message->payload, secret_, random());
    if (!second) return give_up(second.error(), "receiver1");
    second_ = std::move(*second);
    step_ = 2;
    upload(write_message(role(), version(), first_.message()));
}

void Sender::take_receiver2(std::string_view text) {
    const auto message = parse_round2(text, Role::receiver);
    if (!message) return give_up(message.error());
    auto keys = second_->finish(message->payload);
    if (!keys) return give_up(keys.error(), "receiver2");
    keys_ = std::move(*keys);
    step_ = 3;
    upload(write_message(role(), version(), second_->message()));
}

void Sender::take_receiver3(std::string_view text) {
    const auto message = parse_sealed(text, Role::receiver);
    if (!message) return give_up(message.error());
    const auto same = confirms(*keys_, message->payload);
    if (!same) return give_up(describe(same.error(), "receiver3"));
    if (!*same)
        return give_up({ErrorCode::keymismatch, "the PIN is not the one that the other device shows"});
    paired_ = true;
    rest();
}

base::Result<void> Sender::send(const Credentials& credentials) {
    if (!paired_) return base::fail("the devices are not paired yet");
    if (over() || request() != nullptr)
        return base::fail("the pairing is over, or the credentials are on their way");
    for (const auto* text :
         {&credentials.account, &credentials.password, &credentials.sync_key, &credentials.server_url}) {
        if (!base::is_utf8(*text)) return base::fail("the credentials are not UTF-8");
    }
    upload(write_message(role(), version(), seal(*keys_, write_credentials(credentials), random())));
    return {};
}

}  // namespace homespun::sync::easysetup
