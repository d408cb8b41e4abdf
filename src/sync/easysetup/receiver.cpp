#include "sync/easysetup/receiver.hpp"

namespace homespun::sync::easysetup {
namespace {

constexpr std::chrono::seconds patience{10};
constexpr std::chrono::seconds patience_with_people{300};  // who type the PIN, or make an account

base::jpake::FirstRound begin(base::Random& random) {
    // The names are ours and differ: nothing can be wrong with them.
    return base::jpake::FirstRound::begin(std::string(name_of(Role::receiver)),
                                          std::string(name_of(Role::sender)), random)
        .value();
}

}  // namespace

Receiver::Receiver(base::Random& random, Version version, std::chrono::milliseconds poll_interval)
    : Party(Role::receiver, version, random, poll_interval), first_(begin(random)) {
    ask_for_channel();
}

void Receiver::on_channel() {
    pin_ = Pin::make(random(), channel());
    upload(write_message(role(), version(), first_.message()));
}

void Receiver::on_uploaded() {
    ready_ = true;
    const bool waits_long = step_ == 1 || (step_ == 3 && version() >= delay_version);
    poll(waits_long ? patience_with_people : patience);
}

void Receiver::on_message(std::string_view text) {
    switch (step_) {
        case 1:
            return take_sender1(text);
        case 2:
            return take_sender2(text);
        default:
            return take_sender3(text);
    }
}

void Receiver::take_sender1(std::string_view text) {
    const auto message = parse_round1(text, Role::sender);
    if (!message) return give_up(message.error());
    auto second = first_.next(message->payload, pin_->secret, random());
    if (!second) return give_up(second.error(), "sender1");
    second_ = std::move(*second);
    step_ = 2;
    upload(write_message(role(), version(), second_->message()));
}

void Receiver::take_sender2(std::string_view text) {
    const auto message = parse_round2(text, Role::sender);
    if (!message) return give_up(message.error());
    auto keys = second_->finish(message->payload);
    if (!keys) return give_up(keys.error(), "sender2");
    keys_ = std::move(*keys);
    step_ = 3;
    upload(write_message(role(), version(), confirmation(*keys_, random())));
}

void Receiver::take_sender3(std::string_view text) {
    const auto message = parse_sealed(text, Role::sender);
    if (!message) return give_up(message.error());
    const auto opened = open(*keys_, message->payload);
    if (!opened) return give_up(describe(opened.error(), "sender3"));
    auto credentials = parse_credentials(*opened);
    if (!credentials) return give_up(credentials.error());
    credentials_ = std::move(*credentials);
    complete();
}

}  // namespace homespun::sync::easysetup
