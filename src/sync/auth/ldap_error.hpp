#pragma once
#include <expected>
#include <string>

#include "sync/auth/user_backend.hpp"

// What the answers of an LDAP directory mean (sheet sync-legacy, 10.2 and 10.8). Pure.
namespace homespun::sync::auth {

/// An operation that did not succeed.
struct LdapError {
    int code;          ///< of RFC 4511, or negative: libldap's own, the connection is of no more use
    std::string text;  ///< what was tried, on which server, what came of it; no passwords
};
template <class T>
using LdapResult = std::expected<T, LdapError>;

/// For answers that break the protocol.
LdapError ldap_garbage(std::string text);

/// The connection is gone; another one may do.
bool is_ldap_connection_lost(const LdapError& error);
/// The connection may not be used again, for whatever reason.
bool is_ldap_connection_spoiled(const LdapError& error);

/// The directory says so to a bind with a user's password that is wrong, or when it does not let them in.
/// Everything else is no answer to the question.
bool is_ldap_login_refused(const LdapError& error);

/// Of a question, or of our own bind: whatever it is, we do not know what was asked. (`refused`: more entries
/// than a question should have.)
BackendFailure ldap_question_failure(const LdapError& error);
/// Of what belongs to a change: what the directory does not allow is `refused`, for it answers well. So is
/// our own bind, which is not the one that logins need.
BackendFailure ldap_change_failure(const LdapError& error);

}  // namespace homespun::sync::auth
