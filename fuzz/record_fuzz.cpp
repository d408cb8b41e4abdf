// What a person's client reads: payloads and what is sealed in them, crypto/keys, records on files, the saved
// login, the Sync key, and all of it on its way to a terminal. The first byte picks which.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/jpake_fixture.hpp"
#include "base/json.hpp"
#include "base/sealed_text.hpp"
#include "base/text.hpp"
#include "sync/client/keyring.hpp"
#include "sync/client/legacy_sync_key.hpp"
#include "sync/client/printable.hpp"
#include "sync/client/saved_login.hpp"
#include "sync/client/stored_lines.hpp"

namespace {

using namespace homespun;
using namespace sync::client;
using base::jpake::SeededRandom;

void require(bool holds) {
    if (!holds) std::abort();
}

const base::KeyPair& pair() {
    static const auto keys = *base::KeyPair::from_bytes(std::string(64, 'k'));
    return keys;
}

/// Signed well, so that what is behind the signature is reached.
std::string sealed(std::string_view text) {
    SeededRandom random("fuzz");
    const auto made = base::seal(pair(), text, random);
    std::string payload;
    base::json::Writer(payload)
        .begin_object()
        .member("ciphertext", std::string_view(made.ciphertext))
        .member("IV", std::string_view(made.iv))
        .member("hmac", std::string_view(made.hmac))
        .end_object();
    return payload;
}

void check_cleartext(std::string_view text) {
    const auto opened = open_payload(pair(), sealed(text), "a");
    if (opened) require(*opened == text);
    SeededRandom random("fuzz");
    const auto again = seal_payload(pair(), text, "a", random);
    require(again.has_value() || again.error() == RecordFault::not_json ||
            again.error() == RecordFault::other_record);
    if (again) require(open_payload(pair(), *again, "a").has_value());
}

void check_keys(std::string_view text) {
    const auto keys = CollectionKeys::parse(text);
    if (!keys) return;
    SeededRandom random("fuzz");
    const auto again = CollectionKeys::open(pair(), keys->seal(pair(), random));
    require(again && again->of("tabs").bytes() == keys->of("tabs").bytes());
}

void check_lines(std::string_view text) {
    const auto json = base::json::parse(text);
    const auto records = json ? placed_records(*json, "forms") : base::fail("");
    if (!records) return;
    for (const auto& placed : *records) {
        // What is no UTF-8 can come as base64 only, and is no record's payload.
        if (!base::is_utf8(placed.record.payload)) continue;
        const auto line = stored_line(placed);
        const auto again = placed_records(base::json::parse(line).value(), {});
        require(again && again->size() == 1 && stored_line(again->front()) == line);
    }
}

void check_login(std::string_view text) {
    const auto login = SavedLogin::parse(text);
    if (!login) return;
    require(login->person_keys().has_value());
    const auto written = login->to_json();
    require(SavedLogin::parse(written).value().to_json() == written);
}

void check_printable(std::string_view text) {
    require(base::is_utf8(printable_text(text)));
    const auto json = base::json::parse(text);
    if (json) require(base::json::parse(printable_json(text)).value() == *json);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 7) {
        case 0:
            static_cast<void>(open_payload(pair(), text, "a"));
            break;
        case 1:
            check_cleartext(text);
            break;
        case 2:
            check_keys(text);
            break;
        case 3:
            check_lines(text);
            break;
        case 4:
            check_login(text);
            break;
        case 5:
            if (const auto key = LegacySyncKey::parse(text))
                require(LegacySyncKey::parse(key->shown()).value().text() == key->text());
            break;
        default:
            check_printable(text);
    }
    return 0;
}
