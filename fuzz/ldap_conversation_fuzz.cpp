// Any bytes may come from clients and servers that should speak LDAP (conversation_fuzz.hpp).

#include "conversation_fuzz.hpp"
#include "seism/wire/ldap_conversation.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fuzz;
    static const std::vector<Fault> faults = {{.kind = "error"},   {.kind = "error", .bytes = 1},
                                              {.kind = "close"},   {.kind = "close", .bytes = 2},
                                              {.kind = "reset"},   {.kind = "hang"},
                                              {.kind = "garbage"}, {.kind = "disconnect"}};
    return check(make_ldap_conversation, faults, data, size);
}
