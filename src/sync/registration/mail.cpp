#include "sync/registration/mail.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "sync/auth/user_name.hpp"

namespace homespun::sync::registration {
namespace {

constexpr std::size_t longest_line = 76;

bool fits_in_a_header(std::string_view text) {
    return std::ranges::none_of(text,
                                [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

std::string with_crlf(std::string_view text) {
    std::string made;
    for (const char c : text) {
        if (c == '\n') made += '\r';
        if (c != '\r') made += c;
    }
    return made;
}

std::string date(std::int64_t now_ms) {
    const std::time_t seconds = now_ms / 1000;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", utc);
}

}  // namespace

Mail reset_mail(std::string_view root, const auth::BackendUser& user, std::string_view code) {
    const auto link = fmt::format("{}/weave-password-reset?username={}&key={}", root,
                                  base::percent_encode(user.name), code);
    return {user.mail, "Resetting your Services password",
            fmt::format("Someone, hopefully you, asked to set a new password for {}.\n\n"
                        "To do so, open this page within the next 6 hours:\n\n{}\n\n"
                        "If it was not you, nothing has to be done: the password stays as it is.\n",
                        user.name, link)};
}

std::expected<std::string, std::string> mail_message(const Mail& mail, std::string_view sender,
                                                     std::string_view id, std::int64_t now_ms) {
    if (!auth::is_mail_address(mail.to)) return std::unexpected("the recipient is no address");
    if (!auth::is_mail_address(sender)) return std::unexpected("the sender is no address");
    if (!fits_in_a_header(mail.subject) || !fits_in_a_header(id))
        return std::unexpected("the subject has more than one line");
    auto message = fmt::format(
        "Date: {}\r\nFrom: <{}>\r\nTo: <{}>\r\nSubject: {}\r\nMessage-ID: <{}>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
        "Auto-Submitted: auto-generated\r\n\r\n",
        date(now_ms), sender, mail.to, mail.subject, id);
    const auto body = base::base64_encode(with_crlf(mail.text), base::Base64::standard);
    for (std::size_t at = 0; at < body.size(); at += longest_line)
        message += body.substr(at, longest_line) + "\r\n";
    return message;
}

}  // namespace homespun::sync::registration
