#include "seism/wire/conversation.hpp"

#include <array>
#include <utility>

#include "seism/wire/http_conversation.hpp"
#include "seism/wire/ldap_conversation.hpp"
#include "seism/wire/memcached_conversation.hpp"
#include "seism/wire/mysql_conversation.hpp"
#include "seism/wire/postgres_conversation.hpp"
#include "seism/wire/redis_conversation.hpp"

namespace homespun::seism::wire {
namespace {

constexpr std::array<std::pair<Protocol, std::string_view>, 7> words = {{{Protocol::tcp, "tcp"},
                                                                         {Protocol::http, "http"},
                                                                         {Protocol::mysql, "mysql"},
                                                                         {Protocol::postgres, "postgres"},
                                                                         {Protocol::redis, "redis"},
                                                                         {Protocol::memcached, "memcached"},
                                                                         {Protocol::ldap, "ldap"}}};

/// Passes everything on.
class Opaque final : public Conversation {
  public:
    void opened(Effects&) override {}
    void from_client(std::string_view bytes, Effects& effects) override { effects.to_server(bytes); }
    void from_server(std::string_view bytes, Effects& effects) override { effects.to_client(bytes); }
    [[nodiscard]] bool is_opaque() const override { return true; }
};

}  // namespace

std::optional<Protocol> protocol_named(std::string_view word) {
    for (const auto& [protocol, name] : words) {
        if (name == word) return protocol;
    }
    return std::nullopt;
}

std::string_view word_of(Protocol protocol) {
    for (const auto& [known, name] : words) {
        if (known == protocol) return name;
    }
    return "tcp";
}

std::unique_ptr<Conversation> make_conversation(Protocol protocol, Judge& judge,
                                                const ConversationOptions& options) {
    switch (protocol) {
        case Protocol::http:
            return make_http_conversation(judge, options);
        case Protocol::ldap:
            return make_ldap_conversation(judge, options);
        case Protocol::memcached:
            return make_memcached_conversation(judge, options);
        case Protocol::mysql:
            return make_mysql_conversation(judge, options);
        case Protocol::postgres:
            return make_postgres_conversation(judge, options);
        case Protocol::redis:
            return make_redis_conversation(judge, options);
        case Protocol::tcp:
            break;
    }
    return std::make_unique<Opaque>();
}

}  // namespace homespun::seism::wire
