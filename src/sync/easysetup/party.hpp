#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "net/http/headers.hpp"
#include "net/http/parser.hpp"
#include "sync/easysetup/failure.hpp"
#include "sync/easysetup/messages.hpp"

namespace homespun::sync::easysetup {

/// How long an answer may take before `Party::unanswered`.
constexpr std::chrono::seconds request_timeout{60};
/// Between two questions whether the other side has written.
constexpr std::chrono::milliseconds usual_poll_interval{1000};

/// What to send to the key-exchange server.
struct Request {
    std::string method;
    std::string path;  ///< below the server's base, with its slash: `/new_channel`, `/eg2m`, `/report`
    net::http::Headers headers;
    std::string body;
    std::chrono::milliseconds wait{0};  ///< how long to rest before sending it
};

/// One side of a pairing as seen by its server: gives one request after the other and is told what became of
/// each (sheet 5.1, 6.1, 6.3, 6.4). What the messages say is the business of `Receiver` and `Sender`.
///
///     while (const auto* request = party.request()) {
///         … rest, send it …
///         answer ? party.answered(*answer) : party.unanswered();
///     }
///
/// Used by one thread; no I/O. The random numbers outlive it. From version 2 on a request whose answer was
/// lost is repeated as it was, and a PUT's 412 then means that it had arrived; in version 1 a lost answer is
/// the end.
class Party {
  public:
    virtual ~Party() = default;
    Party(const Party&) = delete;
    Party& operator=(const Party&) = delete;

    /// What to send now. Null when all is over, or while `Sender` waits for credentials. The same until it is
    /// answered.
    [[nodiscard]] const Request* request() const { return request_ ? &*request_ : nullptr; }
    /// The answer to `request()`.
    void answered(const net::http::ClientResponse& answer);
    /// There will be none: no connection, it broke, or the time is up.
    void unanswered();
    /// The person gives up; what is left to send is the report. Nothing happens when all is over.
    void abort();

    /// Why it ended, if it did not end well; set as soon as it is known, before the report is sent.
    [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }
    /// Nothing more will be sent.
    [[nodiscard]] bool over() const { return stage_ == Stage::over; }

  protected:
    Party(Role role, Version version, base::Random& random, std::chrono::milliseconds poll_interval);

    /// The channel is there, `channel()`.
    virtual void on_channel() {}
    /// Our last message has arrived at the server.
    virtual void on_uploaded() = 0;
    /// The other side's next message.
    virtual void on_message(std::string_view text) = 0;

    void ask_for_channel();
    void use_channel(std::string channel) { channel_ = std::move(channel); }
    void upload(std::string message);
    /// Asks for what the other side writes until something new is there, in vain at most for `patience`.
    void poll(std::chrono::seconds patience);
    /// Nothing to send until the person acts.
    void rest();
    /// All went well. The channel is left to the server, which ends it with the sixth delivery: the sender
    /// may have to repeat its last message, and must find there that it had arrived.
    void complete() { end(); }
    void give_up(Failure failure);
    void give_up(const base::jpake::Failure& failure, std::string_view message);

    [[nodiscard]] Role role() const { return role_; }
    [[nodiscard]] Version version() const { return version_; }
    [[nodiscard]] const std::string& channel() const { return channel_; }
    [[nodiscard]] base::Random& random() const { return random_; }

  private:
    enum class Stage : std::uint8_t { channel, upload, poll, rest, parting, over };

    Request& ask(Stage stage, std::string_view method, std::string path, std::string body = {});
    void end();
    void take_channel(const net::http::ClientResponse& answer);
    void take_upload(const net::http::ClientResponse& answer);
    void take_poll(const net::http::ClientResponse& answer);
    void give_up_at(int status);

    const Role role_;
    const Version version_;
    const std::chrono::milliseconds poll_interval_;
    base::Random& random_;
    const std::string client_id_;
    std::string channel_, own_tag_, peer_tag_;
    Stage stage_ = Stage::rest;
    std::optional<Request> request_;
    int tries_left_ = 0;
    int repeats_ = 0;  ///< of the request under way
    std::optional<Failure> failure_;
};

}  // namespace homespun::sync::easysetup
