#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/jpake.hpp"
#include "sync/easysetup/failure.hpp"
#include "sync/easysetup/sealed.hpp"

namespace homespun::sync::easysetup {

/// Who wrote a message: the receiver gets the account and shows the PIN, the sender has the account.
enum class Role : std::uint8_t { receiver, sender };

/// The signer's name, also in J-PAKE: `receiver`, `sender`.
std::string_view name_of(Role role);
Role other(Role role);

/// The versions of the protocol. 1 has no preconditions, so a broken connection ends it; from 2 on a PUT can
/// be repeated; from 3 on the receiver waits for its last message while an account is being made on the other
/// side.
using Version = int;
constexpr Version newest_version = 3;
constexpr Version hardened_version = 2;
constexpr Version delay_version = 3;

/// Larger messages are not looked into.
constexpr std::size_t max_message_bytes = std::size_t{64} * 1024;

/// A message's payload, and which version its writer speaks (1 when it does not say).
template <class Payload>
struct Message {
    Payload payload;
    Version version = 1;
};

/// What the sender hands over. Text in UTF-8.
struct Credentials {
    std::string account;
    std::string password;
    std::string sync_key;  ///< 26 characters of friendly base32, without hyphens
    std::string server_url;

    bool operator==(const Credentials&) const = default;
};

/// The three messages of each side as JSON (sheet 6.1): `{"type": "<role><n>", "version": …, "payload": …}`.
/// Numbers are hex with an even number of digits.
std::string write_message(Role from, Version version, const base::jpake::Round1& payload);
std::string write_message(Role from, Version version, const base::jpake::Round2& payload);
std::string write_message(Role from, Version version, const Sealed& payload);

/// The same back. Refused are: what is no JSON or too large (`invalid`), another message than that one of
/// that side, members that are missing or no text, proofs that bear another name (`wrongmessage`), numbers
/// that are no hex
/// (`invalid`). The detail names the member. Proofs are not checked here.
Expected<Message<base::jpake::Round1>> parse_round1(std::string_view text, Role from);
Expected<Message<base::jpake::Round2>> parse_round2(std::string_view text, Role from);
/// The receiver's third message needs no `hmac`, the sender's does.
Expected<Message<Sealed>> parse_sealed(std::string_view text, Role from);

/// What is sealed in the sender's third message.
std::string write_credentials(const Credentials& credentials);
Expected<Credentials> parse_credentials(std::string_view text);

}  // namespace homespun::sync::easysetup
