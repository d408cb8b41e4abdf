#include "sync/auth/ldap_backend.hpp"

#include <fmt/format.h>
#include <ldap.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "sync/auth/outage_watch.hpp"
#include "sync/auth/password_schemes.hpp"

namespace homespun::sync::auth {
namespace {

using Kind = BackendFailure::Kind;
using MaybeUser = std::optional<BackendUser>;
using std::chrono::steady_clock;
using How = LdapConnection::Change::How;

constexpr std::size_t most_queued = OutageWatch::Limits{}.most_waiting;  ///< so many come at most
constexpr int most_tries = 3;
constexpr std::chrono::milliseconds pause{100};  ///< between them
constexpr int most_namesakes = 20;               ///< that differ in case or blanks
constexpr std::size_t longest_name = 255;        ///< in bytes; no user's is longer than 32
constexpr int byte_values = 256;
constexpr int most_id_tries = 10;                          ///< while others take ids, too
constexpr std::chrono::milliseconds longest_id_pause{10};  ///< behind the first, then longer
constexpr const char* no_attributes[] = {LDAP_NO_ATTRS, nullptr};

std::unexpected<BackendFailure> refuse(std::string detail) {
    return std::unexpected(BackendFailure{Kind::refused, "ldap: " + std::move(detail)});
}

bool may_be_a_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name && base::is_utf8(name);
}

base::Result<void> check_login(const LdapPool::Login& login, const char* key) {
    if (login.dn.empty() && login.password.empty()) return {};
    if (!is_ldap_dn(login.dn)) {
        return base::fail(fmt::format(
            "ldap.{}_user must be the name of an entry like cn=sync,dc=example,dc=org, not \"{}\"", key,
            login.dn));
    }
    if (login.password.empty())
        return base::fail(fmt::format(
            "ldap.{0}_user is set without ldap.{0}_password: the directory would take us for nobody", key));
    return {};
}

base::Result<void> check(const LdapSettings& settings) {
    const auto& uri = settings.server.uri;
    if (const auto fault = ldap_uri_fault(uri); !fault.empty())
        return base::fail("ldap.uri must be " + fault);
    if (!settings.server.start_tls && is_ldap_uri_in_the_clear(uri)) {
        return base::fail("passwords would go to " + uri +
                          " in the clear: set ldap.use_tls, or an ldaps:// address");
    }
    if (!is_ldap_dn(settings.search_root)) {
        return base::fail(fmt::format(
            "ldap.search_root must be the name of an entry like ou=users,dc=example,dc=org, not \"{}\"",
            settings.search_root));
    }
    if (auto fine = check_login(settings.search, "bind"); !fine) return fine;
    if (auto fine = check_login(settings.change, "admin"); !fine) return fine;
    if (settings.users_root.empty() && settings.next_id.empty()) return {};
    if (!is_ldap_dn(settings.users_root) || !is_ldap_dn(settings.next_id)) {
        return base::fail(
            "ldap.users_root and ldap.next_id_entry must both be names of entries, or both be empty: no new "
            "users");
    }
    if (settings.change.dn.empty())
        return base::fail("ldap.users_root needs ldap.admin_user, who makes the entries");
    return {};
}

}  // namespace

struct LdapBackend::NewUser {
    std::string name, password, mail;
};

base::Result<std::unique_ptr<LdapBackend>> LdapBackend::open(LdapSettings settings, base::Random& random) {
    if (auto fine = check(settings); !fine) return std::unexpected(fine.error());
    return std::unique_ptr<LdapBackend>(new LdapBackend(std::move(settings), random));
}

LdapBackend::LdapBackend(LdapSettings settings, base::Random& random)
    : settings_(std::move(settings)),
      random_(random),
      connections_({settings_.server, settings_.search, settings_.change, settings_.connections,
                    settings_.longest_life}),
      pool_(settings_.connections, most_queued) {}

LdapBackend::~LdapBackend() {
    stopping_ = true;
}

/// Runs `work` on a thread that may block. Whoever waited until their time was over is not asked for.
template <class Work>
auto LdapBackend::ask(base::Executor& home, Work work) -> base::Task<std::invoke_result_t<Work, Deadline>> {
    using Result = std::invoke_result_t<Work, Deadline>;
    const auto deadline = steady_clock::now() + settings_.limit;
    auto outcome = co_await pool_.run(home, [&]() -> Result {
        if (stopping_) return std::unexpected(BackendFailure{Kind::busy, "ldap: the server stops"});
        if (steady_clock::now() >= deadline) {
            return std::unexpected(BackendFailure{
                Kind::slow, "ldap: no connection became free in time, others still wait for their answers"});
        }
        return work(deadline);
    });
    if (!outcome)
        co_return std::unexpected(BackendFailure{Kind::busy, "ldap: too many requests wait for it already"});
    co_return std::move(*outcome);
}

/// Does `work` with a connection; again with another one when it broke, unless that could do it twice.
template <class Work>
auto LdapBackend::with_connection(LdapRole role, Deadline deadline, Repeat repeat, Work work)
    -> std::invoke_result_t<Work, LdapConnection&> {
    // While the directory is known to be away, each request looks once: its thread is needed by others.
    const int tries = unreachable_ ? 1 : most_tries;
    for (int attempt = 1;; ++attempt) {
        auto held = connections_.take(role, deadline);
        const bool stale = held && held->reused;
        LdapError error{};
        if (held) {
            auto result = work(*held->connection);
            if (result || !is_ldap_connection_spoiled(result.error())) {
                connections_.give_back(std::move(*held));
                unreachable_ = false;
                return result;
            }
            error = std::move(result.error());
            connections_.lose(std::move(*held));
            if (repeat == Repeat::no) return std::unexpected(std::move(error));
        } else {
            error = std::move(held.error());
        }
        if (!is_ldap_connection_lost(error)) return std::unexpected(std::move(error));
        if (stale && attempt < most_tries) continue;
        if (attempt >= tries || steady_clock::now() + pause >= deadline || stopping_) {
            unreachable_ = true;
            return std::unexpected(std::move(error));
        }
        std::this_thread::sleep_for(pause);
    }
}

LdapResult<std::vector<LdapEntry>> LdapBackend::entries(LdapRole role, const std::string& filter,
                                                        Deadline deadline) {
    return with_connection(role, deadline, Repeat::yes, [&](LdapConnection& connection) {
        return connection.search(settings_.search_root, LdapConnection::Scope::subtree, filter,
                                 ldap_user_attributes, most_namesakes, deadline);
    });
}

/// The one called `name` among those whom `filter` finds.
BackendResult<std::optional<LdapUser>> LdapBackend::look_up(LdapRole role, const std::string& filter,
                                                            const std::string& name, Deadline deadline) {
    const auto found = entries(role, filter, deadline);
    if (found) return ldap_user_called(name, *found);
    return std::unexpected(role == LdapRole::change ? ldap_change_failure(found.error())
                                                    : ldap_question_failure(found.error()));
}

BackendResult<MaybeUser> LdapBackend::find_now(const std::string& name, Deadline deadline) {
    if (!may_be_a_name(name)) return MaybeUser();
    const auto found = look_up(LdapRole::search, ldap_name_filter(name), name, deadline);
    if (!found) return std::unexpected(found.error());
    return *found ? MaybeUser((*found)->user) : MaybeUser();
}

BackendResult<MaybeUser> LdapBackend::authenticate_now(const std::string& name, const std::string& password,
                                                       Deadline deadline) {
    if (!may_be_a_name(name)) return MaybeUser();
    const auto found = look_up(LdapRole::search, ldap_name_filter(name), name, deadline);
    if (!found) return std::unexpected(found.error());
    const auto& user = *found;
    if (!user || !user->enabled) return MaybeUser();
    const auto bound = with_connection(
        LdapRole::login, deadline, Repeat::yes,
        [&](LdapConnection& connection) { return connection.bind(user->dn, password, deadline); });
    if (bound) return MaybeUser(user->user);
    if (is_ldap_login_refused(bound.error())) return MaybeUser();
    return std::unexpected(ldap_question_failure(bound.error()));
}

BackendResult<void> LdapBackend::may_change() const {
    if (settings_.change.dn.empty())
        return refuse("ldap.admin_user is not set, so nothing in the directory is changed");
    return {};
}

/// Whether there may be one user more.
BackendResult<void> LdapBackend::check_room(Deadline deadline) {
    if (settings_.most_users == 0) return {};
    const auto most = static_cast<int>(std::min<std::int64_t>(settings_.most_users, 1'000'000));
    const auto counted =
        with_connection(LdapRole::change, deadline, Repeat::yes, [&](LdapConnection& connection) {
            return connection.search(settings_.search_root, LdapConnection::Scope::subtree,
                                     "(&(uid=*)(uidNumber=*))", no_attributes, most, deadline);
        });
    if (!counted && counted.error().code != LDAP_SIZELIMIT_EXCEEDED)
        return std::unexpected(ldap_change_failure(counted.error()));
    if (!counted || static_cast<std::int64_t>(counted->size()) >= settings_.most_users)
        return refuse("there are as many users as signup or users.most allow");
    return {};
}

/// Counts the entry up. Who was too slow finds another value there than the one they meant to replace.
LdapResult<std::uint64_t> LdapBackend::take_id(LdapConnection& connection, Deadline deadline) {
    const char* const wanted[] = {"uidNumber", nullptr};
    LdapError error{};
    for (int attempt = 0; attempt < most_id_tries; ++attempt) {
        const auto counter = connection.search(settings_.next_id, LdapConnection::Scope::entry,
                                               "(objectClass=*)", wanted, 1, deadline);
        if (!counter) return std::unexpected(counter.error());
        const auto values =
            counter->empty() ? std::vector<std::string>() : counter->front().values("uidNumber");
        const auto last =
            values.size() == 1 ? base::parse_integer<std::uint64_t>(values.front()) : std::nullopt;
        if (!last) {
            return std::unexpected(LdapError{
                LDAP_CONSTRAINT_VIOLATION, settings_.next_id + " has no uidNumber that could be counted up"});
        }
        const auto done = connection.modify(settings_.next_id,
                                            {{How::remove, "uidNumber", {values.front()}},
                                             {How::add, "uidNumber", {std::to_string(*last + 1)}}},
                                            deadline);
        if (done) return *last + 1;
        error = done.error();
        if (error.code != LDAP_NO_SUCH_ATTRIBUTE || steady_clock::now() >= deadline) break;
        // Whoever comes next is not always the same.
        const auto share = static_cast<unsigned char>(random_.bytes(1).front());
        std::this_thread::sleep_for(std::chrono::microseconds(longest_id_pause) * (attempt + 1) * share /
                                    byte_values);
    }
    return std::unexpected(std::move(error));
}

/// A number that nobody has: two with one number would share their records.
BackendResult<std::uint64_t> LdapBackend::next_id(Deadline deadline) {
    for (int attempt = 0; attempt < most_id_tries; ++attempt) {
        const auto id =
            with_connection(LdapRole::change, deadline, Repeat::yes,
                            [&](LdapConnection& connection) { return take_id(connection, deadline); });
        if (!id) return std::unexpected(ldap_change_failure(id.error()));
        const auto others = entries(LdapRole::change, ldap_id_filter(*id), deadline);
        if (!others) return std::unexpected(ldap_change_failure(others.error()));
        // The counter itself may be below the same root.
        const bool taken = std::any_of(others->begin(), others->end(),
                                       [](const LdapEntry& entry) { return !entry.values("uid").empty(); });
        if (!taken) return *id;
    }
    return refuse(settings_.next_id + " counts numbers that users have already: raise its uidNumber");
}

std::string LdapBackend::hashed(std::string_view password) {
    // Letters and digits, as the old servers had it. {SSHA} is what every directory knows.
    const auto salt = base::hex_encode(random_.bytes(old_salt_size / 2));
    return *make_old_hash(PasswordScheme::ssha, password, salt);
}

BackendResult<MaybeUser> LdapBackend::create_now(const NewUser& user, Deadline deadline) {
    if (auto may = may_change(); !may) return std::unexpected(std::move(may.error()));
    if (settings_.users_root.empty()) return refuse("ldap.users_root is not set, so nobody new is made");
    const auto filter = ldap_name_filter(user.name);
    const auto known = entries(LdapRole::change, filter, deadline);
    if (!known) return std::unexpected(ldap_change_failure(known.error()));
    if (!known->empty()) return MaybeUser();
    if (auto room = check_room(deadline); !room) return std::unexpected(std::move(room.error()));
    const auto id = next_id(deadline);
    if (!id) return std::unexpected(id.error());

    constexpr std::size_t proof_size = 20;
    const auto dn = ldap_user_dn(user.name, settings_.users_root);
    LdapConnection::Attributes attributes{{"objectClass", {"inetOrgPerson", "dataStore"}},
                                          {"cn", {user.name}},
                                          {"sn", {user.name}},
                                          {"uid", {user.name}},
                                          {"uidNumber", {std::to_string(*id)}},
                                          {"userPassword", {hashed(user.password)}},
                                          {"primaryNode", {"weave:"}},
                                          {"accountStatus", {"1"}},
                                          {"account-enabled", {"Yes"}}};
    if (!user.mail.empty()) {
        attributes.push_back({"mail", {user.mail}});
        attributes.push_back({"mail-verified", {base::hex_encode(random_.bytes(proof_size))}});
    }
    const auto added =
        with_connection(LdapRole::change, deadline, Repeat::no,
                        [&](LdapConnection& connection) { return connection.add(dn, attributes, deadline); });
    if (!added && added.error().code == LDAP_ALREADY_EXISTS) return MaybeUser();  // meanwhile
    if (!added) return std::unexpected(ldap_change_failure(added.error()));
    return MaybeUser(BackendUser{.id = *id, .name = user.name, .mail = user.mail});
}

BackendResult<void> LdapBackend::change_now(const BackendUser& user,
                                            std::vector<LdapConnection::Change> changes, Deadline deadline) {
    if (auto may = may_change(); !may) return may;
    const auto found = look_up(LdapRole::change, ldap_user_filter(user), user.name, deadline);
    if (!found) return std::unexpected(found.error());
    const auto& its = *found;
    if (!its) return refuse("the user's entry is gone, or ldap.admin_user may not read it");
    const auto done = with_connection(
        LdapRole::change, deadline, Repeat::yes,
        [&](LdapConnection& connection) { return connection.modify(its->dn, changes, deadline); });
    if (!done) return std::unexpected(ldap_change_failure(done.error()));
    return {};
}

/// Removes the entry, or asks whether that would be allowed.
BackendResult<void> LdapBackend::remove_now(const BackendUser& user, Removal removal, Deadline deadline) {
    if (auto may = may_change(); !may) return may;
    const auto found = look_up(LdapRole::change, ldap_user_filter(user), user.name, deadline);
    if (!found) return std::unexpected(found.error());
    const auto& its = *found;
    if (!its) return {};
    const auto done =
        with_connection(LdapRole::change, deadline, Repeat::yes,
                        [&](LdapConnection& connection) { return (connection.*removal)(its->dn, deadline); });
    if (!done && done.error().code != LDAP_NO_SUCH_OBJECT)
        return std::unexpected(ldap_change_failure(done.error()));
    return {};
}

LdapBackend::Answer<MaybeUser> LdapBackend::find(base::Executor& home, std::string name) {
    co_return co_await ask(home, [&](Deadline deadline) { return find_now(name, deadline); });
}

LdapBackend::Answer<MaybeUser> LdapBackend::authenticate(base::Executor& home, std::string name,
                                                         std::string password) {
    // A bind without a password is one as nobody, and succeeds.
    if (password.empty()) co_return MaybeUser();
    co_return co_await ask(home,
                           [&](Deadline deadline) { return authenticate_now(name, password, deadline); });
}

LdapBackend::Answer<MaybeUser> LdapBackend::create(base::Executor& home, std::string name,
                                                   std::string password, std::string mail) {
    const NewUser user{std::move(name), std::move(password), std::move(mail)};
    co_return co_await ask(home, [&](Deadline deadline) { return create_now(user, deadline); });
}

LdapBackend::Answer<void> LdapBackend::set_password(base::Executor& home, BackendUser user,
                                                    std::string password) {
    co_return co_await ask(home, [&](Deadline deadline) {
        return change_now(user, {{How::replace, "userPassword", {hashed(password)}}}, deadline);
    });
}

LdapBackend::Answer<void> LdapBackend::set_mail(base::Executor& home, BackendUser user, std::string mail) {
    co_return co_await ask(home, [&](Deadline deadline) {
        std::vector<std::string> values;
        if (!mail.empty()) values.push_back(mail);
        return change_now(user, {{How::replace, "mail", values}}, deadline);
    });
}

LdapBackend::Answer<void> LdapBackend::may_remove(base::Executor& home, BackendUser user) {
    co_return co_await ask(
        home, [&](Deadline deadline) { return remove_now(user, &LdapConnection::may_remove, deadline); });
}

LdapBackend::Answer<void> LdapBackend::remove(base::Executor& home, BackendUser user) {
    co_return co_await ask(
        home, [&](Deadline deadline) { return remove_now(user, &LdapConnection::remove, deadline); });
}

}  // namespace homespun::sync::auth
