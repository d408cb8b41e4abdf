#pragma once
#include <chrono>
#include <expected>
#include <string>

#include "base/random.hpp"
#include "common_options.hpp"
#include "net/http/url.hpp"
#include "net/io/client.hpp"
#include "sync/easysetup/messages.hpp"
#include "sync/easysetup/party.hpp"
#include "sync/easysetup/pin.hpp"

/// `homespun pair receive|send`: Easy Setup from the command line. The pairing itself is that of
/// sync/easysetup; here is what a person sees and says.
class PairCommands {
  public:
    /// `common` must outlive the parsing.
    explicit PairCommands(const CommonOptions& common) : common_(common) {}
    void add_to(CLI::App& app, const AddCommand& command);

  private:
    /// With whom to talk.
    struct Connection {
        homespun::net::http::Url server;
        homespun::net::ClientSettings client;
    };

    int receive() const;
    int send() const;
    /// Says itself what is wrong; the error is the exit status.
    [[nodiscard]] std::expected<Connection, int> connection() const;
    [[nodiscard]] homespun::base::Result<homespun::sync::easysetup::Credentials> credentials() const;
    [[nodiscard]] homespun::base::Result<homespun::sync::easysetup::Pin> ask_for_pin() const;
    [[nodiscard]] std::chrono::milliseconds poll_interval() const;

    const CommonOptions& common_;
    std::string server_;
    int protocol_ = homespun::sync::easysetup::newest_version;
    double poll_s_ = 1;
    // receive
    std::string save_;
    bool show_ = false;
    // send
    std::string pin_, saved_, account_, password_file_, sync_key_file_, url_;
};
