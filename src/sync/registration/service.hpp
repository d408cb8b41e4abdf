#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "barrel/server/natives.hpp"
#include "base/cef.hpp"
#include "base/clock.hpp"
#include "sync/accounts/rate_limit.hpp"
#include "sync/auth/public_url.hpp"
#include "sync/auth/user_backend.hpp"
#include "sync/auth/weave_answers.hpp"
#include "sync/auth/weave_auth.hpp"
#include "sync/registration/captcha.hpp"
#include "sync/registration/mail.hpp"
#include "sync/registration/reset_codes.hpp"
#include "sync/registration/user_records.hpp"
#include "sync/token/admission.hpp"

namespace homespun::sync::registration {

struct RegistrationSettings {
    bool sign_up = true;             ///< whether anybody may make a user
    token::Admission admission;      ///< …and who
    bool strict_names = true;        ///< a name must be the address, or be made of it (user_name)
    std::string shared_secret = {};  ///< who shows it in X-Weave-Secret needs no captcha; empty: nobody
};

/// User API 1.0, misc API and the two pages with forms (sheet sync-legacy, 2): the natives that
/// services/registration.rbr, misc.rbr and account-forms.rbr name. Thread-safe; what it is given outlives it.
class RegistrationService {
  public:
    struct Parts {
        auth::UserBackend& backend;
        auth::WeaveAuth& auth;
        const auth::WeaveAnswers& answers;
        ResetCodes& codes;
        Mailer* mailer;    ///< null: no mail goes out, so no password can be reset
        Captcha* captcha;  ///< null: nobody is asked
        UserRecords& records;
        const auth::PublicUrls& public_urls;
        const base::Clock& clock;
        base::cef::Sink& security;
    };
    RegistrationService(Parts parts, RegistrationSettings settings);

    void register_users(barrel::Natives& natives);
    void register_misc(barrel::Natives& natives);
    void register_forms(barrel::Natives& natives);

  private:
    using Context = barrel::Context;
    using Response = net::http::Response;
    using Answer = base::Task<Response>;
    /// Something on the way to an answer: the thing, or the answer already.
    template <class T>
    using Step = base::Task<std::expected<T, Response>>;

    Answer user_exists(Context& context);
    Answer create_user(Context& context);
    Answer delete_user(Context& context);
    Answer user_node(Context& context);
    Answer send_reset_code(Context& context);
    Answer clear_reset_code(Context& context);
    Answer change_mail(Context& context);
    Answer change_password(Context& context);
    Answer captcha_html(Context& context);
    Answer show_reset_form(Context& context);
    Answer take_reset_form(Context& context);
    Answer show_delete_form(Context& context);
    Answer take_delete_form(Context& context);

    // What several of them do.
    Step<std::optional<auth::BackendUser>> find(Context& context, std::string name);
    /// Whether whoever asks is let through by the captcha.
    [[nodiscard]] bool is_human(const Context& context, std::string_view challenge,
                                std::string_view response) const;
    /// The same with what stands in the query.
    [[nodiscard]] bool is_human(const Context& context) const;
    Step<auth::BackendUser> who_may_change(Context& context);
    /// Uses the code up.
    Step<bool> take_code(Context& context, const auth::BackendUser& user, std::string code);
    Step<std::monostate> mail_code(Context& context, const auth::BackendUser& user);
    Step<std::monostate> set_password(Context& context, const auth::BackendUser& user, std::string password);
    /// What is remembered of a user's logins, after a change of theirs that went well or failed.
    void settle(const auth::BackendUser& user, const auth::BackendResult<void>& done);
    Step<std::monostate> remove(Context& context, const auth::BackendUser& user, std::string password);
    [[nodiscard]] std::optional<Response> over_limit(Context& context, accounts::RateLimit& limit,
                                                     std::string_view key) const;
    [[nodiscard]] std::string root_url(const Context& context) const;
    Answer check_reset_form(Context& context, std::string name, std::string key);
    void add_problems(barrel::Natives& natives);
    void add_common(barrel::Natives& natives);

    Parts parts_;
    const RegistrationSettings settings_;
    accounts::RateLimit creations_;
    accounts::RateLimit mails_;
    accounts::RateLimit guesses_, shared_guesses_;  ///< of codes; the latter from this machine's own proxy
};

}  // namespace homespun::sync::registration
