#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sync/auth/ldap_entry.hpp"
#include "sync/auth/ldap_error.hpp"
#include "sys/socket_deadlines.hpp"

struct ldap;

namespace homespun::sync::auth {

struct LdapServer {
    std::string uri;         ///< ldap://, ldaps:// or ldapi://
    bool start_tls = false;  ///< no word goes over the connection before it is encrypted
    std::string ca_file =
        {};  ///< PEM: who may have signed the server's certificate; empty: the system's authorities
};

/// A connection to an LDAP directory, LDAPv3 by libldap. Everything blocks, until its deadline at most; a
/// name that is looked up in DNS can take longer. What libldap finds in the environment or in ldap.conf does
/// not count. For one thread at a time.
class LdapConnection {
  public:
    using Deadline = std::chrono::steady_clock::time_point;
    enum class Scope { entry, subtree };
    /// Attribute and its values; without values the attribute goes.
    struct Change {
        enum class How { add, remove, replace } how;
        std::string attribute;
        std::vector<std::string> values;
    };
    using Attributes = std::vector<std::pair<std::string, std::vector<std::string>>>;

    /// `deadlines` outlive it. Connected, encrypted as `server` wants it; nobody has logged in yet.
    static LdapResult<std::unique_ptr<LdapConnection>> open(const LdapServer& server,
                                                            sys::SocketDeadlines& deadlines,
                                                            Deadline deadline);
    ~LdapConnection();
    LdapConnection(const LdapConnection&) = delete;
    LdapConnection& operator=(const LdapConnection&) = delete;

    /// Simple bind. Neither may be empty: that would be a bind as nobody, which needs no password.
    LdapResult<void> bind(const std::string& dn, std::string_view password, Deadline deadline);

    /// At most `most` entries; more of them are LDAP_SIZELIMIT_EXCEEDED. `attributes` end with a null
    /// pointer.
    LdapResult<std::vector<LdapEntry>> search(const std::string& base, Scope scope, const std::string& filter,
                                              const char* const* attributes, int most, Deadline deadline);

    LdapResult<void> add(const std::string& dn, const Attributes& attributes, Deadline deadline);
    LdapResult<void> modify(const std::string& dn, const std::vector<Change>& changes, Deadline deadline);
    LdapResult<void> remove(const std::string& dn, Deadline deadline);
    /// Whether `remove` would be allowed, asked with OpenLDAP's No-Op control; good as well when the
    /// directory does not know it.
    LdapResult<void> may_remove(const std::string& dn, Deadline deadline);

  private:
    struct Socket;
    LdapConnection(ldap* handle, std::string uri, std::unique_ptr<Socket> socket);
    LdapResult<void> connect(const LdapServer& server, Deadline deadline);
    void set_options();
    LdapResult<void> set_tls_options(const LdapServer& server);
    sys::SocketDeadlines::Guard limit(Deadline deadline);
    void set_time_limits(Deadline deadline);
    [[nodiscard]] LdapError error(const char* what, int code, Deadline deadline) const;
    [[nodiscard]] LdapError broken(const char* what, Deadline deadline) const;
    LdapResult<void> outcome(const char* what, int sent, int message, int wanted, Deadline deadline);

    ldap* handle_;
    std::string uri_;
    std::unique_ptr<Socket> socket_;
};

/// What is wrong with an address of a directory, empty when nothing is: it has to be one ldap, ldaps or ldapi
/// URL with nothing behind the port.
std::string ldap_uri_fault(const std::string& uri);
/// Whether passwords would go there in the clear, over a network.
bool is_ldap_uri_in_the_clear(const std::string& uri);
/// Whether it is a distinguished name (RFC 4514), not empty.
bool is_ldap_dn(const std::string& text);

}  // namespace homespun::sync::auth
