// Any bytes may come from clients and servers that should speak memcached's protocols
// (conversation_fuzz.hpp).

#include "conversation_fuzz.hpp"
#include "seism/wire/memcached_conversation.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fuzz;
    static const std::vector<Fault> faults = {{.kind = "busy"},
                                              {.kind = "miss"},
                                              {.kind = "too_many"},
                                              {.kind = "reset"},
                                              {.kind = "hang"},
                                              {.kind = "close"},
                                              {.kind = "garbage", .bytes = 5},
                                              {.kind = "reset", .bytes = 7}};
    return check(make_memcached_conversation, faults, data, size);
}
