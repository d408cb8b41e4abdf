#include <gtest/gtest.h>

#include "sync/auth/ldap_connection.hpp"

namespace homespun::sync::auth {
namespace {

TEST(LdapUriTest, OnlyThisMachineMayBeAskedInTheClear) {
    for (const auto* uri : {"ldap://localhost", "ldap://127.0.0.1:389", "ldap://127.8.0.1", "ldap://[::1]",
                            "ldaps://ldap.example.org", "ldapi://%2frun%2fldapi"})
        EXPECT_FALSE(is_ldap_uri_in_the_clear(uri)) << uri;
    for (const auto* uri :
         {"ldap://ldap.example.org", "ldap://127.evil.example", "ldap://127.0.0.1.example",
          "ldap://localhost.example", "ldap://[::2]", "ldap://128.0.0.1", "ldap://", "what"})
        EXPECT_TRUE(is_ldap_uri_in_the_clear(uri)) << uri;
}

}  // namespace
}  // namespace homespun::sync::auth
