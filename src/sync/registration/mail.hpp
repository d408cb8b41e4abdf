#pragma once
#include <expected>
#include <string>
#include <string_view>

#include "base/executor.hpp"
#include "base/task.hpp"
#include "sync/auth/user_backend.hpp"

namespace homespun::sync::registration {

struct Mail {
    std::string to;
    std::string subject;
    std::string text;  ///< UTF-8, lines end in \n
};

/// Sends mail. Thread-safe; outlives its tasks.
class Mailer {
  public:
    virtual ~Mailer() = default;
    /// Done: a server has taken it. Continues on `home`.
    virtual base::Task<auth::BackendResult<void>> send(base::Executor& home, Mail mail) = 0;
};

/// The mail with the link for a new password (sheet sync-legacy, 2.3). `root`: where people reach us.
Mail reset_mail(std::string_view root, const auth::BackendUser& user, std::string_view code);

/// The message as it goes over the wire (RFC 5322): headers, an empty line, the text in base64; lines end in
/// CRLF. Nothing when an address or the subject holds what would end a header line. `sender` is an address;
/// `id` the Message-ID without brackets.
std::expected<std::string, std::string> mail_message(const Mail& mail, std::string_view sender,
                                                     std::string_view id, std::int64_t now_ms);

}  // namespace homespun::sync::registration
