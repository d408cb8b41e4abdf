#include "seism/wire/ldap_messages.hpp"

#include <algorithm>
#include <array>

namespace homespun::seism::wire {
namespace {

constexpr unsigned char sequence = 0x30, integer = 0x02, octets = 0x04, enumerated = 0x0a,
                        oid_of_answer = 0x8a;
constexpr unsigned char bind_request = 0x60, search_request = 0x63, delete_request = 0x4a;
constexpr std::size_t longest_text = 4096;

constexpr std::array<LdapOperation, 8> operations = {{
    {bind_request, 0x61, "bind", false},
    {search_request, 0x65, "search", false},
    {0x66, 0x67, "modify", true},
    {0x68, 0x69, "add", true},
    {delete_request, 0x6b, "delete", true},
    {0x6c, 0x6d, "modrdn", true},
    {0x6e, 0x6f, "compare", false},
    {0x77, 0x78, "extended", false},
}};

/// The fewest bytes that hold it with its sign.
std::string number_of(std::int64_t value) {
    std::string bytes;
    do {
        bytes.insert(bytes.begin(), static_cast<char>(value & 0xff));
        value >>= 8;
    } while (value != 0);
    if ((bytes.front() & 0x80) != 0) bytes.insert(bytes.begin(), '\0');
    return bytes;
}

std::string result_of(std::int64_t code, std::string_view text) {
    static constexpr std::int64_t other = 80;
    return ber_element(enumerated, number_of(code < 0 ? other : code)) + ber_element(octets, {}) +
           ber_element(octets, text.substr(0, longest_text));
}

std::string message_of(std::string_view id, unsigned char tag, std::string_view content) {
    return ber_element(sequence, ber_element(integer, id) + ber_element(tag, content));
}

std::string_view content_of(const std::optional<BerElement>& element) {
    return element ? element->content : std::string_view();
}

}  // namespace

BerHead ber_head(std::string_view bytes) {
    static constexpr std::size_t longest = 4;
    if (bytes.size() < 2) return {};
    const auto first = static_cast<unsigned char>(bytes[1]);
    if (first < 0x80) return {.size = 2, .content = first};
    const std::size_t more = first & 0x7f;
    if (more == 0 || more > longest) return {.is_wrong = true};
    if (bytes.size() < 2 + more) return {};
    BerHead head{.size = 2 + more};
    for (const char c : bytes.substr(2, more))
        head.content = head.content << 8 | static_cast<unsigned char>(c);
    return head;
}

std::optional<BerElement> take_element(std::string_view& bytes) {
    const auto head = ber_head(bytes);
    if (head.is_wrong || head.size == 0) return std::nullopt;
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(head.size + head.content, bytes.size()));
    const auto whole = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return BerElement{
        .tag = static_cast<unsigned char>(whole.front()), .content = whole.substr(head.size), .whole = whole};
}

std::string ber_element(unsigned char tag, std::string_view content) {
    std::string element(1, static_cast<char>(tag));
    if (content.size() < 0x80)
        element += static_cast<char>(content.size());
    else
        element.append("\x82").append(
            {static_cast<char>(content.size() >> 8 & 0xff), static_cast<char>(content.size() & 0xff)});
    return element.append(content);
}

std::optional<LdapMessage> read_ldap_message(std::string_view bytes) {
    const auto message = take_element(bytes);
    if (!message || message->tag != sequence) return std::nullopt;
    auto inside = message->content;
    const auto id = take_element(inside);
    if (!id || id->tag != integer || id->content.empty() || id->content.size() > 4) return std::nullopt;
    const auto operation = take_element(inside);
    if (!operation) return std::nullopt;
    return LdapMessage{.id = id->content, .tag = operation->tag, .content = operation->content};
}

const LdapOperation* ldap_operation(unsigned char tag) {
    const auto found = std::ranges::find(operations, tag, &LdapOperation::tag);
    return found == operations.end() ? nullptr : &*found;
}

std::string ldap_subject(const LdapMessage& request) {
    auto bytes = request.content;
    if (request.tag == delete_request) return std::string(bytes);
    if (request.tag == bind_request) static_cast<void>(take_element(bytes));  // the version
    std::string subject(content_of(take_element(bytes)));
    if (request.tag != search_request) return subject;
    for (int i = 0; i < 5; ++i)  // scope, aliases, limits of size and time, whether types only
        static_cast<void>(take_element(bytes));
    if (const auto filter = take_element(bytes)) subject.append(" ").append(filter->whole);
    return subject;
}

std::string ldap_result(std::string_view id, unsigned char answer, std::int64_t code, std::string_view text) {
    return message_of(id, answer, result_of(code, text));
}

std::string notice_of_disconnection(std::int64_t code, std::string_view text) {
    static constexpr unsigned char extended_response = 0x78;
    return message_of({"\0", 1}, extended_response,
                      result_of(code, text) + ber_element(oid_of_answer, "1.3.6.1.4.1.1466.20036"));
}

}  // namespace homespun::seism::wire
