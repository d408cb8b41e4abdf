#include "sync/auth/ldap_entry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace homespun::sync::auth {
namespace {

constexpr std::uint64_t most_id = 1ULL << 40;  ///< record_store_user leaves room for so many
constexpr std::string_view node_prefix = "weave:";

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '@';
}

/// In filters (RFC 4515) and names of entries (RFC 4514) alike, and more than they ask for: no directory has
/// to be trusted with anything but letters and digits.
std::string escaped(std::string_view value) {
    std::string text;
    for (const char c : value) {
        if (is_plain(c))
            text += c;
        else
            text += fmt::format("\\{:02x}", static_cast<unsigned char>(c));
    }
    return text;
}

bool is_on(const std::vector<std::string>& values, std::string_view word) {
    return values.empty() || base::iequals(values.front(), word);
}

}  // namespace

const std::vector<std::string>& LdapEntry::values(std::string_view attribute) const {
    static const std::vector<std::string> none;
    for (const auto& [name, its] : attributes) {
        if (base::iequals(name, attribute)) return its;
    }
    return none;
}

std::string ldap_name_filter(std::string_view name) {
    return fmt::format("(uid={})", escaped(name));
}

std::string ldap_user_filter(const BackendUser& user) {
    return fmt::format("(&(uidNumber={})(uid={}))", user.id, escaped(user.name));
}

std::string ldap_id_filter(std::uint64_t id) {
    return fmt::format("(uidNumber={})", id);
}

std::string ldap_user_dn(std::string_view name, std::string_view root) {
    return fmt::format("uid={},{}", escaped(name), root);
}

std::string ldap_node_of(const std::vector<std::string>& primary_node) {
    for (const std::string_view value : primary_node) {
        if (!value.starts_with(node_prefix)) continue;
        const auto node = value.substr(node_prefix.size());
        const bool printable =
            std::all_of(node.begin(), node.end(), [](char c) { return c > ' ' && c < '\x7f'; });
        if (node.empty() || !printable) continue;
        return node.contains("://") ? std::string(node) : fmt::format("https://{}/", node);
    }
    return {};
}

std::optional<LdapUser> ldap_user_of(const LdapEntry& entry) {
    const auto& names = entry.values("uid");
    const auto& ids = entry.values("uidNumber");
    // Binding with an empty name is binding as nobody, which succeeds with any password.
    if (entry.dn.empty() || names.empty() || names.front().empty() || ids.empty()) return std::nullopt;
    const auto id = base::parse_integer<std::uint64_t>(ids.front());
    if (!id || *id == 0 || *id >= most_id) return std::nullopt;
    const auto& mails = entry.values("mail");
    return LdapUser{.user = {.id = *id,
                             .name = names.front(),
                             .mail = mails.empty() ? std::string() : mails.front(),
                             .node = ldap_node_of(entry.values("primaryNode"))},
                    .dn = entry.dn,
                    .enabled = is_on(entry.values("account-enabled"), "Yes") &&
                               is_on(entry.values("accountStatus"), "1")};
}

std::optional<LdapUser> ldap_user_called(std::string_view name, const std::vector<LdapEntry>& entries) {
    std::optional<LdapUser> found;
    for (const auto& entry : entries) {
        const auto& names = entry.values("uid");
        if (std::find(names.begin(), names.end(), name) == names.end()) continue;
        auto user = ldap_user_of(entry);
        if (!user || (found && found->user.id <= user->user.id)) continue;
        user->user.name = name;
        found = std::move(user);
    }
    return found;
}

}  // namespace homespun::sync::auth
