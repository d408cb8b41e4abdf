// Any bytes may come in as a message of the other device, as what it sealed, as a PIN or a channel's name.
// The first byte chooses. What is read can be written and reads as the same again; a side that is fed with it
// either has failed, or knows what to send next.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/jpake_fixture.hpp"
#include "sync/easysetup/receiver.hpp"
#include "sync/easysetup/sender.hpp"

namespace {

using namespace homespun;
using namespace sync::easysetup;
using base::jpake::SeededRandom;

void demand(bool fine) {
    if (!fine) std::abort();
}

bool same(const base::jpake::Proof& a, const base::jpake::Proof& b) {
    return a.gr == b.gr && a.b == b.b && a.id == b.id && !a.gr.empty() && !a.b.empty();
}
bool same(const base::jpake::Round1& a, const base::jpake::Round1& b) {
    return a.gx1 == b.gx1 && a.gx2 == b.gx2 && same(a.zkp_x1, b.zkp_x1) && same(a.zkp_x2, b.zkp_x2);
}
bool same(const base::jpake::Round2& a, const base::jpake::Round2& b) {
    return a.a == b.a && same(a.zkp_a, b.zkp_a);
}
bool same(const Sealed& a, const Sealed& b) {
    return a == b;
}

void check_message(auto parse, std::string_view text) {
    for (const auto from : {Role::receiver, Role::sender}) {
        const auto message = parse(text, from);
        if (!message) {
            demand(!message.error().detail.empty());
            continue;
        }
        const auto written = write_message(from, message->version, message->payload);
        const auto again = parse(written, from);
        // Escapes may make a text longer than it came.
        if (written.size() > max_message_bytes) continue;
        demand(again && again->version == message->version && same(again->payload, message->payload));
    }
}

void check_credentials(std::string_view text) {
    const auto credentials = parse_credentials(text);
    if (credentials) demand(parse_credentials(write_credentials(*credentials)) == *credentials);
}

void check_pin(std::string_view text) {
    const auto pin = Pin::parse(text);
    if (!pin) return demand(!pin.error().message.empty());
    demand(pin->secret.size() == secret_size && is_channel(pin->channel));
    demand(Pin::parse(pin->shown()).value() == *pin && Pin::parse(pin->text()).value() == *pin);
}

/// Signed well, so that IV and ciphertext are reached.
void check_sealed(std::string_view text) {
    static const auto keys = base::jpake::Keys::derive("shared");
    const auto cut = std::min(text.find('\n'), text.size());
    Sealed sealed{
        std::string(text.substr(std::min(cut + 1, text.size()))), std::string(text.substr(0, cut)), {}};
    sealed.hmac = base::hex_encode(base::hmac_sha256(keys.authentication(), sealed.ciphertext));
    const auto opened = open(keys, sealed);
    if (opened) check_credentials(*opened);
    static_cast<void>(confirms(keys, sealed));
}

net::http::ClientResponse response(std::string_view body) {
    net::http::ClientResponse made{200, {}, std::string(body)};
    made.headers.set("ETag", "\"tag\"");
    return made;
}

void check_side(const Party& side) {
    demand(side.failure() ? !side.failure()->detail.empty() : side.request() != nullptr);
}

// A side costs milliseconds to make, so it sees only what has come through the parser, or may be a channel's
// name.

void feed_sender(std::string_view body) {
    if (!parse_round1(body, Role::receiver)) return;
    SeededRandom random("fuzz");
    Sender sender(Pin{"k9gj5qzu", "eg2m"}, random, false);
    sender.answered(response(body));
    check_side(sender);
}

void feed_receiver(std::string_view body) {
    SeededRandom random("fuzz");
    if (parse_round1(body, Role::sender)) {
        Receiver receiver(random);
        receiver.answered(response("\"eg2m\""));
        receiver.answered(response(""));
        receiver.answered(response(body));
        check_side(receiver);
    }
    constexpr std::size_t longest_name = 12;
    if (body.size() > longest_name) return;
    Receiver receiver(random);
    receiver.answered(response(body));
    check_side(receiver);
    demand(receiver.failure() || is_channel(receiver.pin()->channel));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 8) {
        case 0:
            check_message(parse_round1, rest);
            break;
        case 1:
            check_message(parse_round2, rest);
            break;
        case 2:
            check_message(parse_sealed, rest);
            break;
        case 3:
            check_credentials(rest);
            break;
        case 4:
            check_pin(rest);
            break;
        case 5:
            check_sealed(rest);
            break;
        case 6:
            feed_sender(rest);
            break;
        default:
            feed_receiver(rest);
    }
    return 0;
}
