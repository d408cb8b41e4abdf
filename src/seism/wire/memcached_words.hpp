#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// What a kind of fault is called in each of memcached's protocols.
struct MemcachedWords {
    std::string line;  ///< text: without line end
    std::uint16_t status;
    std::string body;  ///< binary: the text behind the status
};
/// For every kind that is an error, unknown ones as `error`; not for misses and `garbage`.
[[nodiscard]] MemcachedWords memcached_words(const Fault& fault);

[[nodiscard]] inline bool is_miss(const Fault& fault) {
    return fault.kind == "miss" || fault.kind == "not_stored";
}

/// The conversation of each protocol; what stands in front of both is memcached_conversation.hpp.
[[nodiscard]] std::unique_ptr<Conversation> make_memcached_text_conversation(Judge& judge);
[[nodiscard]] std::unique_ptr<Conversation> make_memcached_binary_conversation(Judge& judge);

}  // namespace homespun::seism::wire
