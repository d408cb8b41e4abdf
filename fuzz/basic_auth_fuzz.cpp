// Any bytes may come in as an Authorization header, an account's name, an address, a stored password. What is
// read of a header can stand in a line of a log; what is an address can stand in a mail's headers.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "sync/auth/basic_auth.hpp"
#include "sync/auth/stored_password.hpp"
#include "sync/auth/user_name.hpp"
#include "sync/registration/mail.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homespun;
    const std::string_view source(reinterpret_cast<const char*>(data), size);
    static_cast<void>(sync::auth::parse_basic(source));
    const auto read = sync::auth::parse_basic("Basic " + base::base64_encode(source, base::Base64::standard));
    if (read && (read->name.contains(':') || read->name + ":" + read->password != source)) std::abort();
    if (read && (!base::is_utf8(read->name) || !base::is_utf8(read->password))) std::abort();
    if (const auto name = sync::auth::user_name(source); name && !sync::auth::is_user_name(*name))
        std::abort();
    const auto message = sync::registration::mail_message({std::string(source), "Hello", std::string(source)},
                                                          "a@b.cd", "id", 0);
    if (message &&
        (message->find("\r\nTo: <" + std::string(source) + ">\r\nSubject: Hello\r\n") == std::string::npos ||
         source.find_first_of("\r\n<>") != std::string_view::npos))
        std::abort();
    if (const auto stored = sync::auth::StoredPassword::parse(source);
        stored && sync::auth::StoredPassword::parse(stored->text())->hash != stored->hash)
        std::abort();
    return 0;
}
