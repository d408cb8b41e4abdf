#include "sync/auth/ldap_connection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <lber.h>
#include <ldap.h>

#include <optional>

#include "net/http/url.hpp"
#include "sys/descriptor.hpp"

namespace homespun::sync::auth {
namespace {

constexpr ber_len_t most_answer_bytes = 1 << 20;  ///< of one message: an entry of a user has some hundred
constexpr std::chrono::milliseconds grace{200};   ///< libldap ends a wait itself, which tells more
constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

using Message = std::unique_ptr<LDAPMessage, int (*)(LDAPMessage*)>;
using Text = std::unique_ptr<char, void (*)(void*)>;

timeval rest_of(LdapConnection::Deadline deadline) {
    using std::chrono::microseconds;
    constexpr std::int64_t second_us = 1'000'000;
    const auto rest = std::chrono::duration_cast<microseconds>(deadline - std::chrono::steady_clock::now());
    const auto count = std::max<std::int64_t>(rest.count(), 1);  // 0 would be: look once
    return {.tv_sec = count / second_us, .tv_usec = count % second_us};
}

bool is_over(LdapConnection::Deadline deadline) {
    return std::chrono::steady_clock::now() >= deadline;
}

berval view_of(std::string_view text) {
    return {.bv_len = text.size(), .bv_val = const_cast<char*>(text.data())};
}

/// Values as libldap takes them. The texts stay where they are.
class Modification {
  public:
    Modification(int how, const std::string& attribute, const std::vector<std::string>& values) {
        values_.reserve(values.size());
        for (const auto& value : values)
            pointers_.push_back(&values_.emplace_back(view_of(value)));
        pointers_.push_back(nullptr);
        its_.mod_op = how | LDAP_MOD_BVALUES;
        its_.mod_type = const_cast<char*>(attribute.c_str());
        its_.mod_bvalues = values.empty() ? nullptr : pointers_.data();
    }
    Modification(Modification&&) = default;
    LDAPMod* get() { return &its_; }

  private:
    std::vector<berval> values_;
    std::vector<berval*> pointers_;
    LDAPMod its_{};
};

using Uri = std::unique_ptr<LDAPURLDesc, void (*)(LDAPURLDesc*)>;

Uri parse_uri(const std::string& uri) {
    LDAPURLDesc* parts = nullptr;
    if (ldap_url_parse(uri.c_str(), &parts) != LDAP_URL_SUCCESS) parts = nullptr;
    return {parts, ldap_free_urldesc};
}

std::string_view host_of(const LDAPURLDesc& parts) {
    return parts.lud_host != nullptr ? parts.lud_host : "";
}

std::vector<LDAPMod*> pointers_of(std::vector<Modification>& modifications) {
    std::vector<LDAPMod*> pointers;
    for (auto& modification : modifications)
        pointers.push_back(modification.get());
    pointers.push_back(nullptr);
    return pointers;
}

int code_of(LdapConnection::Change::How how) {
    switch (how) {
        case LdapConnection::Change::How::add:
            return LDAP_MOD_ADD;
        case LdapConnection::Change::How::remove:
            return LDAP_MOD_DELETE;
        case LdapConnection::Change::How::replace:
            break;
    }
    return LDAP_MOD_REPLACE;
}

/// Nothing when libldap cannot make sense of it.
std::optional<LdapEntry> read_entry(LDAP* handle, LDAPMessage* message) {
    const Text dn(ldap_get_dn(handle, message), ldap_memfree);
    if (!dn) return std::nullopt;
    LdapEntry entry{.dn = dn.get()};
    BerElement* raw = nullptr;
    Text name(ldap_first_attribute(handle, message, &raw), ldap_memfree);
    const std::unique_ptr<BerElement, void (*)(BerElement*)> position(
        raw, [](BerElement* its) { ber_free(its, 0); });
    for (; name; name.reset(ldap_next_attribute(handle, message, raw))) {
        const std::unique_ptr<berval*, void (*)(berval**)> values(
            ldap_get_values_len(handle, message, name.get()), ldap_value_free_len);
        auto& [its_name, its_values] = entry.attributes.emplace_back(name.get(), std::vector<std::string>());
        for (berval** value = values.get(); value != nullptr && *value != nullptr; ++value)
            its_values.emplace_back((*value)->bv_val, (*value)->bv_len);
    }
    return entry;
}

}  // namespace

/// The connection's socket, watched: libldap waits for answers with a limit, but once something has come it
/// reads on without one, above all below TLS.
struct LdapConnection::Socket {
    Socket(sys::SocketDeadlines& its_deadlines, Deadline until)
        : deadlines(its_deadlines), open_until(until) {
        hooks.lc_add = connected;
        hooks.lc_del = [](LDAP*, Sockbuf*, ldap_conncb*) {};
        hooks.lc_arg = this;
    }

    /// Called by libldap before it speaks TLS.
    static int connected(LDAP* /*handle*/, Sockbuf* buffer, LDAPURLDesc* /*server*/, sockaddr* /*address*/,
                         ldap_conncb* hooks) {
        auto& its = *static_cast<Socket*>(hooks->lc_arg);
        int number = -1;
        if (ber_sockbuf_ctrl(buffer, LBER_SB_OPT_GET_FD, &number) <= 0) return -1;
        its.opening.reset();
        its.copy.emplace(::fcntl(number, F_DUPFD_CLOEXEC, 0));
        if (its.copy->get() < 0) return -1;
        its.opening.emplace(its.deadlines, its.copy->get(), its.open_until + grace);
        return 0;
    }

    sys::SocketDeadlines& deadlines;
    const Deadline open_until;
    ldap_conncb hooks{};
    std::optional<sys::Descriptor> copy;  ///< libldap closes its own when it likes
    std::optional<sys::SocketDeadlines::Guard> opening;
};

LdapConnection::LdapConnection(ldap* handle, std::string uri, std::unique_ptr<Socket> socket)
    : handle_(handle), uri_(std::move(uri)), socket_(std::move(socket)) {}

LdapConnection::~LdapConnection() {
    constexpr std::chrono::seconds farewell{1};
    std::optional<sys::SocketDeadlines::Guard> guard;
    if (socket_->copy)
        guard.emplace(socket_->deadlines, socket_->copy->get(), std::chrono::steady_clock::now() + farewell);
    ldap_unbind_ext(handle_, nullptr, nullptr);
}

LdapResult<std::unique_ptr<LdapConnection>> LdapConnection::open(const LdapServer& server,
                                                                 sys::SocketDeadlines& deadlines,
                                                                 Deadline deadline) {
    auto socket = std::make_unique<Socket>(deadlines, deadline);
    LDAP* handle = nullptr;
    if (const int code = ldap_initialize(&handle, server.uri.c_str()); code != LDAP_SUCCESS)
        return std::unexpected(LdapError{code, fmt::format("{}: {}", server.uri, ldap_err2string(code))});
    std::unique_ptr<LdapConnection> made(new LdapConnection(handle, server.uri, std::move(socket)));
    made->set_options();
    if (auto done = made->set_tls_options(server); !done) return std::unexpected(std::move(done.error()));
    if (auto done = made->connect(server, deadline); !done) return std::unexpected(std::move(done.error()));
    return made;
}

void LdapConnection::set_options() {
    const int version = LDAP_VERSION3;
    const int never = LDAP_DEREF_NEVER;
    const int none = 0;
    ldap_set_option(handle_, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(handle_, LDAP_OPT_CONNECT_CB, &socket_->hooks);
    ldap_set_option(handle_, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    ldap_set_option(handle_, LDAP_OPT_RESTART, LDAP_OPT_ON);
    ldap_set_option(handle_, LDAP_OPT_DEREF, &never);
    ldap_set_option(handle_, LDAP_OPT_SIZELIMIT, &none);
    ldap_set_option(handle_, LDAP_OPT_TIMELIMIT, &none);
    ber_len_t most = most_answer_bytes;
    Sockbuf* buffer = nullptr;
    if (ldap_get_option(handle_, LDAP_OPT_SOCKBUF, &buffer) == LDAP_OPT_SUCCESS && buffer != nullptr)
        ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &most);
}

LdapResult<void> LdapConnection::set_tls_options(const LdapServer& server) {
    if (!server.start_tls && !server.uri.starts_with("ldaps:")) return {};
    const int demand = LDAP_OPT_X_TLS_DEMAND;
    const int client = 0;
    const auto* authorities = server.ca_file.empty() ? system_authorities : server.ca_file.c_str();
    ldap_set_option(handle_, LDAP_OPT_X_TLS_CACERTDIR, nullptr);
    ldap_set_option(handle_, LDAP_OPT_X_TLS_CACERTFILE, authorities);
    ldap_set_option(handle_, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
    if (ldap_set_option(handle_, LDAP_OPT_X_TLS_NEWCTX, &client) == LDAP_OPT_SUCCESS) return {};
    return std::unexpected(LdapError{
        LDAP_CONNECT_ERROR,
        fmt::format("{}: TLS cannot be prepared; is {} a PEM file of certificates?", uri_, authorities)});
}

LdapResult<void> LdapConnection::connect(const LdapServer& server, Deadline deadline) {
    if (is_over(deadline)) return std::unexpected(error("connecting", LDAP_TIMEOUT, deadline));
    set_time_limits(deadline);
    if (const int code = ldap_connect(handle_); code != LDAP_SUCCESS)
        return std::unexpected(error("connecting", code, deadline));
    if (!socket_->copy) return std::unexpected(error("connecting", LDAP_LOCAL_ERROR, deadline));
    if (server.start_tls) {
        set_time_limits(deadline);
        if (const int code = ldap_start_tls_s(handle_, nullptr, nullptr); code != LDAP_SUCCESS) {
            auto failed = error("StartTLS", code, deadline);
            // Whatever it says: without TLS there is no connection.
            if (failed.code > 0) failed.code = LDAP_CONNECT_ERROR;
            return std::unexpected(std::move(failed));
        }
    }
    socket_->opening.reset();
    return {};
}

/// For what has no limit as a parameter.
void LdapConnection::set_time_limits(Deadline deadline) {
    const auto rest = rest_of(deadline);
    ldap_set_option(handle_, LDAP_OPT_NETWORK_TIMEOUT, &rest);
    ldap_set_option(handle_, LDAP_OPT_TIMEOUT, &rest);
}

sys::SocketDeadlines::Guard LdapConnection::limit(Deadline deadline) {
    set_time_limits(deadline);
    return {socket_->deadlines, socket_->copy->get(), deadline + grace};
}

LdapError LdapConnection::error(const char* what, int code, Deadline deadline) const {
    if (code < 0 && is_over(deadline)) code = LDAP_TIMEOUT;
    char* said = nullptr;
    ldap_get_option(handle_, LDAP_OPT_DIAGNOSTIC_MESSAGE, &said);
    const Text more(said, ldap_memfree);
    constexpr std::size_t most_said = 200;
    std::string text = fmt::format("{}: {}: {}", uri_, what, ldap_err2string(code));
    if (more && *more != '\0')
        text += fmt::format(" ({})", std::string_view(more.get()).substr(0, most_said));
    return {code, std::move(text)};
}

/// After ldap_result failed.
LdapError LdapConnection::broken(const char* what, Deadline deadline) const {
    int code = LDAP_SUCCESS;
    ldap_get_option(handle_, LDAP_OPT_RESULT_CODE, &code);
    return error(what, code < 0 ? code : LDAP_SERVER_DOWN, deadline);
}

/// Waits for the answer to `message`, which was sent with the result `sent`.
LdapResult<void> LdapConnection::outcome(const char* what, int sent, int message, int wanted,
                                         Deadline deadline) {
    if (sent != LDAP_SUCCESS) return std::unexpected(error(what, sent, deadline));
    auto rest = rest_of(deadline);
    LDAPMessage* raw = nullptr;
    const int type = ldap_result(handle_, message, LDAP_MSG_ALL, &rest, &raw);
    const Message answer(raw, ldap_msgfree);
    if (type == 0) return std::unexpected(error(what, LDAP_TIMEOUT, deadline));
    if (type < 0) return std::unexpected(broken(what, deadline));
    int code = LDAP_SUCCESS;
    if (type != wanted)
        return std::unexpected(ldap_garbage(uri_ + ": " + what + ": an answer to something else"));
    if (ldap_parse_result(handle_, answer.get(), &code, nullptr, nullptr, nullptr, nullptr, 0) !=
        LDAP_SUCCESS)
        return std::unexpected(ldap_garbage(uri_ + ": " + what + ": an answer that cannot be read"));
    if (code != LDAP_SUCCESS) return std::unexpected(error(what, code, deadline));
    return {};
}

LdapResult<void> LdapConnection::bind(const std::string& dn, std::string_view password, Deadline deadline) {
    if (dn.empty() || password.empty())
        return std::unexpected(
            LdapError{LDAP_INVALID_CREDENTIALS, uri_ + ": a bind without name or password"});
    const auto guard = limit(deadline);
    auto secret = view_of(password);
    int message = 0;
    const int sent =
        ldap_sasl_bind(handle_, dn.c_str(), LDAP_SASL_SIMPLE, &secret, nullptr, nullptr, &message);
    return outcome("bind", sent, message, LDAP_RES_BIND, deadline);
}

LdapResult<std::vector<LdapEntry>> LdapConnection::search(const std::string& base, Scope scope,
                                                          const std::string& filter,
                                                          const char* const* attributes, int most,
                                                          Deadline deadline) {
    const auto guard = limit(deadline);
    auto rest = rest_of(deadline);
    int message = 0;
    const int sent = ldap_search_ext(
        handle_, base.c_str(), scope == Scope::entry ? LDAP_SCOPE_BASE : LDAP_SCOPE_SUBTREE, filter.c_str(),
        const_cast<char**>(attributes), 0, nullptr, nullptr, &rest, most, &message);
    if (sent != LDAP_SUCCESS) return std::unexpected(error("search", sent, deadline));
    std::vector<LdapEntry> found;
    while (true) {
        rest = rest_of(deadline);
        LDAPMessage* raw = nullptr;
        const int type = ldap_result(handle_, message, LDAP_MSG_ONE, &rest, &raw);
        const Message part(raw, ldap_msgfree);
        if (type == 0) return std::unexpected(error("search", LDAP_TIMEOUT, deadline));
        if (type < 0) return std::unexpected(broken("search", deadline));
        if (type == LDAP_RES_SEARCH_REFERENCE || type == LDAP_RES_INTERMEDIATE) {
            if (is_over(deadline)) return std::unexpected(error("search", LDAP_TIMEOUT, deadline));
            continue;
        }
        if (type == LDAP_RES_SEARCH_ENTRY) {
            auto entry = read_entry(handle_, part.get());
            if (!entry || found.size() >= static_cast<std::size_t>(most))
                return std::unexpected(ldap_garbage(uri_ + ": search: entries that nobody asked for"));
            found.push_back(std::move(*entry));
            continue;
        }
        int code = LDAP_SUCCESS;
        if (type != LDAP_RES_SEARCH_RESULT || ldap_parse_result(handle_, part.get(), &code, nullptr, nullptr,
                                                                nullptr, nullptr, 0) != LDAP_SUCCESS)
            return std::unexpected(ldap_garbage(uri_ + ": search: an answer that cannot be read"));
        if (code != LDAP_SUCCESS) return std::unexpected(error("search", code, deadline));
        return found;
    }
}

LdapResult<void> LdapConnection::add(const std::string& dn, const Attributes& attributes, Deadline deadline) {
    std::vector<Modification> modifications;
    for (const auto& [name, values] : attributes)
        modifications.emplace_back(LDAP_MOD_ADD, name, values);
    auto pointers = pointers_of(modifications);
    const auto guard = limit(deadline);
    int message = 0;
    const int sent = ldap_add_ext(handle_, dn.c_str(), pointers.data(), nullptr, nullptr, &message);
    return outcome("add", sent, message, LDAP_RES_ADD, deadline);
}

LdapResult<void> LdapConnection::modify(const std::string& dn, const std::vector<Change>& changes,
                                        Deadline deadline) {
    std::vector<Modification> modifications;
    for (const auto& change : changes)
        modifications.emplace_back(code_of(change.how), change.attribute, change.values);
    auto pointers = pointers_of(modifications);
    const auto guard = limit(deadline);
    int message = 0;
    const int sent = ldap_modify_ext(handle_, dn.c_str(), pointers.data(), nullptr, nullptr, &message);
    return outcome("modify", sent, message, LDAP_RES_MODIFY, deadline);
}

LdapResult<void> LdapConnection::remove(const std::string& dn, Deadline deadline) {
    const auto guard = limit(deadline);
    int message = 0;
    const int sent = ldap_delete_ext(handle_, dn.c_str(), nullptr, nullptr, &message);
    return outcome("delete", sent, message, LDAP_RES_DELETE, deadline);
}

LdapResult<void> LdapConnection::may_remove(const std::string& dn, Deadline deadline) {
    std::string oid = LDAP_CONTROL_NOOP;
    // Critical: who does not know it must refuse, and not delete.
    LDAPControl no_op{.ldctl_oid = oid.data(), .ldctl_value = {}, .ldctl_iscritical = 1};
    LDAPControl* controls[] = {&no_op, nullptr};
    const auto guard = limit(deadline);
    int message = 0;
    const int sent = ldap_delete_ext(handle_, dn.c_str(), controls, nullptr, &message);
    auto done = outcome("delete", sent, message, LDAP_RES_DELETE, deadline);
    if (done || done.error().code == LDAP_X_NO_OPERATION ||
        done.error().code == LDAP_UNAVAILABLE_CRITICAL_EXTENSION)
        return {};
    return done;
}

std::string ldap_uri_fault(const std::string& uri) {
    constexpr int most_port = 65535;
    const auto parts = parse_uri(uri);
    if (!parts || parts->lud_port < 0 || parts->lud_port > most_port)
        return fmt::format("an address like ldap://ldap.example.org, not \"{}\"", uri);
    const auto host = host_of(*parts);
    if (host.empty() || host.find_first_of(" ,\t\r\n") != std::string_view::npos)
        return fmt::format("one address with a host, not \"{}\"", uri);
    const auto behind = uri.find('/', uri.find("://") + 3);
    if (behind != std::string::npos && behind + 1 != uri.size())
        return fmt::format("an address with nothing behind the port, not \"{}\"", uri);
    return {};
}

bool is_ldap_uri_in_the_clear(const std::string& uri) {
    const auto parts = parse_uri(uri);
    return !parts ||
           (std::string_view(parts->lud_scheme) == "ldap" && !net::http::is_loopback(host_of(*parts)));
}

bool is_ldap_dn(const std::string& text) {
    LDAPDN parsed = nullptr;
    if (text.empty() || ldap_str2dn(text.c_str(), &parsed, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
        return false;
    ldap_dnfree(parsed);
    return true;
}

}  // namespace homespun::sync::auth
