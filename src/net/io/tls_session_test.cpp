#include "net/io/tls_session.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace homespun::net {
namespace {

class TlsSessionTest : public ::testing::Test {
  protected:
    void SetUp() override {
        authority_ = *LocalAuthority::make();
        const auto file = ::testing::TempDir() + "tls_session_test." + std::to_string(::getpid()) + ".pem";
        std::ofstream(file) << authority_->certificate_pem();
        trust_ = *TlsTrust::load(file);
        std::filesystem::remove(file);
    }
    /// Carries bytes both ways until nothing moves; the first error.
    static base::Result<void> carry(TlsSession& client, TlsSession& server, std::string& client_hears,
                                    std::string& server_hears) {
        for (;;) {
            const auto there = client.take_output();
            if (auto fine = server.receive(there, server_hears); !fine) return fine;
            const auto back = server.take_output();
            if (auto fine = client.receive(back, client_hears); !fine) return fine;
            if (there.empty() && back.empty()) return {};
        }
    }
    std::unique_ptr<LocalAuthority> authority_;
    std::unique_ptr<TlsTrust> trust_;
};

TEST_F(TlsSessionTest, BothHearEachOther) {
    for (const auto* host : {"db.example", "127.0.0.1"}) {
        auto client = *TlsSession::client(*trust_, host);
        auto server = *TlsSession::server(*authority_, host);
        std::string client_hears, server_hears;
        ASSERT_TRUE(carry(client, server, client_hears, server_hears));
        ASSERT_TRUE(client.is_established() && server.is_established()) << host;
        client.say("question");
        server.say(std::string(100'000, 'x'));
        ASSERT_TRUE(carry(client, server, client_hears, server_hears));
        EXPECT_EQ(server_hears, "question");
        EXPECT_EQ(client_hears.size(), 100'000U);
        client.end();
        ASSERT_TRUE(carry(client, server, client_hears, server_hears));
        EXPECT_TRUE(server.has_ended());
    }
}

TEST_F(TlsSessionTest, TheNameThatIsAskedForIsTheOneThatIsShown) {
    auto client = *TlsSession::client(*trust_, "asked.example");
    auto server = *TlsSession::server(*authority_, "127.0.0.1");
    std::string ignored;
    ASSERT_TRUE(carry(client, server, ignored, ignored));
    EXPECT_TRUE(client.is_established());
}

TEST_F(TlsSessionTest, AStrangersCertificateIsRefused) {
    const auto stranger = *LocalAuthority::make();
    auto client = *TlsSession::client(*trust_, "db.example");
    auto server = *TlsSession::server(*stranger, "db.example");
    std::string ignored;
    const auto carried = carry(client, server, ignored, ignored);
    ASSERT_FALSE(carried);
    EXPECT_NE(carried.error().message.find("not trusted"), std::string::npos) << carried.error().message;
}

TEST_F(TlsSessionTest, AnAuthorityCanBeKept) {
    const auto again = LocalAuthority::load(authority_->private_pem());
    ASSERT_TRUE(again);
    auto client = *TlsSession::client(*trust_, "db.example");
    auto server = *TlsSession::server(**again, "db.example");
    std::string ignored;
    ASSERT_TRUE(carry(client, server, ignored, ignored));
    EXPECT_TRUE(client.is_established());
    EXPECT_FALSE(LocalAuthority::load("nonsense"));
    EXPECT_FALSE(LocalAuthority::load(authority_->certificate_pem()));
}

TEST_F(TlsSessionTest, NonsenseEndsTheSession) {
    auto server = *TlsSession::server(*authority_, "db.example");
    std::string said;
    EXPECT_FALSE(server.receive("GET / HTTP/1.1\r\n\r\n", said));
}

}  // namespace
}  // namespace homespun::net
