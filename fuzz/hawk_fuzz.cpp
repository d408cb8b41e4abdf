// Any bytes may come in as an Authorization header. What is read is complete, holds nothing that could end a
// line of the text the MAC covers, and reads as the same again after signing.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/hawk.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homespun::base;
    const std::string_view source(reinterpret_cast<const char*>(data), size);
    const hawk::Request request{"PUT", "/1.5/1/storage/x?y=%20z", "example.org", 443};
    static_cast<void>(hawk::payload_hash(source, source));
    const auto header = hawk::parse_header(source);
    if (!header) return 0;
    for (const auto* field : {&header->id, &header->ts, &header->nonce, &header->mac}) {
        if (field->empty() || field->find_first_of("\"\\\r\n") != field->npos) std::abort();
    }
    for (const auto* field : {&header->hash, &header->ext, &header->app, &header->dlg}) {
        if (*field && (*field)->find_first_of("\"\\\r\n") != std::string::npos) std::abort();
    }
    static_cast<void>(hawk::verify("key", *header, request));
    static_cast<void>(hawk::verify_payload(*header, "text/plain", source));
    const auto text = hawk::sign("key", *header, request);
    if (text.size() > hawk::max_header_size) return 0;
    const auto again = hawk::parse_header(text);
    if (!again || !hawk::verify("key", *again, request)) std::abort();
    if (again->id != header->id || again->ts != header->ts || again->nonce != header->nonce) std::abort();
    if (again->hash != header->hash || again->ext != header->ext) std::abort();
    if (again->app != header->app || again->dlg != header->dlg) std::abort();
    return 0;
}
