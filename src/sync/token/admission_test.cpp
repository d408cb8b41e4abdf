#include "sync/token/admission.hpp"

#include <gtest/gtest.h>

namespace homespun::sync::token {
namespace {

TEST(AdmissionTest, WithoutAListEverybodyMayCome) {
    EXPECT_TRUE(Admission().allows("abc", ""));
    EXPECT_TRUE(Admission({}, true, 0).allows("abc", "ann@example.org"));
}

TEST(AdmissionTest, AListNamesAddressesOrAccounts) {
    const Admission admission({"Ann@Example.org", "0123ABCD"}, true, 0);
    EXPECT_TRUE(admission.allows("ffff", "ann@example.org"));
    EXPECT_TRUE(admission.allows("0123abcd", ""));
    EXPECT_FALSE(admission.allows("ffff", "bob@example.org"));
    EXPECT_FALSE(admission.allows("ffff", ""));
    EXPECT_FALSE(Admission({"ffff"}, true, 0).allows("", ""));
}

}  // namespace
}  // namespace homespun::sync::token
