#include "seism/wire/sql_statement.hpp"

#include <gtest/gtest.h>

namespace homespun::seism::wire {
namespace {

TEST(SqlStatement, VerbIsTheFirstWord) {
    EXPECT_EQ(verb_of_statement("select 1"), "SELECT");
    EXPECT_EQ(verb_of_statement(" \n\t Insert\nINTO t VALUES (1)"), "INSERT");
    EXPECT_EQ(verb_of_statement("commit"), "COMMIT");
    EXPECT_EQ(verb_of_statement("((SELECT 1) UNION (SELECT 2))"), "SELECT");
    EXPECT_EQ(verb_of_statement("DELETE/**/FROM t"), "DELETE");
    EXPECT_EQ(verb_of_statement("START_REPLICATION SLOT a"), "START_REPLICATION");
}

TEST(SqlStatement, CommentsAreSkipped) {
    EXPECT_EQ(verb_of_statement("/* who; DROP */ UPDATE t"), "UPDATE");
    EXPECT_EQ(verb_of_statement("-- one\n# two\n  UPDATE t"), "UPDATE");
    EXPECT_EQ(verb_of_statement("/*!40101 SET NAMES utf8 */"), "SET");
    EXPECT_EQ(verb_of_statement("/*M!100100 ALTER */ x"), "ALTER");
}

TEST(SqlStatement, NoWordNoVerb) {
    for (const auto* text : {"", "   ", "/*", "/* a", "/*!", "/*M!", "--", "#", "1", "\xff\xff", "/*/"})
        EXPECT_EQ(verb_of_statement(text), "") << text;
    EXPECT_EQ(verb_of_statement(std::string(1000, 'x')), std::string(32, 'X'));
}

TEST(SqlStatement, Writes) {
    for (const auto* verb : {"INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "TRUNCATE", "COPY", "MERGE"})
        EXPECT_TRUE(verb_writes(verb)) << verb;
    for (const auto* verb : {"SELECT", "COMMIT", "BEGIN", "SET", "PING", "EXECUTE", "", "INSERTS"})
        EXPECT_FALSE(verb_writes(verb)) << verb;
}

}  // namespace
}  // namespace homespun::seism::wire
