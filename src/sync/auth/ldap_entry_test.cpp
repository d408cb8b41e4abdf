#include "sync/auth/ldap_entry.hpp"

#include <gtest/gtest.h>
#include <lber.h>
#include <ldap.h>
#include <rapidcheck.h>

#include <memory>

#include "base/text.hpp"

namespace homespun::sync::auth {
namespace {

using namespace std::string_literals;

LdapEntry ann() {
    return {.dn = "uid=ann,dc=example,dc=org",
            .attributes = {{"uid", {"ann"}}, {"uidNumber", {"7"}}, {"mail", {"ann@example.org", "a@b.cd"}}}};
}

LdapEntry with(std::string name, std::vector<std::string> values) {
    auto entry = ann();
    std::erase_if(entry.attributes, [&](const auto& its) { return its.first == name; });
    entry.attributes.emplace_back(std::move(name), std::move(values));
    return entry;
}

TEST(LdapEntry, FiltersTakeNothingOfANameForTheirOwn) {
    EXPECT_EQ(ldap_name_filter("kzyvtvrc765vbmi3b36ta67dlbreujxo"), "(uid=kzyvtvrc765vbmi3b36ta67dlbreujxo)");
    EXPECT_EQ(ldap_name_filter("Ann.b-c_d@e"), "(uid=Ann.b-c_d@e)");
    EXPECT_EQ(ldap_name_filter("*)(uid=*"), "(uid=\\2a\\29\\28uid\\3d\\2a)");
    EXPECT_EQ(ldap_name_filter("a\\b\0c é"s), "(uid=a\\5cb\\00c\\20\\c3\\a9)");
    EXPECT_EQ(ldap_user_filter({.id = 7, .name = "a)"}), "(&(uidNumber=7)(uid=a\\29))");
    EXPECT_EQ(ldap_id_filter(12), "(uidNumber=12)");
    EXPECT_EQ(ldap_user_dn("ann", "ou=users,dc=mozilla"), "uid=ann,ou=users,dc=mozilla");
    EXPECT_EQ(ldap_user_dn(" a,b+c\0"s, "dc=x"), "uid=\\20a\\2cb\\2bc\\00,dc=x");
}

TEST(LdapEntry, NoNameEndsItsFilter) {
    rc::check([](const std::string& name) {
        const auto filter = ldap_name_filter(name);
        RC_ASSERT(filter.starts_with("(uid=") && filter.ends_with(")"));
        const auto value = std::string_view(filter).substr(5, filter.size() - 6);
        RC_ASSERT(value.find_first_of("()*\0 "s) == std::string_view::npos);
        std::string back;
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (value[i] != '\\') {
                back += value[i];
                continue;
            }
            RC_ASSERT(i + 2 < value.size());
            back += static_cast<char>(std::stoi(std::string(value.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        }
        RC_ASSERT(back == name);
    });
}

/// Tag, length and value of the next element of `ber`, with what is behind it; short and long lengths.
std::pair<std::string_view, std::string_view> next_element(std::string_view ber) {
    std::size_t size = static_cast<unsigned char>(ber.at(1)), head = 2;
    if (size >= 0x80) {
        head += size - 0x80;
        size = 0;
        for (std::size_t i = 2; i < head; ++i)
            size = size << 8U | static_cast<unsigned char>(ber.at(i));
    }
    return {ber.substr(head, size), ber.substr(head + size)};
}

TEST(LdapEntry, LibldapReadsTheNameThatWasMeant) {
    const auto as_sent = [](const std::string& name) {
        const std::unique_ptr<BerElement, void (*)(BerElement*)> ber(
            ber_alloc_t(LBER_USE_DER), [](BerElement* its) { ber_free(its, 1); });
        EXPECT_EQ(ldap_put_vrFilter(ber.get(), ("(" + ldap_name_filter(name) + ")").c_str()), 0);
        berval* bytes = nullptr;
        EXPECT_EQ(ber_flatten(ber.get(), &bytes), 0);
        const std::string flat(bytes->bv_val, bytes->bv_len);
        ber_bvfree(bytes);
        const auto [list, after_list] = next_element(flat);
        EXPECT_EQ(after_list, "");
        EXPECT_EQ(list.at(0), static_cast<char>(LDAP_FILTER_EQUALITY));
        const auto [match, after_match] = next_element(list);
        EXPECT_EQ(after_match, "") << "one filter has become several";
        const auto [attribute, rest] = next_element(match);
        EXPECT_EQ(attribute, "uid");
        return std::string(next_element(rest).first);
    };
    const auto as_named = [](const std::string& name) {
        LDAPDN dn = nullptr;
        EXPECT_EQ(ldap_str2dn(ldap_user_dn(name, "dc=org").c_str(), &dn, LDAP_DN_FORMAT_LDAPV3),
                  LDAP_SUCCESS);
        const auto& value = dn[0][0]->la_value;
        std::string text(value.bv_val, value.bv_len);
        EXPECT_TRUE(dn[1] != nullptr && dn[2] == nullptr) << "one name has become several";
        ldap_dnfree(dn);
        return text;
    };
    for (const auto& name : {"*"s, "*)(uid=*"s, "a*b"s, "a\\b"s, "\\2a"s, "a\0b"s, "(&(uid=x))"s,
                             " a, dc=x+b=c "s, "\xff\xfe"s, "#00"s, std::string(300, '*')}) {
        EXPECT_EQ(as_sent(name), name);
        if (base::is_utf8(name) && !name.contains('\0')) EXPECT_EQ(as_named(name), name);
    }
    rc::check([&](const std::string& name) {
        if (!name.empty()) RC_ASSERT(as_sent(name) == name);
    });
}

TEST(LdapEntry, AUserIsReadFromIt) {
    const auto user = ldap_user_of(ann());
    ASSERT_TRUE(user);
    EXPECT_EQ(*user, (LdapUser{.user = {.id = 7, .name = "ann", .mail = "ann@example.org"},
                               .dn = "uid=ann,dc=example,dc=org",
                               .enabled = true}));
    EXPECT_EQ(ldap_user_of(with("mail", {}))->user.mail, "");
    EXPECT_EQ(ldap_user_of(with("UIDNUMBER", {"8"}))->user.id, 7U);  // the first counts
}

TEST(LdapEntry, WhatIsNoUserIsNone) {
    for (const auto* id : {"", "0", "-1", "x", "7x", "1099511627776", "99999999999999999999999"})
        EXPECT_FALSE(ldap_user_of(with("uidNumber", {id}))) << id;
    EXPECT_TRUE(ldap_user_of(with("uidNumber", {"1099511627775"})));
    EXPECT_FALSE(ldap_user_of(with("uidNumber", {})));
    EXPECT_FALSE(ldap_user_of(with("uid", {})));
    EXPECT_FALSE(ldap_user_of(with("uid", {""})));
    auto nobody = ann();
    nobody.dn.clear();
    EXPECT_FALSE(ldap_user_of(nobody));
}

TEST(LdapEntry, AUserCanBeSwitchedOff) {
    EXPECT_TRUE(ldap_user_of(with("account-enabled", {"Yes"}))->enabled);
    EXPECT_TRUE(ldap_user_of(with("Account-Enabled", {"YES"}))->enabled);
    EXPECT_FALSE(ldap_user_of(with("account-enabled", {"No"}))->enabled);
    EXPECT_FALSE(ldap_user_of(with("account-enabled", {""}))->enabled);
    EXPECT_TRUE(ldap_user_of(with("accountStatus", {"1"}))->enabled);
    EXPECT_FALSE(ldap_user_of(with("accountStatus", {"2"}))->enabled);
}

TEST(LdapEntry, TheNodeIsBehindWeave) {
    EXPECT_EQ(ldap_node_of({}), "");
    EXPECT_EQ(ldap_node_of({"weave:"}), "");
    EXPECT_EQ(ldap_node_of({"other:x", "weave:node1.example.org"}), "https://node1.example.org/");
    EXPECT_EQ(ldap_node_of({"weave:http://node1:8080/"}), "http://node1:8080/");
    EXPECT_EQ(ldap_node_of({"weave:a b", "weave:a\r\nX: y"}), "");
}

TEST(LdapEntry, ANameIsComparedAsItIs) {
    EXPECT_TRUE(ldap_user_called("ann", {ann()}));
    EXPECT_FALSE(ldap_user_called("Ann", {ann()}));
    EXPECT_FALSE(ldap_user_called("ann ", {ann()}));
    EXPECT_FALSE(ldap_user_called("ann", {}));
    EXPECT_EQ(ldap_user_called("b", {with("uid", {"ann", "b"})})->user.name, "b");
}

TEST(LdapEntry, OfSeveralTheFirstCounts) {
    const auto third = with("uidNumber", {"3"});
    EXPECT_EQ(ldap_user_called("ann", {ann(), third})->user.id, 3U);
    EXPECT_EQ(ldap_user_called("ann", {third, ann()})->user.id, 3U);
    EXPECT_EQ(ldap_user_called("ann", {with("uidNumber", {"x"}), ann()})->user.id, 7U);
}

}  // namespace
}  // namespace homespun::sync::auth
