// The client against a real TLS server and a real forward proxy, both small and blocking, on threads of their
// own; the certificates are made here.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include "net/io/client.hpp"

namespace homespun::net {
namespace {

using namespace std::chrono_literals;

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* it) const {
        Free(it);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using ServerContext = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;

struct Identity {
    Key key;
    Certificate certificate;
};

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    ASSERT_NE(extension, nullptr) << value;
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/// `names`: like "DNS:localhost"; empty makes an authority. Signed by `by`, or by itself.
Identity make_identity(const std::string& names, const Identity* by, long valid_from_s, long valid_until_s) {
    Identity made{Key(EVP_EC_gen("P-256")), Certificate(X509_new())};
    auto* const it = made.certificate.get();
    auto* const issuer = by ? by->certificate.get() : it;
    X509_set_version(it, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(it), by ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(it), valid_from_s);
    X509_gmtime_adj(X509_getm_notAfter(it), valid_until_s);
    X509_set_pubkey(it, made.key.get());
    auto* const subject = X509_get_subject_name(it);
    const std::string name = by ? "a server" : "an authority";
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(it, X509_get_subject_name(issuer));
    if (by) {
        extend(it, issuer, NID_subject_alt_name, names);
    } else {
        extend(it, issuer, NID_basic_constraints, "critical,CA:TRUE");
        extend(it, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    X509_sign(it, by ? by->key.get() : made.key.get(), EVP_sha256());
    return made;
}

/// A listening socket and a thread that serves one connection after the other.
class LoopbackServer {
  public:
    explicit LoopbackServer(std::function<void(int)> serve) : serve_(std::move(serve)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(listener_, 16), 0);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    ~LoopbackServer() {
        ending_ = true;
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] int connections() const { return connections_; }

  private:
    void run() {
        while (!ending_) {
            const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (peer < 0) return;
            ++connections_;
            const timeval patience{3, 0};  // no test may hang
            ::setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
            serve_(peer);
            ::close(peer);
        }
    }

    std::function<void(int)> serve_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> ending_ = false;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

std::string read_head(const std::function<int(char*, int)>& read) {
    std::string head;
    char letter = 0;
    while (!head.ends_with("\r\n\r\n") && read(&letter, 1) == 1)
        head += letter;
    return head;
}

/// Serves HTTPS: answers each request with its own head as the body, until the client goes.
class TlsServer {
  public:
    TlsServer(const Identity& identity, int most_version = 0) : context_(SSL_CTX_new(TLS_server_method())) {
        SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
        if (most_version != 0) {
            SSL_CTX_set_security_level(context_.get(), 0);
            SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");
            SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
            SSL_CTX_set_max_proto_version(context_.get(), most_version);
        }
    }
    [[nodiscard]] std::uint16_t port() const { return server_.port(); }
    [[nodiscard]] int connections() const { return server_.connections(); }
    std::string answer_head = "HTTP/1.1 200 OK\r\n";
    bool whole = true;  ///< false: cut the connection in the midst of the body

  private:
    void serve(int peer) {
        const std::unique_ptr<SSL, Freer<SSL_free>> session(SSL_new(context_.get()));
        SSL_set_fd(session.get(), peer);
        if (SSL_accept(session.get()) != 1) return;
        const auto* name = SSL_get_servername(session.get(), TLSEXT_NAMETYPE_host_name);
        while (true) {
            const auto head =
                read_head([&](char* into, int size) { return SSL_read(session.get(), into, size); });
            if (head.empty()) return;
            const auto body = fmt::format("sni={}\n{}", name ? name : "-", head);
            const auto text =
                whole ? fmt::format("{}Content-Length: {}\r\n\r\n{}", answer_head, body.size(), body)
                      : answer_head + "Connection: close\r\n\r\nhalf of it";
            SSL_write(session.get(), text.data(), static_cast<int>(text.size()));
            if (!whole) return;
        }
    }

    ServerContext context_;
    LoopbackServer server_{[this](int peer) { serve(peer); }};
};

/// Forwards CONNECT to this machine, whatever the name, and answers everything else itself.
class Proxy {
  public:
    [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", server_.port()); }
    std::string refusal;  ///< when not empty, the answer to everything
    std::string seen;     ///< the last head

  private:
    void serve(int peer) {
        seen = read_head([&](char* into, int size) {
            return static_cast<int>(::read(peer, into, static_cast<std::size_t>(size)));
        });
        if (!refusal.empty()) return send(peer, refusal);
        const auto colon = seen.find(':');
        if (!seen.starts_with("CONNECT ") || colon == std::string::npos)
            return send(peer, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nby proxy\n");
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(seen.c_str() + colon + 1)));
        const int beyond = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::connect(beyond, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
            send(peer, "HTTP/1.1 200 Connection established\r\n\r\n");
            relay(peer, beyond);
        } else {
            send(peer, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        }
        ::close(beyond);
    }
    static void send(int peer, const std::string& text) {
        EXPECT_EQ(::send(peer, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    }
    static void relay(int one, int other) {
        while (true) {
            pollfd both[] = {{one, POLLIN, 0}, {other, POLLIN, 0}};
            if (::poll(both, 2, 3000) <= 0) return;
            for (int i = 0; i < 2; ++i) {
                if (both[i].revents == 0) continue;
                char buffer[4096];
                const auto got = ::read(both[i].fd, buffer, sizeof(buffer));
                if (got <= 0) return;
                (void)!::send(both[1 - i].fd, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL);
            }
        }
    }

    LoopbackServer server_{[this](int peer) { serve(peer); }};
};

class ClientTlsTest : public testing::Test {
  protected:
    ClientTlsTest() {
        auto* file = std::fopen(ca_file_.c_str(), "w");
        PEM_write_X509(file, authority_.certificate.get());
        std::fclose(file);
        settings_.ca_file = ca_file_;
    }
    ~ClientTlsTest() override { std::filesystem::remove(ca_file_); }

    [[nodiscard]] Identity server_identity(const std::string& names) const {
        return make_identity(names, &authority_, -3600, 3600);
    }
    base::Result<http::ClientResponse> get(const std::string& url, std::chrono::milliseconds timeout = 5s) {
        Loop loop;
        Client client(loop, settings_);
        const auto parsed = http::Url::parse(url);
        ClientRequest request;
        request.target = parsed->target;
        return run_here(loop, client.send(Endpoint::of(*parsed), std::move(request), timeout));
    }
    std::string failure(const std::string& url, std::chrono::milliseconds timeout = 5s) {
        const auto response = get(url, timeout);
        return response ? "no failure: " + response->body : response.error().message;
    }

    const Identity authority_ = make_identity("", nullptr, -7200, 7200);
    const std::string ca_file_ =
        (std::filesystem::temp_directory_path() / fmt::format("homespun-ca-{}.pem", ::getpid())).string();
    ClientSettings settings_;
};

TEST_F(ClientTlsTest, TrustsAGoodCertificateForAName) {
    const TlsServer server(server_identity("DNS:localhost"));
    const auto response = get(fmt::format("https://localhost:{}/a?b=c", server.port()));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_NE(response->body.find("sni=localhost\nGET /a?b=c HTTP/1.1\r\n"), std::string::npos)
        << response->body;
    EXPECT_NE(response->body.find(fmt::format("Host: localhost:{}\r\n", server.port())), std::string::npos);
}

TEST_F(ClientTlsTest, TrustsAGoodCertificateForAnAddress) {
    const TlsServer server(server_identity("IP:127.0.0.1"));
    const auto response = get(fmt::format("https://127.0.0.1:{}/", server.port()));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_TRUE(response->body.starts_with("sni=-\n")) << response->body;
}

TEST_F(ClientTlsTest, RefusesACertificateForAnotherHost) {
    const TlsServer server(server_identity("DNS:example.com,IP:127.0.0.2"));
    EXPECT_NE(failure(fmt::format("https://localhost:{}/", server.port())).find("not made out to localhost"),
              std::string::npos);
    EXPECT_NE(failure(fmt::format("https://127.0.0.1:{}/", server.port())).find("not made out to 127.0.0.1"),
              std::string::npos);
}

TEST_F(ClientTlsTest, RefusesAnAuthorityItDoesNotKnow) {
    const auto stranger = make_identity("", nullptr, -3600, 3600);
    const TlsServer server(make_identity("DNS:localhost", &stranger, -3600, 3600));
    const auto url = fmt::format("https://localhost:{}/", server.port());
    EXPECT_NE(failure(url).find("is not trusted"), std::string::npos) << failure(url);
    settings_.ca_file.clear();  // the system's authorities do not know ours either
    EXPECT_NE(failure(url).find("is not trusted"), std::string::npos) << failure(url);
}

TEST_F(ClientTlsTest, RefusesCertificatesOutOfTheirTime) {
    const TlsServer late(make_identity("DNS:localhost", &authority_, -3600, -60));
    EXPECT_NE(failure(fmt::format("https://localhost:{}/", late.port())).find("has expired"),
              std::string::npos);
    const TlsServer early(make_identity("DNS:localhost", &authority_, 60, 3600));
    EXPECT_NE(failure(fmt::format("https://localhost:{}/", early.port())).find("not valid yet"),
              std::string::npos);
}

TEST_F(ClientTlsTest, RefusesOldTls) {
    const TlsServer old(server_identity("DNS:localhost"), TLS1_1_VERSION);
    EXPECT_NE(failure(fmt::format("https://localhost:{}/", old.port())).find("TLS was not agreed"),
              std::string::npos);
    const TlsServer oldest_good(server_identity("DNS:localhost"), TLS1_2_VERSION);
    EXPECT_TRUE(get(fmt::format("https://localhost:{}/", oldest_good.port())));
}

TEST_F(ClientTlsTest, KeepsConnections) {
    const TlsServer server(server_identity("DNS:localhost"));
    Loop loop;
    Client client(loop, settings_);
    for (int i = 0; i < 3; ++i) {
        const auto response =
            run_here(loop, client.send({"localhost", server.port(), {}, true}, ClientRequest{}, 5s));
        ASSERT_TRUE(response) << response.error().message;
    }
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientTlsTest, EndsAConnectionThatWillNotBeUsedAgain) {
    std::promise<ssize_t> after_the_answer;
    const LoopbackServer server([&](int peer) {
        char letter = 0;
        (void)read_head([&](char* into, int size) {
            return static_cast<int>(::read(peer, into, static_cast<std::size_t>(size)));
        });
        constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        (void)!::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
        after_the_answer.set_value(::read(peer, &letter, 1));  // patient for some seconds
    });
    Loop loop;
    Client client(loop, settings_);
    ClientRequest request;
    request.method = "POST";  // never sent on a kept connection, so none is kept for it
    ASSERT_TRUE(run_here(loop, client.send({"127.0.0.1", server.port()}, std::move(request), 5s)));
    EXPECT_EQ(after_the_answer.get_future().get(), 0);
}

TEST_F(ClientTlsTest, DoesNotFollowRedirects) {
    TlsServer server(server_identity("DNS:localhost"));
    server.answer_head = "HTTP/1.1 302 Found\r\nLocation: https://localhost/elsewhere\r\n";
    const auto response = get(fmt::format("https://localhost:{}/", server.port()));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 302);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientTlsTest, DoesNotTakeACutAnswerForAWholeOne) {
    TlsServer server(server_identity("DNS:localhost"));
    server.whole = false;  // no length, and TLS does not say that this is the end
    EXPECT_NE(failure(fmt::format("https://localhost:{}/", server.port())).find("no complete answer"),
              std::string::npos);
}

TEST_F(ClientTlsTest, BoundsTheAnswer) {
    const TlsServer server(server_identity("DNS:localhost"));
    settings_.max_response_bytes = 10;
    EXPECT_NE(failure(fmt::format("https://localhost:{}/", server.port())).find("more than 10 bytes"),
              std::string::npos);
}

TEST_F(ClientTlsTest, GivesUpInTime) {
    const LoopbackServer silent([](int peer) {
        char buffer[4096];
        while (::read(peer, buffer, sizeof(buffer)) > 0) {
        }
    });
    const auto start = std::chrono::steady_clock::now();
    for (const auto* scheme : {"http", "https"}) {
        EXPECT_NE(failure(fmt::format("{}://localhost:{}/", scheme, silent.port()), 200ms)
                      .find("no answer in time"),
                  std::string::npos);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);  // the patience of the server
}

TEST_F(ClientTlsTest, GivesUpWhileTheNameIsLookedUp) {
    const LoopbackServer silent([](int peer) {
        char buffer[4096];
        while (::read(peer, buffer, sizeof(buffer)) > 0) {
        }
    });
    const auto start = std::chrono::steady_clock::now();
    const auto why = failure(fmt::format("http://localhost:{}/", silent.port()), 0ms);
    EXPECT_NE(why.find("no answer in time"), std::string::npos) << why;
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2s) << why;
}

TEST_F(ClientTlsTest, SaysWhatCannotBeReached) {
    EXPECT_NE(failure("https://no-such-host.invalid/").find("the name no-such-host.invalid was not resolved"),
              std::string::npos);
    std::uint16_t unused = 0;
    {
        unused = LoopbackServer([](int) {}).port();
    }
    EXPECT_NE(failure(fmt::format("https://127.0.0.1:{}/", unused)).find("refused"), std::string::npos);
}

TEST_F(ClientTlsTest, GoesThroughTheProxy) {
    const TlsServer server(server_identity("DNS:sync.example"));
    const Proxy proxy;
    settings_.proxy = proxy.url();
    const auto secure = get(fmt::format("https://sync.example:{}/a", server.port()));
    ASSERT_TRUE(secure) << secure.error().message;
    EXPECT_NE(secure->body.find("GET /a HTTP/1.1\r\n"), std::string::npos);
    EXPECT_TRUE(proxy.seen.starts_with(
        fmt::format("CONNECT sync.example:{0} HTTP/1.1\r\nHost: sync.example:{0}\r\n", server.port())))
        << proxy.seen;
    const auto plain = get("http://somewhere.example/b");
    ASSERT_TRUE(plain) << plain.error().message;
    EXPECT_EQ(plain->body, "by proxy\n");
    EXPECT_TRUE(
        proxy.seen.starts_with("GET http://somewhere.example/b HTTP/1.1\r\nHost: somewhere.example\r\n"))
        << proxy.seen;
}

TEST_F(ClientTlsTest, ChecksTheHostBehindTheProxy) {
    const TlsServer server(server_identity("DNS:example.com"));
    const Proxy proxy;
    settings_.proxy = proxy.url();
    const auto why = failure(fmt::format("https://sync.example:{}/", server.port()));
    EXPECT_NE(why.find("not made out to sync.example"), std::string::npos) << why;
}

TEST_F(ClientTlsTest, ReachesThisMachineWithoutTheProxy) {
    const TlsServer secure(server_identity("DNS:localhost,IP:127.0.0.1"));
    const LoopbackServer plain([](int peer) {
        (void)read_head([&](char* into, int size) {
            return static_cast<int>(::read(peer, into, static_cast<std::size_t>(size)));
        });
        constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ndirect";
        (void)!::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
    });
    Proxy proxy;
    proxy.refusal = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
    settings_.proxy = proxy.url();
    for (const auto* host : {"127.0.0.1", "localhost"}) {
        const auto over_tls = get(fmt::format("https://{}:{}/", host, secure.port()));
        EXPECT_TRUE(over_tls) << over_tls.error().message;
        const auto open = get(fmt::format("http://{}:{}/", host, plain.port()));
        ASSERT_TRUE(open) << open.error().message;
        EXPECT_EQ(open->body, "direct");
    }
    EXPECT_EQ(proxy.seen, "");
}

TEST_F(ClientTlsTest, SaysThatTheProxyRefused) {
    Proxy proxy;
    proxy.refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nno...";
    settings_.proxy = proxy.url();
    const auto why = failure("https://somewhere.example/");
    EXPECT_NE(why.find("refused to connect to somewhere.example:443: 407"), std::string::npos) << why;
}

TEST_F(ClientTlsTest, SaysWhatIsWrongWithItsSettings) {
    Loop loop;
    settings_.ca_file = "/nowhere/ca.pem";
    EXPECT_NE(Client(loop, settings_).problem()->message.find("/nowhere/ca.pem"), std::string::npos);
    EXPECT_NE(failure("https://localhost/").find("/nowhere/ca.pem"), std::string::npos);
    settings_.ca_file.clear();
    for (const auto* proxy : {"proxy:3128", "https://proxy", "http://proxy/x", "http://me:secret@proxy"}) {
        settings_.proxy = proxy;
        EXPECT_TRUE(Client(loop, settings_).problem()) << proxy;
    }
    EXPECT_FALSE(Client(loop).problem());
}

}  // namespace
}  // namespace homespun::net
