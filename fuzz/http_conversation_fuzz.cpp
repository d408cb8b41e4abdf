// Any bytes may come from clients and servers that should speak HTTP/1 (conversation_fuzz.hpp).

#include "conversation_fuzz.hpp"
#include "seism/wire/http_conversation.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fuzz;
    static const std::vector<Fault> faults = {
        {.kind = "error"},
        {.kind = "truncate", .bytes = 4},
        {.kind = "broken_chunk"},
        {.kind = "reset"},
        {.kind = "hang", .bytes = 20},
        {.kind = "huge_head", .bytes = 50},
        {.kind = "drip"},
        {.kind = "stale_date"},
        {.kind = "status_code", .code = 204},
        {.kind = "status_code", .code = 500},
        {.kind = "modify_body", .body = "other"},
        {.kind = "header", .message = "X-A: b\nServer:"},
        {.kind = "header", .state = "request", .message = "X-A: b\nHost:"},
        {.kind = "garbage", .bytes = 5}};
    return check([](Judge& judge) { return make_http_conversation(judge, {}); }, faults, data, size);
}
