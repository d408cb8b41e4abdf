#include "stampede/models/sync_accounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace homespun::stampede {
namespace {

const Target target{.host = "127.0.0.1", .port = 5000, .path = "/token/1.0/sync/1.5", .secret = ""};

TEST(SyncAccountsTest, OneALine) {
    const auto accounts = SyncAccounts::parse(
        "{\"email\":\"a@b\",\"access_token\":\"t1\",\"key_id\":\"1-a\"}\n\n"
        "{\"access_token\":\"t2\",\"key_id\":\"2-b\"}\n",
        "file");
    ASSERT_TRUE(accounts) << accounts.error().message;
    EXPECT_EQ((*accounts)->size(), 2u);
    EXPECT_EQ((*accounts)->of(0).access_token, "t1");
    EXPECT_EQ((*accounts)->of(3).key_id, "2-b");  // the first comes again after the last
}

TEST(SyncAccountsTest, BadLinesAreNamed) {
    for (const auto* text : {"{\"access_token\":\"t\",\"key_id\":\"1-a\"}\nnonsense\n",
                             "{\"access_token\":\"t\",\"key_id\":\"1-a\"}\n{\"access_token\":\"t\"}\n",
                             "{\"access_token\":\"t\",\"key_id\":\"1-a\"}\n"
                             "{\"access_token\":\"t\\r\\nX: y\",\"key_id\":\"1-a\"}\n"}) {
        const auto accounts = SyncAccounts::parse(text, "file");
        ASSERT_FALSE(accounts);
        EXPECT_THAT(accounts.error().message, testing::StartsWith("file:2:"));
    }
    EXPECT_FALSE(SyncAccounts::parse("\n", "file"));
}

TEST(SyncAccountsTest, ATokenIsKeptUntilItEnds) {
    const auto accounts = *SyncAccounts::parse("{\"access_token\":\"t\",\"key_id\":\"1-a\"}", "file");
    EXPECT_FALSE(accounts->pass_of(0, 100));
    accounts->keep(0, {"/storage/1.5/1", "id", "key"}, 200);
    EXPECT_EQ(accounts->pass_of(0, 199)->id, "id");
    EXPECT_FALSE(accounts->pass_of(0, 200));
    accounts->keep(0, {"/storage/1.5/1", "id", "key"}, 200);
    accounts->drop(0);
    EXPECT_FALSE(accounts->pass_of(0, 100));
}

TEST(SyncAccountsTest, ATokenServersAnswerIsReadWhole) {
    const auto given = read_token_answer(
        R"({"id":"i","key":"k","uid":7,"duration":3600,"api_endpoint":"http://127.0.0.1:5000/storage/1.5/7"})",
        target);
    ASSERT_TRUE(given);
    EXPECT_EQ(given->pass.path, "/storage/1.5/7");
    EXPECT_EQ(given->pass.id, "i");
    EXPECT_EQ(given->pass.key, "k");
    EXPECT_EQ(given->duration_s, 3600);
    // Another node, no life, no key, no JSON.
    EXPECT_FALSE(read_token_answer(
        R"({"id":"i","key":"k","uid":7,"duration":3600,"api_endpoint":"http://127.0.0.1:5001/storage/1.5/7"})",
        target));
    EXPECT_FALSE(read_token_answer(
        R"({"id":"i","key":"k","duration":0,"api_endpoint":"http://127.0.0.1:5000/storage/1.5/7"})", target));
    EXPECT_FALSE(read_token_answer(
        R"({"id":"i","duration":3600,"api_endpoint":"http://127.0.0.1:5000/storage/1.5/7"})", target));
    EXPECT_FALSE(read_token_answer("{", target));
}

}  // namespace
}  // namespace homespun::stampede
