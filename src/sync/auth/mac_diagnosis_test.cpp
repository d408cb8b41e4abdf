#include "sync/auth/mac_diagnosis.hpp"

#include <gtest/gtest.h>

namespace homespun::sync::auth {
namespace {

constexpr std::string_view key = "the-key";

/// What a client signed, against what arrives at http://127.0.0.1:5000 (or at `expected`).
struct Case {
    std::string method = "GET";
    std::string target = "/storage/1.5/1/storage/col?ids=a%2Cb";
    std::string host = "127.0.0.1";
    std::uint16_t port = 5000;
    std::string signing_key = std::string(key);
    std::string expected = "http://127.0.0.1:5000";
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string arrives = "/storage/1.5/1/storage/col?ids=a%2Cb";
    std::vector<OtherKey> keys = {};
};

MacDiagnosis diagnose(const Case& it) {
    base::hawk::Header header{
        .id = "id", .ts = "1700000000", .nonce = "n", .mac = "", .hash = {}, .ext = {}, .app = {}, .dlg = {}};
    header.mac = base::hawk::mac(it.signing_key, header, {it.method, it.target, it.host, it.port});
    net::http::Request request;
    request.method = "GET";
    request.target = it.arrives;
    for (const auto& [name, value] : it.headers)
        request.headers.add(name, value);
    const auto expected = PublicUrl::parse(it.expected).value();
    return diagnose_mac(header, key, request, expected, PublicUrls({expected}), it.keys);
}

TEST(MacDiagnosis, NamesThePort) {
    const auto found = diagnose({.port = 443});
    EXPECT_EQ(found.reason, "mac_port");
    EXPECT_EQ(found.hint,
              "the client signed https://127.0.0.1, we expected http://127.0.0.1:5000: set public_url = "
              "[\"https://127.0.0.1\"] if that is what clients see");
}

TEST(MacDiagnosis, NamesTheHostThatTheProxyPassedOn) {
    const auto found =
        diagnose({.host = "sync.example", .port = 443, .headers = {{"X-Forwarded-Host", "Sync.Example"}}});
    EXPECT_EQ(found.reason, "mac_host");
    EXPECT_NE(found.hint.find("https://sync.example,"), std::string::npos) << found.hint;
    EXPECT_EQ(
        diagnose({.host = "sync.example", .port = 8443, .headers = {{"Host", "sync.example:8443"}}}).reason,
        "mac_host");
    EXPECT_EQ(diagnose({.host = "other.example", .headers = {{"Host", "sync.example"}}}).reason, "bad_mac")
        << "nobody can guess that name";
}

TEST(MacDiagnosis, NamesThePrefix) {
    const std::string target = "/storage/1.5/1/info/collections";
    EXPECT_EQ(diagnose({.target = target,
                        .host = "a.example",
                        .port = 443,
                        .expected = "https://a.example/nest",
                        .arrives = target})
                  .reason,
              "mac_prefix");
    const auto passed_on = diagnose(
        {.target = "/nest" + target, .headers = {{"X-Forwarded-Prefix", "/nest/"}}, .arrives = target});
    EXPECT_EQ(passed_on.reason, "mac_prefix");
    EXPECT_NE(passed_on.hint.find("http://127.0.0.1:5000/nest,"), std::string::npos) << passed_on.hint;
}

TEST(MacDiagnosis, NamesTheMethod) {
    EXPECT_EQ(diagnose({.method = "HEAD"}).reason, "mac_method");
}

TEST(MacDiagnosis, NamesTheTarget) {
    for (const std::string target : {"/storage/1.5/1/storage/col", "/storage/1.5/1/storage/col/?ids=a%2Cb",
                                     "/storage/1.5/1/storage/col?ids=a,b", "/1.5/1/storage/col?ids=a%2Cb"}) {
        EXPECT_EQ(diagnose({.target = target}).reason, "mac_target") << target;
    }
}

TEST(MacDiagnosis, NamesTheKey) {
    EXPECT_EQ(
        diagnose({.signing_key = "older", .keys = {{"none", "x"}, {"older", "an older secret's key"}}}).hint,
        "the client signed with an older secret's key");
    EXPECT_EQ(diagnose({.signing_key = "older", .keys = {{"none", "x"}}}).reason, "bad_mac");
}

TEST(MacDiagnosis, DoesNotWorkForLongTargets) {
    const auto target = "/" + std::string(3000, 'a');
    EXPECT_EQ(diagnose({.target = target, .port = 443, .arrives = target}).reason, "bad_mac");
}

}  // namespace
}  // namespace homespun::sync::auth
