#include "net/io/local_authority.hpp"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "net/io/stream_socket.hpp"
#include "net/io/tls_context.hpp"

namespace homespun::net {
namespace {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Memory = std::unique_ptr<BIO, Free>;

/// Longer names are no names of hosts (RFC 1035).
constexpr std::size_t longest_name = 253;
/// Clients could ask for ever new names.
constexpr std::size_t most_names = 1000;

std::string text_of(BIO* memory) {
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(memory, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

bool extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Free> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// A certificate without extensions and signature; it begins yesterday, for clocks that are slow.
Certificate blank(EVP_PKEY* key, const std::string& name, X509* issuer, int days) {
    Certificate certificate(X509_new());
    std::uint64_t serial = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return nullptr;
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -86'400L);
    X509_time_adj_ex(X509_getm_notAfter(certificate.get()), days, 0, nullptr);
    X509_set_pubkey(certificate.get(), key);
    auto* const subject = X509_get_subject_name(certificate.get());
    // A common name has 64 characters at most; the name that counts is an extension.
    const auto common = name.substr(0, 64);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(),
                         X509_get_subject_name(issuer == nullptr ? certificate.get() : issuer));
    return certificate;
}

bool is_host_name(std::string_view name) {
    if (name.empty() || name.size() > longest_name) return false;
    return name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
           std::string_view::npos;
}

}  // namespace

struct LocalAuthority::Impl {
    Key key;
    Certificate certificate;
    std::mutex mutex;
    std::map<std::string, std::unique_ptr<TlsContext>, std::less<>> contexts;

    base::Result<std::unique_ptr<TlsContext>> make_context(const std::string& host) {
        const bool numeric = TcpAddress::numeric(host, 0).has_value();
        if (!numeric && !is_host_name(host)) return base::fail("no certificate can be made out to this name");
        const Key own(EVP_EC_gen("P-256"));
        auto leaf = blank(own.get(), host, certificate.get(), 30);
        if (!own || !leaf ||
            !extend(leaf.get(), certificate.get(), NID_subject_alt_name, (numeric ? "IP:" : "DNS:") + host) ||
            !extend(leaf.get(), certificate.get(), NID_ext_key_usage, "serverAuth") ||
            X509_sign(leaf.get(), key.get(), EVP_sha256()) == 0)
            return base::fail("cannot make a certificate: " + tls_error());
        auto context = std::make_unique<TlsContext>();
        context->native.reset(SSL_CTX_new(TLS_server_method()));
        auto* const native = context->native.get();
        SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
        SSL_CTX_use_certificate(native, leaf.get());
        SSL_CTX_use_PrivateKey(native, own.get());
        SSL_CTX_add1_chain_cert(native, certificate.get());
        SSL_CTX_set_tlsext_servername_callback(native, &Impl::take_name);
        SSL_CTX_set_tlsext_servername_arg(native, this);
        return context;
    }

    base::Result<const TlsContext*> context_for(const std::string& host) {
        const std::lock_guard lock(mutex);
        if (const auto known = contexts.find(host); known != contexts.end()) return known->second.get();
        if (contexts.size() >= most_names) return base::fail("too many names of servers were asked for");
        auto made = make_context(host);
        if (!made) return base::fail(made.error().message);
        return (contexts[host] = std::move(*made)).get();
    }

    /// The client asks for a server by its name.
    static int take_name(SSL* session, int*, void* self) {
        const char* const name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
        if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
        const auto context = static_cast<Impl*>(self)->context_for(name);
        if (context) SSL_set_SSL_CTX(session, (*context)->native.get());
        return SSL_TLSEXT_ERR_OK;
    }
};

LocalAuthority::LocalAuthority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalAuthority::~LocalAuthority() = default;

base::Result<std::unique_ptr<LocalAuthority>> LocalAuthority::make(int days) {
    auto impl = std::make_unique<Impl>();
    impl->key.reset(EVP_EC_gen("P-256"));
    if (!impl->key) return base::fail("cannot make a key: " + tls_error());
    impl->certificate = blank(impl->key.get(), "Seism, authority of one test", nullptr, days);
    auto* const own = impl->certificate.get();
    if (own == nullptr || !extend(own, own, NID_basic_constraints, "critical,CA:TRUE") ||
        !extend(own, own, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !extend(own, own, NID_subject_key_identifier, "hash") ||
        X509_sign(own, impl->key.get(), EVP_sha256()) == 0)
        return base::fail("cannot make a certificate authority: " + tls_error());
    return std::unique_ptr<LocalAuthority>(new LocalAuthority(std::move(impl)));
}

base::Result<std::unique_ptr<LocalAuthority>> LocalAuthority::load(const std::string& pem) {
    auto impl = std::make_unique<Impl>();
    const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    impl->certificate.reset(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    const Memory again(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    impl->key.reset(PEM_read_bio_PrivateKey(again.get(), nullptr, nullptr, nullptr));
    if (!impl->certificate || !impl->key)
        return base::fail("this is no certificate authority: a certificate and its key are needed, in PEM");
    if (X509_check_private_key(impl->certificate.get(), impl->key.get()) != 1)
        return base::fail("the key is not that of the certificate");
    return std::unique_ptr<LocalAuthority>(new LocalAuthority(std::move(impl)));
}

std::string LocalAuthority::certificate_pem() const {
    const Memory memory(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(memory.get(), impl_->certificate.get());
    return text_of(memory.get());
}

std::string LocalAuthority::private_pem() const {
    const Memory memory(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(memory.get(), impl_->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return certificate_pem() + text_of(memory.get());
}

base::Result<const TlsContext*> LocalAuthority::context_for(const std::string& host) {
    return impl_->context_for(host);
}

}  // namespace homespun::net
