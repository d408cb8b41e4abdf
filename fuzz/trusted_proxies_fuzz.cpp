// Any bytes may come in as X-Forwarded-For or Forwarded. What comes out is an address, never text of the
// header; and whoever is not trusted stays who he is.

#include <arpa/inet.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/io/trusted_proxies.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homespun::net;
    static const auto proxies = TrustedProxies::parse({"127.0.0.1", "10.0.0.0/8", "fd00::/9"}).value();
    const std::string_view source(reinterpret_cast<const char*>(data), size);
    for (const std::string_view name : {"X-Forwarded-For", "Forwarded"}) {
        http::Headers headers;
        headers.add(name, source);
        if (proxies.client_of("192.0.2.1", headers) != "192.0.2.1") std::abort();
        const auto client = proxies.client_of("127.0.0.1", headers);
        std::array<unsigned char, 16> bytes{};
        if (inet_pton(AF_INET, client.c_str(), bytes.data()) != 1 &&
            inet_pton(AF_INET6, client.c_str(), bytes.data()) != 1)
            std::abort();
    }
    return 0;
}
