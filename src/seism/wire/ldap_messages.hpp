#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// One element of BER as LDAP uses it: one byte of tag, a definite length of at most four bytes.
struct BerElement {
    unsigned char tag = 0;
    std::string_view content;  ///< as much of it as there is
    std::string_view whole;    ///< with tag and length
};
/// Takes an element off the front, of which the end may be missing; nothing if even its length is, or is
/// wrong.
[[nodiscard]] std::optional<BerElement> take_element(std::string_view& bytes);

/// The first bytes of an element.
struct BerHead {
    bool is_wrong = false;
    std::size_t size = 0;  ///< of tag and length; 0: more bytes are needed to know
    std::uint64_t content = 0;
};
[[nodiscard]] BerHead ber_head(std::string_view bytes);
[[nodiscard]] std::string ber_element(unsigned char tag, std::string_view content);

/// The start of an LDAPMessage.
struct LdapMessage {
    std::string_view id;  ///< the bytes of its number
    unsigned char tag = 0;
    std::string_view content;  ///< of the operation; its end may be missing
};
[[nodiscard]] std::optional<LdapMessage> read_ldap_message(std::string_view bytes);

/// What is known of an operation.
struct LdapOperation {
    unsigned char tag;
    unsigned char answer;
    std::string_view verb;
    bool writes;
};
/// Null for what is not answered, or not known.
[[nodiscard]] const LdapOperation* ldap_operation(unsigned char tag);
/// What the request is about: see ldap_conversation.hpp.
[[nodiscard]] std::string ldap_subject(const LdapMessage& request);

inline constexpr std::string_view start_tls = "1.3.6.1.4.1.1466.20037";
inline constexpr std::string_view password_modify = "1.3.6.1.4.1.4203.1.11.1";

/// Whole messages.
[[nodiscard]] std::string ldap_result(std::string_view id, unsigned char answer, std::int64_t code,
                                      std::string_view text);
[[nodiscard]] std::string notice_of_disconnection(std::int64_t code, std::string_view text);

}  // namespace homespun::seism::wire
