#include "settings.hpp"

#include <unistd.h>

#include <cstdlib>

#include "key_exchange.hpp"
#include "net/http/url.hpp"
#include "setting_values.hpp"
#include "sys/files.hpp"

using namespace homespun;
namespace config = base::config;

namespace {

constexpr const char* usual_file = "/etc/homespun.toml";
constexpr std::int64_t most_skew_s = 366LL * 24 * 3600;
constexpr std::int64_t most_transfer_mb = 1 << 20;
constexpr std::int64_t most_threads = 256;
constexpr std::int64_t most_bytes = 256 << 20;
constexpr std::int64_t most_quota_mb = std::int64_t{1} << 40;

std::string default_data_directory() {
    // systemd's STATE_DIRECTORY may be a list; ours is one.
    if (const char* state = std::getenv("STATE_DIRECTORY")) return state;
    if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/')
        return std::string(data) + "/homespun";
    if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
        return std::string(home) + "/.local/share/homespun";
    return "/var/lib/homespun";
}

}  // namespace

std::span<const config::Key> setting_keys() {
    using config::List;
    static const std::vector<config::Key> keys = {
        {.name = "listen",
         .fallback = List{"127.0.0.1:5000"},
         .help = "Where to listen: HOST:PORT, [IPv6]:PORT or unix:/path; several are possible."},
        {.name = "data",
         .fallback = std::string(),
         .help = "Data directory; empty means systemd's STATE_DIRECTORY, or ~/.local/share/homespun."},
        {.name = "public_url",
         .fallback = List{},
         .help =
             "What clients see, like https://sync.example; needed behind a proxy and on other than loopback "
             "addresses. The first is handed out, the others are understood."},
        {
            .name = "trusted_proxies",
            .fallback = List{},
            .help =
                "Proxies that say in X-Forwarded-For (or Forwarded) for whom they ask: addresses, networks "
                "like "
                "10.0.0.0/8, or unix for the unix sockets. Limits per address and the log then count by the "
                "client's address; what others say of themselves is ignored.",
        },
        {.name = "services",
         .fallback = List{"accounts", "token", "storage", "user", "storage-1.1", "keyexchange"},
         .help =
             "What runs here: accounts (with the pages, OAuth and profile), the token server, storage (1.5); "
             "of the services of 2010 the user API, storage-1.1 (1.0 too) and the key exchange of Easy "
             "Setup. What is left out runs on other servers, docs/nodes.md says how.",
         .choices = {"accounts", "token", "storage", "user", "storage-1.1", "keyexchange"}},
        {.name = "signup",
         .fallback = std::string("first"),
         .help = "Who may sign up without an invite: nobody, whoever comes first (only while nobody else can "
                 "reach us: "
                 "loopback, no public_url, no trusted_proxies), or everybody.",
         .choices = {"closed", "first", "open"}},
        {.name = "accounts",
         .fallback = std::string("own"),
         .help =
             "Whose accounts may sync: those made here, those of Mozilla (or another account server of its "
             "kind), or both.",
         .choices = {"own", "mozilla", "both"}},
        {.name = "http_proxy",
         .fallback = std::string(),
         .help = "Forward proxy for what we fetch elsewhere, like http://proxy.example:3128; empty: none."},
        {.name = "ca_file",
         .fallback = std::string(),
         .help = "PEM file of the certificate authorities that we trust when we fetch something elsewhere; "
                 "empty: the system's."},
        {.name = "threads",
         .fallback = std::int64_t{0},
         .help = "Event loops; 0 means one per core.",
         .least = 0,
         .most = most_threads},
        {.name = "shards",
         .fallback = std::int64_t{0},
         .help = "Files the records are spread over, fixed when the store is made; 0 means one per core.",
         .least = 0,
         .most = 64},
        {.name = "token_duration",
         .fallback = std::int64_t{3600},
         .help = "Life of a storage token in seconds.",
         .least = 60,
         .most = 86400},
        {.name = "users.new",
         .fallback = true,
         .help = "Whether people who never synced here before may begin."},
        {.name = "users.most",
         .fallback = std::int64_t{0},
         .help = "With so many users nobody new may begin; 0: no bound.",
         .least = 0,
         .most = 1'000'000'000},
        {.name = "users.allow",
         .fallback = List{},
         .help =
             "Who may sync: addresses of accounts of this server, or account uids; empty means everybody."},
        {.name = "auth.backend",
         .fallback = std::string("sql"),
         .help =
             "Who knows names and passwords of the services of 2010 (user API 1.0, storage 1.0 and 1.1): "
             "our own registration.db, an LDAP directory, or dummy, which lets anybody in (loopback only).",
         .choices = {"sql", "ldap", "dummy"}},
        {.name = "auth.database",
         .fallback = std::string(),
         .help =
             "The file with users and reset codes of auth.backend = \"sql\", where several programs of this "
             "machine share one, each with a part of the services; empty: registration.db in the data "
             "directory."},
        {.name = "auth.strict_usernames",
         .fallback = true,
         .help =
             "Whether a new user's name must be made of their e-mail address, as clients of that time do."},
        {.name = "auth.remember_s",
         .fallback = std::int64_t{300},
         .help = "How many seconds a login is good without asking the back-end again; 0: always ask.",
         .least = 0,
         .most = 3600},
        {.name = "auth.retry_after_s",
         .fallback = std::int64_t{30},
         .help = "What Retry-After says while the back-end is down, in seconds.",
         .least = 1,
         .most = 86400},
        {.name = "auth.shared_secret",
         .fallback = std::string(),
         .help = "Who shows it in X-Weave-Secret makes users without a captcha; empty: nobody."},
        {.name = "ldap.uri",
         .fallback = std::string("ldap://127.0.0.1"),
         .help = "The directory, with auth.backend = ldap: ldap://HOST, ldaps://HOST, ldapi:///path."},
        {.name = "ldap.use_tls",
         .fallback = true,
         .help = "Encrypt connections to ldap:// with StartTLS; the certificate is checked against ca_file. "
                 "Without it only a directory on this machine is asked."},
        {.name = "ldap.bind_user",
         .fallback = std::string(),
         .help = "The entry as which we look for users, like cn=reader,dc=example,dc=org; empty: as nobody."},
        {.name = "ldap.bind_password", .fallback = std::string(), .help = "Its password."},
        {.name = "ldap.admin_user",
         .fallback = std::string(),
         .help = "The entry as which we make, change and remove users; empty: we do not."},
        {.name = "ldap.admin_password", .fallback = std::string(), .help = "Its password."},
        {.name = "ldap.search_root",
         .fallback = std::string(),
         .help = "Users are below this entry, like ou=people,dc=example,dc=org."},
        {.name = "ldap.users_root",
         .fallback = std::string(),
         .help = "New users are made right below this entry; empty: nobody is."},
        {.name = "ldap.next_id_entry",
         .fallback = std::string(),
         .help = "The entry whose uidNumber is the last that was given to a user, like "
                 "cn=maxuid,ou=people,dc=example,dc=org."},
        {.name = "ldap.timeout_s",
         .fallback = std::int64_t{4},
         .help = "How many seconds a request waits for the directory before it is 503.",
         .least = 1,
         .most = 60},
        {.name = "ldap.pool_size",
         .fallback = std::int64_t{10},
         .help = "Most connections to it at a time.",
         .least = 1,
         .most = 100},
        {.name = "ldap.max_lifetime_s",
         .fallback = std::int64_t{600},
         .help = "A connection is used for so many seconds at most.",
         .least = 1,
         .most = 86400},
        {.name = "smtp.host",
         .fallback = std::string(),
         .help = "The server that takes our mail: links for people of the services of 2010 who forgot their "
                 "password. Needs libcurl4. Empty: no mail, and no such links."},
        {.name = "smtp.port", .fallback = std::int64_t{25}, .help = "Its port.", .least = 1, .most = 65535},
        {.name = "smtp.sender", .fallback = std::string(), .help = "From whom, like sync@example.org."},
        {.name = "smtp.user", .fallback = std::string(), .help = "To log in there; empty: without."},
        {.name = "smtp.password", .fallback = std::string(), .help = "The same."},
        {.name = "smtp.tls",
         .fallback = std::string("none"),
         .help = "How the connection is protected; starttls fails where it is not offered.",
         .choices = {"none", "starttls", "tls"}},
        {.name = "captcha.use",
         .fallback = false,
         .help = "Ask whoever makes a user for the sum of two numbers."},
        {.name = "cef.file",
         .fallback = std::string(),
         .help =
             "Where the security log of the services of 2010 goes, in CEF: a file, or syslog; empty: none "
             "is kept."},
        {.name = "cef.vendor",
         .fallback = std::string("mozilla"),
         .help = "What its lines say of us: vendor,"},
        {.name = "cef.product", .fallback = std::string("weave"), .help = "product,"},
        {.name = "cef.device_version", .fallback = std::string("1.3"), .help = "version."},
        {.name = "hawk_skew",
         .fallback = std::int64_t{0},
         .help =
             "How many seconds the clock of a storage client may be off; 0 means however far. Clients set "
             "theirs by the answer's X-Weave-Timestamp. (Accounts always allow 15 minutes.)",
         .least = 0,
         .most = most_skew_s},
        {.name = "hawk_replay",
         .fallback = std::string("allow"),
         .help =
             "Whether a storage write (PUT, POST, DELETE) that was signed once may come twice. Clients and "
             "proxies repeat requests that got no answer, so refusing costs them a round. (Accounts never "
             "allow it.)",
         .choices = {"allow", "refuse_writes"}},
        {.name = "limits.max_post_records",
         .fallback = std::int64_t{100},
         .help = "Most records of one POST; info/configuration tells clients.",
         .least = 1,
         .most = 100'000},
        {.name = "limits.max_post_bytes",
         .fallback = std::int64_t{2'621'440},
         .help = "Most bytes of all payloads of one POST.",
         .least = 1024,
         .most = most_bytes},
        {.name = "limits.max_record_payload_bytes",
         .fallback = std::int64_t{2'621'440},
         .help = "Most bytes of one payload.",
         .least = 1024,
         .most = most_bytes},
        {.name = "limits.max_request_bytes",
         .fallback = std::int64_t{2'625'536},
         .help = "Most bytes of a request's body; at least 4096 above max_post_bytes.",
         .least = 1024,
         .most = most_bytes},
        {.name = "limits.max_total_records",
         .fallback = std::int64_t{10'000},
         .help = "Most records of a batch.",
         .least = 1,
         .most = 10'000'000},
        {.name = "limits.max_total_bytes",
         .fallback = std::int64_t{262'144'000},
         .help = "Most bytes of all payloads of a batch.",
         .least = 1024,
         .most = std::int64_t{1} << 40},
        {.name = "limits.transfer_mb",
         .fallback = std::int64_t{256},
         .help =
             "MiB of request bodies and answers in memory at a time, all clients together; above it those go "
             "that are longest under way.",
         .least = 16,
         .most = most_transfer_mb},
        {.name = "limits.collections",
         .fallback = List{},
         .help = "Collections with other limits, like \"newtab-images:max_record_payload_bytes=20971520:"
                 "max_post_bytes=20971520:max_request_bytes=26214400\"."},
        {.name = "quota.user_mb",
         .fallback = std::int64_t{0},
         .help = "MiB of payloads a user may store; 0: no bound. What would exceed it is refused.",
         .least = 0,
         .most = most_quota_mb},
        {.name = "quota.user_soft_mb",
         .fallback = std::int64_t{0},
         .help = "MiB from which on clients are told how much is left; they are told below 1 MiB anyway.",
         .least = 0,
         .most = most_quota_mb},
        {.name = "quota.total_mb",
         .fallback = std::int64_t{0},
         .help = "MiB of disk the record store may take; 0: no bound. Nothing more is stored then.",
         .least = 0,
         .most = most_quota_mb},
        {.name = "quota.total_soft_mb",
         .fallback = std::int64_t{0},
         .help = "MiB of disk from which on the log warns every hour.",
         .least = 0,
         .most = most_quota_mb},
        {.name = "log_level",
         .fallback = std::string("info"),
         .help = "Least important line that is logged.",
         .choices = {"debug", "info", "warning", "error"}},
        {.name = "log_format",
         .fallback = std::string("key_value"),
         .help = "One line an event.",
         .choices = {"key_value", "json"}},
        {.name = "metrics_listen",
         .fallback = std::string(),
         .help = "A listener of its own for /metrics, like 127.0.0.1:9090. Empty: beside everything else, "
                 "but only while nobody else can reach us."},
        {.name = "metrics_public",
         .fallback = false,
         .help = "Let metrics_listen be an address that others can reach: the metrics hold no secrets, but "
                 "tell anybody how busy the server is."},
        {.name = "access_log", .fallback = false, .help = "Log every request, not only refusals."},
        {.name = "mozilla.issuer",
         .fallback = std::string("https://accounts.firefox.com"),
         .help = "What that account server calls itself in its tokens and events (iss)."},
        {.name = "mozilla.jwks_url",
         .fallback = std::string("https://oauth.accounts.firefox.com/v1/jwks"),
         .help = "Where its public signing keys are; fetched when needed, then once an hour."},
        {.name = "mozilla.jwks_file",
         .fallback = std::string(),
         .help =
             "A file with those keys (a JSON Web Key Set) in place of the URL; read anew when it changes."},
        {.name = "mozilla.jwks",
         .fallback = std::string(),
         .help = "The keys themselves as JSON, in place of URL and file."},
        {.name = "mozilla.verify_url",
         .fallback = std::string("https://oauth.accounts.firefox.com/v1/verify"),
         .help = "Asked about access tokens that no key can decide; empty: those are refused."},
        {.name = "mozilla.client_id",
         .fallback = std::string(),
         .help = "The OAuth client id under which that account server sends its events (account deleted, "
                 "password changed) to /token/1.0/webhooks/fxa/events; empty: none are taken."},
        {.name = "mozilla.email_domain",
         .fallback = std::string("api.accounts.firefox.com"),
         .help = "Behind the account's uid in the users table (token.db); a database of another token server "
                 "goes on working with the domain that is in it."},
        {.name = "mount.accounts",
         .fallback = std::string("/auth"),
         .help = "Where the accounts are, without /v1."},
        {.name = "mount.oauth", .fallback = std::string("/oauth"), .help = "Where OAuth is, without /v1."},
        {.name = "mount.profile",
         .fallback = std::string("/profile"),
         .help = "Where the profile is, without /v1."},
        {.name = "mount.token",
         .fallback = std::string("/token"),
         .help = "Where the token server is, without /1.0; when it does not run here (services), the whole "
                 "address, "
                 "like https://token.example/token."},
        {.name = "mount.storage",
         .fallback = std::string("/storage"),
         .help = "Where storage is, without /1.5. Clients keep the address they were given: moving it makes "
                 "them sync anew."},
        {.name = "mount.keyexchange",
         .fallback = std::string("/keyexchange"),
         .help = "Where the key exchange of Easy Setup is."},
    };
    static const std::vector<config::Key> all = [] {
        auto joined = keys;
        for (auto& key : key_exchange_keys())
            joined.push_back(std::move(key));
        return joined;
    }();
    return all;
}

base::Result<config::Settings> load_settings(const std::string& file, config::Overrides flags) {
    config::Sources sources;
    sources.environment = [](const std::string& name) { return std::getenv(name.c_str()); };
    sources.environment_prefix = "HOMESPUN_";
    sources.flags = std::move(flags);
    if (!file.empty() || ::access(usual_file, F_OK) == 0) {
        sources.file_name = file.empty() ? usual_file : file;
        auto text = sys::read_file(sources.file_name);
        if (!text) return std::unexpected(text.error());
        sources.file_text = std::move(*text);
    }
    auto settings = config::load(setting_keys(), sources);
    if (!settings) return settings;
    auto& data = settings->all["data"];
    if (std::get<std::string>(data.value).empty()) data.value = default_data_directory();
    for (const auto* name : {"mount.accounts", "mount.oauth", "mount.profile", "mount.token", "mount.storage",
                             "mount.keyexchange"}) {
        const auto& mount = settings->text(name);
        if (name == std::string_view("mount.token") && !runs(*settings, "token") &&
            net::http::Url::parse(mount) && !mount.ends_with('/'))
            continue;
        if (!mount.starts_with('/') || mount.ends_with('/')) {
            return base::fail(settings->all[name].origin + ": " + name +
                              " must begin with / and not end with it, not \"" + mount + "\"");
        }
    }
    return settings;
}
