#include "sync/auth/ldap_error.hpp"

#include <gtest/gtest.h>
#include <ldap.h>

#include "sync/auth/ldap_connection.hpp"

namespace homespun::sync::auth {
namespace {

using Kind = BackendFailure::Kind;

LdapError with(int code) {
    return {code, "ldap://x: search: it"};
}

TEST(LdapError, OnlyTheDirectoryRefusesALogin) {
    for (const int code : {LDAP_INVALID_CREDENTIALS, LDAP_NO_SUCH_OBJECT, LDAP_INAPPROPRIATE_AUTH,
                           LDAP_UNWILLING_TO_PERFORM, LDAP_CONSTRAINT_VIOLATION})
        EXPECT_TRUE(is_ldap_login_refused(with(code))) << code;
    for (const int code : {LDAP_SERVER_DOWN, LDAP_TIMEOUT, LDAP_CONNECT_ERROR, LDAP_DECODING_ERROR, LDAP_BUSY,
                           LDAP_UNAVAILABLE, LDAP_OTHER, LDAP_OPERATIONS_ERROR, LDAP_CONFIDENTIALITY_REQUIRED,
                           LDAP_SASL_BIND_IN_PROGRESS, LDAP_REFERRAL, 4711, -99})
        EXPECT_FALSE(is_ldap_login_refused(with(code))) << code;
}

TEST(LdapError, AQuestionWithoutAnAnswerIsAnOutage) {
    for (const int code :
         {LDAP_SERVER_DOWN, LDAP_DECODING_ERROR, LDAP_BUSY, LDAP_UNAVAILABLE, LDAP_OTHER,
          LDAP_INVALID_CREDENTIALS, LDAP_INSUFFICIENT_ACCESS, LDAP_NO_SUCH_OBJECT, 4711, -99})
        EXPECT_EQ(ldap_question_failure(with(code)).kind, Kind::down) << code;
    for (const int code : {LDAP_TIMEOUT, LDAP_TIMELIMIT_EXCEEDED})
        EXPECT_EQ(ldap_question_failure(with(code)).kind, Kind::slow) << code;
    EXPECT_EQ(ldap_question_failure(with(LDAP_SIZELIMIT_EXCEEDED)).kind, Kind::refused);
    EXPECT_EQ(ldap_question_failure(with(LDAP_BUSY)).detail, "ldap: ldap://x: search: it");
}

TEST(LdapError, AChangeThatIsNotAllowedIsNone) {
    for (const int code :
         {LDAP_INSUFFICIENT_ACCESS, LDAP_UNWILLING_TO_PERFORM, LDAP_CONSTRAINT_VIOLATION,
          LDAP_OBJECT_CLASS_VIOLATION, LDAP_UNDEFINED_TYPE, LDAP_NO_SUCH_OBJECT, LDAP_REFERRAL})
        EXPECT_EQ(ldap_change_failure(with(code)).kind, Kind::refused) << code;
    for (const int code : {LDAP_SERVER_DOWN, LDAP_DECODING_ERROR, LDAP_BUSY, LDAP_UNAVAILABLE, LDAP_OTHER})
        EXPECT_EQ(ldap_change_failure(with(code)).kind, Kind::down) << code;
    EXPECT_EQ(ldap_change_failure(with(LDAP_TIMEOUT)).kind, Kind::slow);
}

TEST(LdapError, WhatComesOfAConnection) {
    EXPECT_TRUE(is_ldap_connection_lost(with(LDAP_SERVER_DOWN)));
    EXPECT_TRUE(is_ldap_connection_lost(with(LDAP_CONNECT_ERROR)));
    EXPECT_FALSE(is_ldap_connection_lost(with(LDAP_TIMEOUT)));
    EXPECT_FALSE(is_ldap_connection_lost(ldap_garbage("x")));
    for (const int code : {LDAP_SERVER_DOWN, LDAP_TIMEOUT, LDAP_DECODING_ERROR, LDAP_BUSY, LDAP_UNAVAILABLE})
        EXPECT_TRUE(is_ldap_connection_spoiled(with(code))) << code;
    for (const int code : {LDAP_INVALID_CREDENTIALS, LDAP_NO_SUCH_OBJECT, LDAP_ALREADY_EXISTS})
        EXPECT_FALSE(is_ldap_connection_spoiled(with(code))) << code;
}

TEST(LdapAddress, IsOneUriWithNothingBehindThePort) {
    for (const auto* uri :
         {"ldap://ldap.example.org", "ldaps://[::1]:6360", "ldapi://%2frun%2fslapd%2fldapi", "ldap://h:389/"})
        EXPECT_EQ(ldap_uri_fault(uri), "") << uri;
    for (const auto* uri : {"", "ldap.example.org", "http://h", "ldap://", "ldap://a ldap://b", "ldap://a,b",
                            "ldap://h/dc=x", "ldap://h/??sub", "ldap://h:99999"})
        EXPECT_NE(ldap_uri_fault(uri), "") << uri;
}

TEST(LdapAddress, OverANetworkPasswordsNeedTls) {
    for (const auto* uri :
         {"ldap://ldap.example.org", "ldap://10.0.0.1:389", "ldap://127.example.org", "nonsense"})
        EXPECT_TRUE(is_ldap_uri_in_the_clear(uri)) << uri;
    for (const auto* uri : {"ldap://localhost", "ldap://127.0.0.1:3890", "ldap://[::1]",
                            "ldaps://ldap.example.org", "ldapi://%2frun%2fslapd%2fldapi"})
        EXPECT_FALSE(is_ldap_uri_in_the_clear(uri)) << uri;
}

TEST(LdapAddress, ADnIsOne) {
    for (const auto* dn : {"dc=org", "cn=a\\,b,ou=users,dc=example,dc=org", "uid=ann+cn=x,dc=org"})
        EXPECT_TRUE(is_ldap_dn(dn)) << dn;
    for (const auto* dn : {"", "users", "ou=users,,dc=org", "=x"})
        EXPECT_FALSE(is_ldap_dn(dn)) << dn;
}

}  // namespace
}  // namespace homespun::sync::auth
