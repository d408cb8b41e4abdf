// Any bytes may come in as a storage token or an X-KeyID. The first byte chooses: a token as sent, a payload
// behind a good signature (what another token server with our secret may have written), or a key id.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "sync/protocol/token.hpp"

namespace {

using namespace homespun;
using sync::protocol::KeyId;
using sync::protocol::Tokens;

const Tokens& tokens() {
    static const Tokens both({"secret0", "secret1"});
    return both;
}

void check_token(std::string_view id) {
    const auto verified = tokens().verify(id);
    if (!verified) return;
    if ((*verified)->key.size() != 44) std::abort();
    const auto pair = tokens().make((*verified)->payload);
    const auto again = tokens().verify(pair.id);
    if (!again || (*again)->key != pair.key) std::abort();
    if ((*again)->payload.uid != (*verified)->payload.uid ||
        (*again)->payload.expires != (*verified)->payload.expires ||
        (*again)->payload.salt != (*verified)->payload.salt ||
        (*again)->payload.fxa_kid != (*verified)->payload.fxa_kid) {
        std::abort();
    }
}

void check_payload(std::string_view payload) {
    static const auto signing_key =
        base::hkdf_sha256("secret1", {}, "services.mozilla.com/tokenlib/v1/signing", 32);
    auto bytes = std::string(payload);
    bytes += base::hmac_sha256(signing_key, payload);
    check_token(base::base64_encode(bytes, base::Base64::url));
}

void check_key_id(std::string_view text) {
    const auto id = KeyId::parse(text);
    if (!id) return;
    const auto again = KeyId::parse(KeyId::format(id->keys_changed_at, id->client_state));
    if (!again || again->keys_changed_at != id->keys_changed_at || again->client_state != id->client_state) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 3) {
        case 0:
            check_token(rest);
            break;
        case 1:
            check_payload(rest);
            break;
        default:
            check_key_id(rest);
    }
    return 0;
}
