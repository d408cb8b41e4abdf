#pragma once
// Included only by the sources of src/net.
#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace homespun::net {

/// OpenSSL's settings for many sessions.
struct TlsContext {
    struct Free {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    std::unique_ptr<SSL_CTX, Free> native;
};

/// The peer's certificate must be made out to `host`, a name or a numeric address, and is asked for by that
/// name. False: it cannot be checked for.
bool demand_host(SSL* session, const std::string& host);
/// What is wrong with a peer's certificate, and what to do.
std::string certificate_problem(long verdict, const std::string& host);
/// The first error that OpenSSL remembers, for people; forgets all.
std::string tls_error();

}  // namespace homespun::net
