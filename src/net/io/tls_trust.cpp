#include "net/io/tls_trust.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "net/io/tls_context.hpp"

namespace homespun::net {
namespace {

bool is_numeric(const std::string& host) {
    unsigned char address[16];
    return ::inet_pton(AF_INET, host.c_str(), address) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), address) == 1;
}

}  // namespace

std::string tls_error() {
    const auto code = ERR_get_error();
    ERR_clear_error();
    const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
    return text == nullptr ? "unknown" : text;
}

bool demand_host(SSL* session, const std::string& host) {
    auto* const demands = SSL_get0_param(session);
    if (is_numeric(host)) return X509_VERIFY_PARAM_set1_ip_asc(demands, host.c_str()) == 1;
    X509_VERIFY_PARAM_set_hostflags(demands, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(demands, host.data(), host.size()) == 1 &&
           SSL_set_tlsext_host_name(session, host.c_str()) == 1;
}

std::string certificate_problem(long verdict, const std::string& host) {
    switch (verdict) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return fmt::format("its certificate is not made out to {}", host);
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "its certificate has expired (or this machine's clock is wrong)";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "its certificate is not valid yet (or this machine's clock is wrong)";
        default:
            return fmt::format(
                "its certificate is not trusted: {}; if the authority is your own, name its file with "
                "ca_file",
                X509_verify_cert_error_string(verdict));
    }
}

TlsTrust::TlsTrust(std::unique_ptr<TlsContext> context) : context_(std::move(context)) {}
TlsTrust::~TlsTrust() = default;

base::Result<std::unique_ptr<TlsTrust>> TlsTrust::load(const std::string& ca_file) {
    auto context = std::make_unique<TlsContext>();
    context->native.reset(SSL_CTX_new(TLS_client_method()));
    if (!context->native) return base::fail("cannot begin with TLS: " + tls_error());
    auto* const native = context->native.get();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    if (ca_file.empty()) {
        if (SSL_CTX_set_default_verify_paths(native) != 1)
            return base::fail("cannot load the system's certificate authorities: " + tls_error());
    } else if (SSL_CTX_load_verify_file(native, ca_file.c_str()) != 1) {
        return base::fail(fmt::format(
            "cannot load certificate authorities from {}: {}; it must be a PEM file", ca_file, tls_error()));
    }
    return std::unique_ptr<TlsTrust>(new TlsTrust(std::move(context)));
}

}  // namespace homespun::net
