// Any bytes may come from clients and servers that should speak MySQL (conversation_fuzz.hpp).

#include "conversation_fuzz.hpp"
#include "seism/wire/mysql_conversation.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fuzz;
    static const std::vector<Fault> faults = {{.kind = "error", .code = 1213},
                                              {.kind = "error"},
                                              {.kind = "close"},
                                              {.kind = "close", .bytes = 3},
                                              {.kind = "reset"},
                                              {.kind = "reset", .bytes = 1},
                                              {.kind = "hang"},
                                              {.kind = "garbage"}};
    return check(make_mysql_conversation, faults, data, size);
}
