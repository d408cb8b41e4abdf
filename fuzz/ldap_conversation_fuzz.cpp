// An LDAP conversation between two who may say anything.
#include "sql_conversation_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    conversation_fuzz::check(homespun::seism::wire::Protocol::ldap,
                             {"error", "close", "reset", "hang", "garbage", "disconnect"},
                             {reinterpret_cast<const char*>(data), size});
    return 0;
}
