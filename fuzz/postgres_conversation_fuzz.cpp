// Any bytes may come from clients and servers that should speak PostgreSQL (conversation_fuzz.hpp).

#include "conversation_fuzz.hpp"
#include "seism/wire/postgres_conversation.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fuzz;
    static const std::vector<Fault> faults = {{.state = "40P01"}, {.state = "57P01"},
                                              {.kind = "close"},  {.kind = "close", .bytes = 3},
                                              {.kind = "reset"},  {.kind = "reset", .bytes = 1},
                                              {.kind = "hang"},   {.kind = "garbage"}};
    return check(make_postgres_conversation, faults, data, size);
}
