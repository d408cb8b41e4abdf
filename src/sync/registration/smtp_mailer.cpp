#include "sync/registration/smtp_mailer.hpp"

#include <curl/curl.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <cstring>

#include "base/encoding.hpp"
#include "net/http/url.hpp"
#include "sync/auth/user_name.hpp"

namespace homespun::sync::registration {
namespace {

using auth::BackendFailure;
using Kind = BackendFailure::Kind;

/// What is left to send of a message.
struct Upload {
    std::string_view rest;
};

std::size_t read_some(char* to, std::size_t size, std::size_t count, void* upload) {
    auto& rest = static_cast<Upload*>(upload)->rest;
    const auto taken = std::min(rest.size(), size * count);
    std::memcpy(to, rest.data(), taken);
    rest.remove_prefix(taken);
    return taken;
}

}  // namespace

/// The few functions of libcurl that are needed. Never closed: other code may have handles of it.
class SmtpMailer::Curl {
  public:
    static base::Result<std::unique_ptr<Curl>> load() {
        void* const library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) {
            return base::fail(
                fmt::format("smtp.host is set, but libcurl cannot be loaded ({}): apt-get install libcurl4",
                            ::dlerror()));
        }
        auto made = std::make_unique<Curl>();
        const bool whole = find(library, "curl_global_init", made->global_init) &&
                           find(library, "curl_easy_init", made->easy_init) &&
                           find(library, "curl_easy_setopt", made->easy_setopt) &&
                           find(library, "curl_easy_perform", made->easy_perform) &&
                           find(library, "curl_easy_strerror", made->easy_strerror) &&
                           find(library, "curl_easy_cleanup", made->easy_cleanup) &&
                           find(library, "curl_slist_append", made->slist_append) &&
                           find(library, "curl_slist_free_all", made->slist_free_all);
        if (!whole || made->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
            return base::fail("smtp.host is set, but libcurl.so.4 is not the library it should be");
        return made;
    }

    decltype(&::curl_global_init) global_init = nullptr;
    decltype(&::curl_easy_init) easy_init = nullptr;
    decltype(&::curl_easy_setopt) easy_setopt = nullptr;
    decltype(&::curl_easy_perform) easy_perform = nullptr;
    decltype(&::curl_easy_strerror) easy_strerror = nullptr;
    decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
    decltype(&::curl_slist_append) slist_append = nullptr;
    decltype(&::curl_slist_free_all) slist_free_all = nullptr;

  private:
    template <class Function>
    static bool find(void* library, const char* name, Function& function) {
        function = reinterpret_cast<Function>(::dlsym(library, name));
        return function != nullptr;
    }
};

base::Result<std::unique_ptr<SmtpMailer>> SmtpMailer::open(SmtpSettings settings, const base::Clock& clock,
                                                           base::Random& random, base::Logger& logger) {
    if (!auth::is_mail_address(settings.sender))
        return base::fail(
            fmt::format("smtp.sender must be an address like sync@example.org, not \"{}\"", settings.sender));
    if (settings.host.find_first_of("/@?#\\ \r\n") != std::string::npos)
        return base::fail(fmt::format("smtp.host is a name or an address, not \"{}\"", settings.host));
    if (!settings.password.empty() && settings.tls == SmtpSettings::Tls::none &&
        !net::http::is_loopback(settings.host)) {
        return base::fail("smtp.password would go to " + settings.host +
                          " in the clear: set smtp.tls to \"starttls\" or \"tls\"");
    }
    auto curl = Curl::load();
    if (!curl) return std::unexpected(curl.error());
    return std::unique_ptr<SmtpMailer>(
        new SmtpMailer(std::move(settings), std::move(*curl), clock, random, logger));
}

SmtpMailer::SmtpMailer(SmtpSettings settings, std::unique_ptr<Curl> curl, const base::Clock& clock,
                       base::Random& random, base::Logger& logger)
    : settings_(std::move(settings)),
      curl_(std::move(curl)),
      clock_(clock),
      random_(random),
      logger_(logger) {}

SmtpMailer::~SmtpMailer() = default;

auth::BackendResult<void> SmtpMailer::deliver(const Mail& mail) {
    constexpr std::size_t id_size = 16;
    const auto domain = settings_.sender.substr(settings_.sender.rfind('@') + 1);
    const auto id = base::hex_encode(random_.bytes(id_size)) + "@" + domain;
    const auto message = mail_message(mail, settings_.sender, id, clock_.now_ms());
    if (!message) return std::unexpected(BackendFailure{Kind::refused, "mail: " + message.error()});

    const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_->easy_init(), curl_->easy_cleanup);
    const auto recipient = "<" + mail.to + ">";
    const std::unique_ptr<curl_slist, void (*)(curl_slist*)> recipients(
        curl_->slist_append(nullptr, recipient.c_str()), curl_->slist_free_all);
    if (!handle || !recipients) return std::unexpected(BackendFailure{Kind::down, "mail: no memory"});
    const bool ipv6 = settings_.host.contains(':') && !settings_.host.starts_with('[');
    const auto url =
        fmt::format("{}://{}{}{}:{}", settings_.tls == SmtpSettings::Tls::implicit ? "smtps" : "smtp",
                    ipv6 ? "[" : "", settings_.host, ipv6 ? "]" : "", settings_.port);
    const auto sender = "<" + settings_.sender + ">";
    Upload upload{*message};
    std::array<char, CURL_ERROR_SIZE> told{};
    const auto set = [&](CURLoption option, auto value) { curl_->easy_setopt(handle.get(), option, value); };
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");  // whatever the environment says
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(settings_.limit.count()));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.limit.count()));
    set(CURLOPT_ERRORBUFFER, told.data());
    if (settings_.tls == SmtpSettings::Tls::starttls) set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
    if (!settings_.ca_file.empty()) set(CURLOPT_CAINFO, settings_.ca_file.c_str());
    if (!settings_.user.empty()) {
        set(CURLOPT_USERNAME, settings_.user.c_str());
        set(CURLOPT_PASSWORD, settings_.password.c_str());
    }
    set(CURLOPT_MAIL_FROM, sender.c_str());
    set(CURLOPT_MAIL_RCPT, recipients.get());
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &read_some);
    set(CURLOPT_READDATA, static_cast<void*>(&upload));
    const auto outcome = curl_->easy_perform(handle.get());
    if (outcome == CURLE_OK) return {};
    const std::string error = told[0] != '\0' ? told.data() : curl_->easy_strerror(outcome);
    logger_.error("mail_failed", {{"server", std::string_view(url)}, {"error", std::string_view(error)}});
    return std::unexpected(
        BackendFailure{outcome == CURLE_OPERATION_TIMEDOUT ? Kind::slow : Kind::down, "mail: " + error});
}

base::Task<auth::BackendResult<void>> SmtpMailer::send(base::Executor& home, Mail mail) {
    auto outcome = co_await pool_.run(home, [&] { return deliver(mail); });
    if (!outcome) co_return std::unexpected(BackendFailure{Kind::busy, "mail: too many wait to be sent"});
    co_return std::move(*outcome);
}

}  // namespace homespun::sync::registration
