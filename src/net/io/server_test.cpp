#include "net/io/server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "net/io/client.hpp"

namespace homespun::net {
namespace {

using namespace std::chrono_literals;
using http::Request;
using http::Response;

/// Answers by path; what each path does is visible in `handle`.
class Echo final : public http::Application {
  public:
    http::Plan plan(Request& request) override {
        http::Plan plan;
        plan.max_body = 1000;
        plan.stream = request.path() == "/stream-in";
        if (plan.stream) plan.max_body = 1'000'000;
        if (request.path() == "/large") plan.max_body = 10'000'000;
        if (request.path() == "/never") plan.timeout = 300ms;
        return plan;
    }

    base::Task<Response> handle(Request& request) override {
        const auto path = request.path();
        if (path == "/throw") throw std::runtime_error("planted");
        if (path == "/sleep" || path == "/never") {
            co_await static_cast<Loop*>(request.executor)->sleep(path == "/sleep" ? 200ms : 1500ms);
        }
        if (path == "/remote") co_return Response(200, "text/plain", "from " + request.remote + ".");
        if (path == "/nothing") co_return Response(204);
        if (path == "/stream-in") {
            std::uint64_t total = 0;
            while (auto piece = co_await request.stream->next())
                total += piece->size();
            co_return Response(200, "text/plain",
                               fmt::format("{} {}", total, request.stream->failed() ? "failed" : "whole"));
        }
        if (path == "/stream-out") {
            Response response(200);
            response.content_type = "text/plain";
            response.body = http::BodySource([n = 0]() mutable -> base::Task<std::optional<std::string>> {
                if (n == 3) co_return std::nullopt;
                co_return fmt::format("piece{}", n++);
            });
            co_return response;
        }
        if (path == "/upgrade") {
            Response response(101);
            response.headers.add("Upgrade", "shout");
            response.headers.add("Connection", "Upgrade");
            response.body = http::Upgrade{[](int descriptor, std::string already) {
                already += "!";
                (void)!::write(descriptor, already.data(), already.size());
                ::close(descriptor);
            }};
            co_return response;
        }
        if (path == "/big") co_return Response(200, "text/plain", std::string(8'000'000, 'x'));
        co_return Response(200, "text/plain", request.method + " " + request.target + " " + request.body);
    }

    Response refuse(Request&, http::Refusal refusal) override {
        return Response(http::status_of(refusal), "text/plain", "refused");
    }

    void finish(const Request&, Response& response, std::chrono::microseconds) override {
        response.headers.add("X-Seen", "yes");
    }
};

/// Counts what the server says of the connections it ends.
struct Endings {
    std::array<std::atomic<int>, ending_words.size()> counts{};
    [[nodiscard]] int of(Ending ending) const { return counts[static_cast<std::size_t>(ending)]; }
    ServerTies ties(TrustedProxies proxies = {}, ServerMetrics metrics = {}) {
        return {std::move(proxies), [this](Ending ending) { ++counts[static_cast<std::size_t>(ending)]; },
                metrics};
    }
};

ServerLimits quick_limits() {
    ServerLimits limits;
    limits.head_time = 400ms;
    limits.window = 400ms;
    limits.idle_time = 700ms;
    limits.linger_time = 300ms;
    return limits;
}

class ServerTest : public testing::Test {
  protected:
    explicit ServerTest(ServerLimits limits = {}, TrustedProxies proxies = {})
        : server_(threads_.loops(), echo_, clock_, log_, limits,
                  endings_.ties(std::move(proxies), metrics())) {
        auto listener = Listener::open(*Address::parse("127.0.0.1:0"));
        port_ = listener->address().port;
        server_.listen(std::move(*listener));
    }
    ~ServerTest() override { threads_.stop_and_join(); }

    /// Each number has a slot of `page_`, in the order of the struct.
    ServerMetrics metrics() {
        std::size_t next = 0;
        const auto counter = [&] { return base::metrics::Counter(&page_.slots[next++]); };
        return {base::metrics::Gauge(&page_.slots[next++]), counter(), counter(), counter(), counter()};
    }
    /// Whether that slot gets there within three seconds: connections end on their loops.
    bool counts(std::size_t slot, std::uint64_t wanted) const {
        for (int i = 0; i < 300 && page_.slots[slot] != wanted; ++i)
            std::this_thread::sleep_for(10ms);
        return page_.slots[slot] == wanted;
    }
    static constexpr std::size_t open = 0, accepted = 1, received = 2, sent = 3, parse_errors = 4;

    base::metrics::Page page_;
    Echo echo_;
    base::SystemClock clock_;
    base::NullLogger log_;
    Endings endings_;
    LoopThreads threads_{2};
    Server server_;
    std::uint16_t port_ = 0;
};

class QuickServerTest : public ServerTest {
  protected:
    QuickServerTest() : ServerTest(quick_limits()) {}
};

ServerLimits tight_limits() {
    ServerLimits limits;
    limits.held_bytes = 24 << 20;
    limits.connections = 20;
    return limits;
}

class TightServerTest : public ServerTest {
  protected:
    TightServerTest() : ServerTest(tight_limits(), TrustedProxies::parse({"127.0.0.1"}).value()) {}
};

/// A peer that sends what it likes.
class Peer {
  public:
    explicit Peer(std::uint16_t port) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    }
    ~Peer() { ::close(descriptor_); }
    void send(std::string_view text) const {
        (void)!::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
    }
    /// Reads until `mark` was seen `times` times, the peer closed, or three seconds have passed.
    std::string read_until(std::string_view mark, int times = 1) {
        std::string all;
        const auto count = [&] {
            int found = 0;
            for (auto at = all.find(mark); at != std::string::npos; at = all.find(mark, at + 1))
                ++found;
            return found;
        };
        while (mark.empty() || count() < times) {
            pollfd poll_set{descriptor_, POLLIN, 0};
            if (poll(&poll_set, 1, 3000) <= 0) break;
            char buffer[65536];
            const auto got = recv(descriptor_, buffer, sizeof(buffer), 0);
            if (got <= 0) {
                closed_ = true;
                break;
            }
            all.append(buffer, static_cast<std::size_t>(got));
        }
        return all;
    }
    std::string read_to_end() { return read_until(""); }
    [[nodiscard]] bool closed() const { return closed_; }

  private:
    int descriptor_;
    bool closed_ = false;
};

constexpr std::string_view get_a = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
    Peer peer(port_);
    for (int i = 0; i < 3; ++i) {
        peer.send(get_a);
        const auto answer = peer.read_until("GET /a ");
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << answer;
        EXPECT_NE(answer.find("Content-Length: 7\r\n"), std::string::npos);
        EXPECT_NE(answer.find("X-Seen: yes\r\n"), std::string::npos);
        EXPECT_EQ(answer.find("Connection:"), std::string::npos);
    }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
    Peer peer(port_);
    std::string all;
    for (int i = 0; i < 50; ++i)
        all += fmt::format("GET {}?{}. HTTP/1.1\r\nHost: h\r\n\r\n", i == 0 ? "/sleep" : "/x", i);
    peer.send(all);
    const auto answers = peer.read_until("GET ", 50);
    std::size_t at = 0;
    for (int i = 0; i < 50; ++i) {
        at = answers.find(fmt::format("?{}.", i), at);
        ASSERT_NE(at, std::string::npos) << i;
    }
}

TEST_F(TightServerTest, WhoIsLongestUnderWayGoesWhenMemoryIsShort) {
    std::vector<std::unique_ptr<Peer>> hoarders;
    for (int i = 0; i < 12; ++i) {
        hoarders.push_back(std::make_unique<Peer>(port_));
        hoarders.back()->send("POST /large HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n" +
                              std::string(3'999'999, 'x'));
    }
    const auto until = std::chrono::steady_clock::now() + 3s;
    while (endings_.of(Ending::memory) < 6 && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(10ms);
    EXPECT_GE(endings_.of(Ending::memory), 6) << "48 MB do not go into 24";
    EXPECT_LE(endings_.of(Ending::memory), 11) << "whoever has room stays";
    Peer peer(port_);
    peer.send("POST /large HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_NE(peer.read_until("abc").find("200 OK"), std::string::npos);
}

TEST_F(TightServerTest, AnIdleConnectionMakesRoom) {
    std::vector<std::unique_ptr<Peer>> idle;
    for (int i = 0; i < 60; ++i) {
        idle.push_back(std::make_unique<Peer>(port_));
        Peer peer(port_);
        peer.send(get_a);
        EXPECT_NE(peer.read_until("GET /a ").find("200 OK"), std::string::npos) << i;
    }
    EXPECT_GE(endings_.of(Ending::crowded_out), 30);
    EXPECT_EQ(endings_.of(Ending::turned_away), 0);
    EXPECT_LE(server_.connections(), 21U);
}

TEST_F(TightServerTest, ATrustedProxySaysWhoAsks) {
    Peer peer(port_);
    peer.send("GET /remote HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n\r\n");
    EXPECT_NE(peer.read_until("from ").find("from 192.0.2.1."), std::string::npos);
    peer.send("GET /remote HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(peer.read_until("from ").find("from 127.0.0.1."), std::string::npos)
        << "it holds for a request";
}

TEST_F(ServerTest, NobodyElseSaysWhoAsks) {
    Peer peer(port_);
    peer.send(
        "GET /remote HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n\r\n");
    EXPECT_NE(peer.read_until("from ").find("from 127.0.0.1."), std::string::npos);
}

TEST_F(ServerTest, AnIPv4PeerOfADualStackListenerIsShownAsIPv4) {
    auto listener = Listener::open(*Address::parse("[::]:0"));
    if (!listener) GTEST_SKIP() << listener.error().message;
    const auto port = listener->address().port;
    server_.listen(std::move(*listener));
    Peer peer(port);
    peer.send("GET /remote HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(peer.read_until("from ").find("from 127.0.0.1."), std::string::npos);
}

TEST_F(ServerTest, TakesARequestByteByByte) {
    Peer peer(port_);
    for (const char c : std::string_view("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")) {
        peer.send({&c, 1});
        std::this_thread::sleep_for(500us);
    }
    EXPECT_NE(peer.read_until("POST /p hello").find("POST /p hello"), std::string::npos);
}

TEST_F(ServerTest, DecodesChunkedBodies) {
    Peer peer(port_);
    peer.send(
        "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n");
    EXPECT_NE(peer.read_until("POST /p abcde").find("POST /p abcde"), std::string::npos);
    peer.send(get_a);
    EXPECT_NE(peer.read_until("GET /a ").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, SendsContinueBeforeTheBody) {
    Peer peer(port_);
    peer.send("PUT /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(peer.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    peer.send("ok");
    EXPECT_NE(peer.read_until("PUT /p ok").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, RefusesALargeBodyBeforeItIsSent) {
    Peer peer(port_);
    peer.send("PUT /p HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
    const auto answer = peer.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
}

TEST_F(ServerTest, RefusesAChunkedBodyThatGrowsTooLarge) {
    Peer peer(port_);
    peer.send("POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 5; ++i)
        peer.send("100\r\n" + std::string(256, 'x') + "\r\n");
    EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 413 "));
}

TEST_F(ServerTest, DeliversTheRefusalWhileThePeerIsStillSending) {
    Peer peer(port_);
    peer.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + std::string(300'000, 'x'));
    EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 413 "));
}

TEST_F(ServerTest, RefusesALargeHead) {
    Peer peer(port_);
    peer.send("GET / HTTP/1.1\r\nHost: h\r\nX-Filler: " + std::string(20'000, 'x'));
    EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 431 "));
}

TEST_F(ServerTest, TakesAHeadOfTenKilobytes) {
    Peer peer(port_);
    peer.send("GET /a HTTP/1.1\r\nHost: h\r\nX-Filler: " + std::string(10'000, 'x') + "\r\n\r\n");
    EXPECT_NE(peer.read_until("GET /a ").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, AnswersHeadWithoutBody) {
    Peer peer(port_);
    peer.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto answer = peer.read_until("\r\n\r\n");
    EXPECT_NE(answer.find("Content-Length: 8\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
    peer.send(get_a);
    EXPECT_TRUE(peer.read_until("GET /a ").starts_with("HTTP/1.1 200"));
}

TEST_F(ServerTest, Sends204WithoutLengthOrType) {
    Peer peer(port_);
    peer.send("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto answer = peer.read_until("\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 204 No Content"));
    EXPECT_EQ(answer.find("Content-"), std::string::npos);
}

TEST_F(ServerTest, RefusesWhatIsNoHttp) {
    for (const std::string_view bad :
         {"hello\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
          "GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5x\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
        Peer peer(port_);
        peer.send(bad);
        EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 400 ")) << bad;
        EXPECT_TRUE(peer.closed());
    }
}

TEST_F(ServerTest, RefusesOtherVersions) {
    Peer peer(port_);
    peer.send("GET / HTTP/3.0\r\nHost: h\r\n\r\n");
    const auto answer = peer.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 505 ") || answer.starts_with("HTTP/1.1 400 ")) << answer;
}

TEST_F(ServerTest, AnswersAfterAHandlerThrew) {
    Peer peer(port_);
    peer.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(peer.read_until("refused").starts_with("HTTP/1.1 500 "));
    peer.send(get_a);
    EXPECT_TRUE(peer.read_until("GET /a ").starts_with("HTTP/1.1 200"));
}

TEST_F(ServerTest, TimesOutAHandlerThatIsTooSlow) {
    Peer peer(port_);
    peer.send("GET /never HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 503 "));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 1200ms);
    std::this_thread::sleep_for(1500ms);  // the late answer must find nobody and harm nothing
}

TEST_F(ServerTest, StreamsAResponseInChunks) {
    Peer peer(port_);
    peer.send("GET /stream-out HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto answer = peer.read_until("0\r\n\r\n");
    EXPECT_NE(answer.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_NE(answer.find("6\r\npiece0\r\n6\r\npiece1\r\n6\r\npiece2\r\n0\r\n\r\n"), std::string::npos)
        << answer;
}

TEST_F(ServerTest, StreamsToHttp10UntilClose) {
    Peer peer(port_);
    peer.send("GET /stream-out HTTP/1.0\r\n\r\n");
    const auto answer = peer.read_to_end();
    EXPECT_TRUE(answer.ends_with("\r\n\r\npiece0piece1piece2")) << answer;
}

TEST_F(ServerTest, HandsABodyOverPieceByPiece) {
    Peer peer(port_);
    peer.send("POST /stream-in HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" +
              std::string(200'000, 'x'));
    EXPECT_NE(peer.read_until("whole").find("200000 whole"), std::string::npos);
    peer.send("POST /stream-in HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_NE(peer.read_until("whole").find("3 whole"), std::string::npos);
}

TEST_F(ServerTest, TellsAStreamThatBreaksOff) {
    Peer peer(port_);
    peer.send("POST /stream-in HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n");
    EXPECT_NE(peer.read_to_end().find("3 failed"), std::string::npos);
}

TEST_F(ServerTest, HandsAnUpgradedConnectionOver) {
    Peer peer(port_);
    peer.send("GET /upgrade HTTP/1.1\r\nHost: h\r\nUpgrade: shout\r\nConnection: Upgrade\r\n\r\nhey");
    const auto answer = peer.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 101 ")) << answer;
    EXPECT_TRUE(answer.ends_with("hey!"));
}

TEST_F(ServerTest, SendsLargeAnswers) {
    Peer peer(port_);
    peer.send("GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const auto answer = peer.read_to_end();
    EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 8'000'000U);
}

TEST_F(QuickServerTest, EndsASlowHead) {
    Peer peer(port_);
    std::jthread dripper([&](const std::stop_token& stop) {
        for (const char c : get_a) {
            if (stop.stop_requested()) return;
            peer.send({&c, 1});
            std::this_thread::sleep_for(100ms);
        }
    });
    EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 408 "));
}

TEST_F(QuickServerTest, EndsASlowBody) {
    Peer peer(port_);
    peer.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n");
    std::jthread dripper([&](const std::stop_token& stop) {
        for (int i = 0; i < 30 && !stop.stop_requested(); ++i) {
            peer.send("x");
            std::this_thread::sleep_for(100ms);
        }
    });
    EXPECT_TRUE(peer.read_to_end().starts_with("HTTP/1.1 408 "));
}

TEST_F(QuickServerTest, EndsAPeerThatDoesNotRead) {
    Peer peer(port_);
    peer.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    std::this_thread::sleep_for(2s);
    EXPECT_EQ(server_.connections(), 0U);
}

TEST_F(QuickServerTest, ClosesIdleConnections) {
    Peer peer(port_);
    peer.send(get_a);
    (void)peer.read_until("GET /a ");
    EXPECT_EQ(server_.connections(), 1U);
    EXPECT_EQ(peer.read_to_end(), "");
    EXPECT_TRUE(peer.closed());
}

TEST_F(QuickServerTest, CountsWhyConnectionsEnd) {
    {
        Peer idle(port_), slow(port_), mute(port_);
        EXPECT_TRUE(counts(open, 3));
        slow.send("GET / HT");
        mute.send("good morning\r\n\r\n");
        EXPECT_TRUE(counts(parse_errors, 1));
    }
    {
        Peer polite(port_);
        polite.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        polite.read_until("");
    }
    {
        const Peer goes(port_);
    }
    EXPECT_TRUE(counts(accepted, 5));
    EXPECT_TRUE(counts(open, 0));
}

TEST_F(ServerTest, CountsBytes) {
    Peer peer(port_);
    const std::string request = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    peer.send(request);
    const auto answer = peer.read_until("");
    EXPECT_TRUE(counts(received, request.size()));
    EXPECT_TRUE(counts(sent, answer.size()));
}

class SmallServerTest : public ServerTest {
  protected:
    static ServerLimits one_connection() {
        ServerLimits limits;
        limits.connections = 1;
        return limits;
    }
    SmallServerTest() : ServerTest(one_connection()) {}
};

TEST_F(SmallServerTest, CountsWhoCameOneTooMany) {
    const Peer first(port_);
    EXPECT_TRUE(counts(open, 1));
    const Peer second(port_);
    EXPECT_TRUE(counts(open, 1));
    EXPECT_TRUE(counts(accepted, 2));
    EXPECT_TRUE(counts(open, 1));
}

TEST_F(ServerTest, DrainFinishesWhatIsInFlight) {
    Peer busy(port_);
    Peer idle(port_);
    idle.send(get_a);
    (void)idle.read_until("GET /a ");
    busy.send("GET /sleep HTTP/1.1\r\nHost: h\r\n\r\n");
    std::this_thread::sleep_for(50ms);
    std::promise<void> drained;
    server_.drain([&] { drained.set_value(); });
    const auto answer = busy.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    EXPECT_EQ(idle.read_to_end(), "");
    EXPECT_EQ(drained.get_future().wait_for(2s), std::future_status::ready);
    EXPECT_EQ(server_.connections(), 0U);
    const int late = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_NE(connect(late, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ::close(late);
}

TEST_F(ServerTest, ServesItsOwnClient) {
    Loop loop;
    Client client(loop);
    const Endpoint endpoint{"127.0.0.1", port_, ""};
    const auto both = [&]() -> base::Task<std::string> {
        std::string seen;
        for (const char* const target : {"/one", "/two"}) {
            ClientRequest request;
            request.method = "POST";
            request.target = target;
            request.body = "body";
            const auto response = co_await client.send(endpoint, std::move(request));
            seen += response ? response->body + ";" : response.error().message;
        }
        ClientRequest streamed;
        streamed.target = "/stream-out";
        const auto response = co_await client.send(endpoint, std::move(streamed));
        seen += response ? response->body : response.error().message;
        co_return seen;
    };
    EXPECT_EQ(run_here(loop, both()), "POST /one body;POST /two body;piece0piece1piece2");
}

TEST(ClientTest, SaysWhomItCouldNotReach) {
    Loop loop;
    Client client(loop);
    const auto call = [&]() -> base::Task<std::string> {
        const auto response = co_await client.send(Endpoint{"127.0.0.1", 1, ""}, ClientRequest{});
        co_return response ? "" : response.error().message;
    };
    EXPECT_EQ(run_here(loop, call()), "cannot connect to 127.0.0.1:1: Connection refused");
}

}  // namespace
}  // namespace homespun::net
