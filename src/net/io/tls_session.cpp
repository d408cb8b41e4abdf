#include "net/io/tls_session.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <array>
#include <limits>

#include "net/io/tls_context.hpp"

namespace homespun::net {
namespace {

struct FreeSession {
    void operator()(SSL* session) const { SSL_free(session); }
};

}  // namespace

struct TlsSession::Impl {
    std::unique_ptr<SSL, FreeSession> session;
    BIO* in = nullptr;   ///< owned by the session
    BIO* out = nullptr;  ///< owned by the session
    std::string host;    ///< of the peer, for a client
    bool ended = false;

    explicit Impl(SSL_CTX* context) : session(SSL_new(context)) {
        in = BIO_new(BIO_s_mem());
        out = BIO_new(BIO_s_mem());
        SSL_set_bio(session.get(), in, out);
    }

    base::Result<void> shake_hands() {
        ERR_clear_error();
        const int done = SSL_do_handshake(session.get());
        if (done == 1) return {};
        const int why = SSL_get_error(session.get(), done);
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return {};
        const auto verdict = SSL_get_verify_result(session.get());
        if (verdict != X509_V_OK && !host.empty()) return base::fail(certificate_problem(verdict, host));
        return base::fail("TLS was not agreed: " + tls_error());
    }
};

TlsSession::TlsSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsSession::TlsSession(TlsSession&&) noexcept = default;
TlsSession& TlsSession::operator=(TlsSession&&) noexcept = default;
TlsSession::~TlsSession() = default;

base::Result<TlsSession> TlsSession::client(const TlsTrust& trust, const std::string& host) {
    auto impl = std::make_unique<Impl>(trust.context().native.get());
    impl->host = host;
    if (!demand_host(impl->session.get(), host)) return base::fail("TLS cannot check for the name " + host);
    SSL_set_connect_state(impl->session.get());
    if (auto begun = impl->shake_hands(); !begun) return base::fail(begun.error().message);
    return TlsSession(std::move(impl));
}

base::Result<TlsSession> TlsSession::server(LocalAuthority& authority, const std::string& host) {
    const auto context = authority.context_for(host);
    if (!context) return base::fail(context.error().message);
    auto impl = std::make_unique<Impl>((*context)->native.get());
    SSL_set_accept_state(impl->session.get());
    return TlsSession(std::move(impl));
}

base::Result<void> TlsSession::receive(std::string_view bytes, std::string& said) {
    auto& impl = *impl_;
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, std::numeric_limits<int>::max());
        if (BIO_write(impl.in, piece.data(), static_cast<int>(piece.size())) !=
            static_cast<int>(piece.size()))
            return base::fail("no memory for TLS");
        bytes.remove_prefix(piece.size());
    }
    if (!is_established()) {
        if (auto shaken = impl.shake_hands(); !shaken) return shaken;
        if (!is_established()) return {};
    }
    for (;;) {
        std::array<char, 16 * 1024> buffer;
        ERR_clear_error();
        const int got = SSL_read(impl.session.get(), buffer.data(), static_cast<int>(buffer.size()));
        if (got > 0) {
            said.append(buffer.data(), static_cast<std::size_t>(got));
            continue;
        }
        const int why = SSL_get_error(impl.session.get(), got);
        if (why == SSL_ERROR_ZERO_RETURN) impl.ended = true;
        if (why == SSL_ERROR_ZERO_RETURN || why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
            return {};
        return base::fail("TLS failed: " + tls_error());
    }
}

void TlsSession::say(std::string_view text) {
    while (!text.empty()) {
        const auto piece = text.substr(0, 16 * 1024);
        (void)SSL_write(impl_->session.get(), piece.data(), static_cast<int>(piece.size()));
        text.remove_prefix(piece.size());
    }
}

void TlsSession::end() {
    SSL_shutdown(impl_->session.get());
}

std::string TlsSession::take_output() {
    const auto waiting = BIO_pending(impl_->out);
    std::string output(waiting > 0 ? static_cast<std::size_t>(waiting) : 0, '\0');
    if (!output.empty()) BIO_read(impl_->out, output.data(), static_cast<int>(output.size()));
    return output;
}

bool TlsSession::is_established() const {
    return SSL_is_init_finished(impl_->session.get()) == 1;
}
bool TlsSession::has_ended() const {
    return impl_->ended;
}

}  // namespace homespun::net
