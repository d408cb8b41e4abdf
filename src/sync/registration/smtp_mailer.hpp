#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "sync/registration/mail.hpp"
#include "sys/blocking_pool.hpp"

namespace homespun::sync::registration {

struct SmtpSettings {
    enum class Tls {
        none,
        starttls,  ///< or no mail goes out
        implicit,  ///< from the first byte
    };
    std::string host;
    std::uint16_t port = 25;
    std::string sender;                    ///< an address
    std::string user = {}, password = {};  ///< empty: no login
    Tls tls = Tls::none;
    std::string ca_file = {};                ///< PEM; empty: the system's
    std::chrono::milliseconds limit{5'000};  ///< for a whole mail
};

/// Hands mail to an SMTP server. libcurl does the talking; it is opened here and not linked, because it would
/// cost every server a third of its start and memory. Blocks a thread of its own, behind a short queue.
/// Logger, clock and random outlive it.
class SmtpMailer final : public Mailer {
  public:
    /// Fails when the sender is no address, a password would go out in the clear to another machine, or there
    /// is no libcurl.
    static base::Result<std::unique_ptr<SmtpMailer>> open(SmtpSettings settings, const base::Clock& clock,
                                                          base::Random& random, base::Logger& logger);
    ~SmtpMailer() override;

    base::Task<auth::BackendResult<void>> send(base::Executor& home, Mail mail) override;

  private:
    class Curl;
    SmtpMailer(SmtpSettings settings, std::unique_ptr<Curl> curl, const base::Clock& clock,
               base::Random& random, base::Logger& logger);
    auth::BackendResult<void> deliver(const Mail& mail);

    const SmtpSettings settings_;
    std::unique_ptr<Curl> curl_;
    const base::Clock& clock_;
    base::Random& random_;
    base::Logger& logger_;
    sys::BlockingPool pool_{1, 64};
};

}  // namespace homespun::sync::registration
