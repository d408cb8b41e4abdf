#include "sync/auth/ldap_error.hpp"

#include <ldap.h>

namespace homespun::sync::auth {
namespace {

using Kind = BackendFailure::Kind;

bool is_slow(int code) {
    return code == LDAP_TIMEOUT || code == LDAP_TIMELIMIT_EXCEEDED;
}

/// The directory tells that it is not well.
bool is_unwell(int code) {
    return code == LDAP_OPERATIONS_ERROR || code == LDAP_PROTOCOL_ERROR || code == LDAP_BUSY ||
           code == LDAP_UNAVAILABLE || code == LDAP_OTHER;
}

}  // namespace

LdapError ldap_garbage(std::string text) {
    return {LDAP_DECODING_ERROR, std::move(text)};
}

bool is_ldap_connection_lost(const LdapError& error) {
    return error.code == LDAP_SERVER_DOWN || error.code == LDAP_CONNECT_ERROR;
}

bool is_ldap_connection_spoiled(const LdapError& error) {
    return error.code < 0 || is_unwell(error.code);
}

bool is_ldap_login_refused(const LdapError& error) {
    switch (error.code) {
        case LDAP_INVALID_CREDENTIALS:
        case LDAP_NO_SUCH_OBJECT:
        case LDAP_INAPPROPRIATE_AUTH:    // the entry has no password
        case LDAP_UNWILLING_TO_PERFORM:  // so says 389 Directory Server of users who are switched off
        case LDAP_CONSTRAINT_VIOLATION:  // and of those who tried too often
            return true;
        default:
            return false;
    }
}

BackendFailure ldap_question_failure(const LdapError& error) {
    if (error.code == LDAP_SIZELIMIT_EXCEEDED) return {Kind::refused, "ldap: " + error.text};
    return {is_slow(error.code) ? Kind::slow : Kind::down, "ldap: " + error.text};
}

BackendFailure ldap_change_failure(const LdapError& error) {
    const bool answered = error.code > 0 && !is_slow(error.code) && !is_unwell(error.code);
    return answered ? BackendFailure{Kind::refused, "ldap: " + error.text} : ldap_question_failure(error);
}

}  // namespace homespun::sync::auth
