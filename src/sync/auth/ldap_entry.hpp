#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sync/auth/user_backend.hpp"

// How users stand in an LDAP directory (sheet sync-legacy, 10.2): filters, names and attributes. Pure.
namespace homespun::sync::auth {

/// What a search gave of an entry.
struct LdapEntry {
    std::string dn;
    /// Names as the directory writes them, compared in any case.
    std::vector<std::pair<std::string, std::vector<std::string>>> attributes = {};

    /// The values of an attribute; empty when there are none.
    [[nodiscard]] const std::vector<std::string>& values(std::string_view attribute) const;
};

/// A user of the directory.
struct LdapUser {
    BackendUser user;
    std::string dn;
    bool enabled = true;
    bool operator==(const LdapUser&) const = default;
};

/// `(uid=…)` with everything escaped that a filter could take for its own (RFC 4515); a NUL too.
std::string ldap_name_filter(std::string_view name);
/// The entry of exactly this user.
std::string ldap_user_filter(const BackendUser& user);
/// All who have this number.
std::string ldap_id_filter(std::uint64_t id);
/// The name of a new user's entry below `root`: `uid=…`, so that the directory itself sees to it that nobody
/// is made twice. (The servers of 2010 wrote `uidNumber=…`; names of entries that are there may be any.)
std::string ldap_user_dn(std::string_view name, std::string_view root);

/// Nothing when it is no entry of a user: no distinguished name, no name, or no usable `uidNumber`. The
/// user's name is the first value of `uid`. Switched off by `account-enabled` other than `Yes` or
/// `accountStatus` other than 1; without either attribute a user may log in.
std::optional<LdapUser> ldap_user_of(const LdapEntry& entry);

/// Who is meant by `name` among `entries`: directories compare in any case and without regard to blanks, we
/// as it is. Of several the one with the lowest id, who was there first.
std::optional<LdapUser> ldap_user_called(std::string_view name, const std::vector<LdapEntry>& entries);

/// The URL in `primaryNode` (`weave:HOST` or `weave:URL`); empty: our own.
std::string ldap_node_of(const std::vector<std::string>& primary_node);

/// What `ldap_user_of` reads, for a search.
inline constexpr const char* ldap_user_attributes[] = {
    "uid", "uidNumber", "mail", "primaryNode", "accountStatus", "account-enabled", nullptr};

}  // namespace homespun::sync::auth
