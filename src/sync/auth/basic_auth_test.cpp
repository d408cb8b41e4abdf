#include "sync/auth/basic_auth.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/encoding.hpp"

namespace homespun::sync::auth {
namespace {

std::string basic(std::string_view plain) {
    return "Basic " + base::base64_encode(plain, base::Base64::standard);
}

TEST(BasicAuth, ReadsNameAndPassword) {
    EXPECT_EQ(parse_basic("Basic dGFyZWs6cGFzcw=="), (BasicCredentials{"tarek", "pass"}));
    EXPECT_EQ(parse_basic("bAsIc   dGFyZWs6cGFzcw== "), (BasicCredentials{"tarek", "pass"}));
    EXPECT_EQ(parse_basic(basic("a:b:c:")), (BasicCredentials{"a", "b:c:"}));  // split at the first colon
    EXPECT_EQ(parse_basic(basic("a:")), (BasicCredentials{"a", ""}));
    EXPECT_EQ(parse_basic(basic("a:\u00e9\u00e9")), (BasicCredentials{"a", "\u00e9\u00e9"}));
    EXPECT_EQ(parse_basic(basic("a@b.cd:x")), (BasicCredentials{"a@b.cd", "x"}));
}

TEST(BasicAuth, SaysWhatIsWrong) {
    EXPECT_EQ(parse_basic("").error(), BasicFault::other_scheme);
    EXPECT_EQ(parse_basic("Digest dGFyZWs6cGFzcw==").error(), BasicFault::other_scheme);
    EXPECT_EQ(parse_basic("BasicdGFyZWs6cGFzcw==").error(), BasicFault::other_scheme);
    EXPECT_EQ(parse_basic("Basic").error(), BasicFault::badly_encoded);
    EXPECT_EQ(parse_basic("Basic %%%").error(), BasicFault::badly_encoded);
    EXPECT_EQ(parse_basic("Basic dGFyZWs6cGFzcw").error(), BasicFault::badly_encoded);
    EXPECT_EQ(parse_basic(basic("no colon")).error(), BasicFault::badly_encoded);
    EXPECT_EQ(parse_basic(basic(":x")).error(), BasicFault::bad_name);
    EXPECT_EQ(parse_basic(basic("a b:x")).error(), BasicFault::bad_name);
    EXPECT_EQ(parse_basic(basic("a\n:x")).error(), BasicFault::bad_name);
    EXPECT_EQ(parse_basic(basic("a:\xff\xfe")).error(), BasicFault::password_not_utf8);
}

TEST(BasicAuth, TakesAnyBytes) {
    rc::check("never more than a verdict", [](const std::string& bytes) {
        static_cast<void>(parse_basic(bytes));
        static_cast<void>(parse_basic(basic(bytes)));
    });
}

}  // namespace
}  // namespace homespun::sync::auth
