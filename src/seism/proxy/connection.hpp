#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "net/io/splice_pipe.hpp"
#include "net/io/stream_socket.hpp"
#include "net/io/tls_session.hpp"
#include "seism/proxy/events.hpp"
#include "seism/proxy/link.hpp"
#include "seism/proxy/tls_plan.hpp"
#include "seism/wire/http_conversation.hpp"

namespace homespun::seism {

class Connection;

/// What a connection asks of the engine that carries it.
class Carrier {
  public:
    virtual ~Carrier() = default;
    /// To read into; shared by all, good until the next read.
    virtual std::span<char> buffer() = 0;
    /// Carries out orders that came in the meantime. False: they ended the connection that asks.
    virtual bool obey(std::uint64_t connection_tag) = 0;
    /// The stage at this place has touched the connection for the first time; nobody has felt it yet.
    virtual void bitten(const Connection& connection, std::uint64_t place) = 0;
};

/// A client, its server, and a link each way. Lives on the engine's thread, which owns it, tells it what its
/// sockets are ready for and drives it; it ends by saying so.
class Connection final : private wire::Effects {
  public:
    Connection(std::uint64_t tag, std::uint64_t ordinal, net::StreamSocket client, ProxyCounts& counts,
               Time opened);

    static constexpr std::size_t client = 0, server = 1;
    static constexpr std::size_t up = 0, down = 1;  ///< links; each comes from the side of its number

    /// TLS of one side.
    struct Secure {
        net::TlsSession session;
        std::string out = {};  ///< to be sent as it is
    };
    struct Side {
        net::StreamSocket socket = {};
        ChunkQueue outbox{std::size_t{256} << 10};
        std::unique_ptr<net::SplicePipe> pipe = {};  ///< what comes from here goes through it, uncopied
        std::size_t bulk = 0;                        ///< bytes that came in large pieces, without a small one
        bool readable = false;                       ///< maybe
        bool writable = false;                       ///< maybe
        bool hung_up = false;                        ///< the end, or an error, is to be read
        bool end_is_near = false;                    ///< it is the end
        bool has_ended = false;                      ///< the peer says no more
        bool is_told = false;                        ///< the peer knows that no more comes
        bool keeps_back = false;  ///< its last bytes may be kept back, to leave together with the end
        std::unique_ptr<Secure> secure = {};

        [[nodiscard]] bool has_unsent() const {
            return outbox.has_chunk() || (secure && !secure->out.empty());
        }
    };

    enum class Step : std::uint8_t {
        wait,   ///< for sockets, or until `due`
        again,  ///< there is more to do; others first
        ended,  ///< both sockets are closed
    };
    /// Does all there is to do now.
    Step drive(Carrier& carrier, Time now);
    [[nodiscard]] Time due() const { return due_; }

    /// The server's socket is connected.
    void connected();
    [[nodiscard]] bool is_connected() const { return connected_; }
    /// What was let go is still sent, then both sides end (FIN).
    void close(Time now);
    /// Both sides end at once (RST).
    void reset() override;
    /// Both sides end at once (FIN); what is under way is dropped. `scratch` to read into.
    void end_now(std::span<char> scratch);

    /// From here on everything goes through a conversation; before anything was read.
    struct Talk {
        std::unique_ptr<wire::Judge> judge;
        std::unique_ptr<wire::ExchangeListener> listener = {};  ///< may be null
        std::unique_ptr<wire::Conversation> conversation = {};
    };
    void converse(Talk talk, Time now);

    /// Ends TLS of both sides where the client begins it; `plan` outlives the connection.
    void terminate_tls(const TlsPlan& plan) { tls_plan_ = &plan; }
    /// Why TLS with the server failed, once.
    std::string take_problem() { return std::exchange(problem_, {}); }

    [[nodiscard]] std::uint64_t tag() const { return tag_; }
    [[nodiscard]] std::uint64_t ordinal() const { return ordinal_; }
    [[nodiscard]] Time opened() const { return opened_; }
    [[nodiscard]] Side& side(std::size_t which) { return sides_[which]; }
    void insert(std::size_t link, std::uint64_t place, std::unique_ptr<Stage> stage) {
        push(link);
        copy_again(link);
        links_[link].insert(place, std::move(stage));
    }
    /// Takes a stage away; what it held goes on, or, if it is of that kind, the connection ends.
    void erase(std::size_t link, std::uint64_t place, Time now);
    /// Takes a stage away because another one comes in its place.
    void erase_for_another(std::size_t link, std::uint64_t place);

    Time dial_at = never;        ///< when the server is to be called
    Time dial_deadline = never;  ///< until when it must have taken the call
    Time scheduled = never;      ///< of the engine: its earliest alarm for this connection

  private:
    /// For what was let go to be sent before a close.
    static constexpr std::chrono::seconds closing_time{2};
    static constexpr std::size_t least_bulk = 16 << 10;  ///< smaller pieces are copied faster than spliced

    enum class State : std::uint8_t {
        carrying,
        held,       ///< nothing passes until somebody hangs up
        closing,    ///< the rest is sent, then both sides end
        lingering,  ///< the rest is sent, the client told, and what it still says dropped
        ended,
    };

    void to_client(std::string_view bytes) override;
    void to_server(std::string_view bytes) override;
    void drip_to_client(std::string_view bytes, std::chrono::milliseconds interval) override;
    void close() override;
    void hold() override;
    void start_tls(std::string_view unread) override;
    void end_to_server() override;
    void end_to_client() override;

    void carry(std::size_t link, Carrier& carrier, Time now);
    void listen_to_server();
    void take_end(std::size_t link, Time now);
    void drip(Time now);
    Step linger(std::span<char> scratch, Time now);
    bool read(std::size_t link, Carrier& carrier, Time now);
    void enter(std::size_t link, std::string_view bytes, Time now);
    // Bulk that nothing touches is not copied: splice.cpp.
    bool wants_splice(std::size_t link);
    bool splice(std::size_t link, Carrier& carrier, Time now);
    bool drain(std::size_t link);
    void copy_again(std::size_t link);
    /// Whether anything went.
    bool flush(std::size_t link);
    bool send_secure(std::size_t link, std::string_view bytes, std::size_t& sent);
    bool flush_secure(Side& side);
    bool decrypt(std::size_t link, std::string_view bytes, std::string& said);
    void hear(std::size_t link, std::string_view bytes, Time now);
    bool tell_end(Side& side);
    /// False: the socket is broken, and everything has ended.
    bool send(std::size_t link, std::string_view bytes, std::size_t& sent);
    void push(std::size_t link);
    void broken(std::size_t link, Time now);
    Step go_on_closing(Time now);
    void end();

    const std::uint64_t tag_, ordinal_;
    ProxyCounts& counts_;
    const Time opened_;
    std::array<Side, 2> sides_;
    std::array<Link, 2> links_;
    std::array<Time, 2> link_due_{never, never};
    /// Only with a conversation.
    struct Conversing {
        Talk with;
        ChunkQueue tail{std::size_t{64} << 10};  ///< where the link down ends; the conversation reads it
        std::string dripping = {};  ///< goes to the client byte by byte; what is said later waits
        std::chrono::milliseconds interval{};
        Time next_drop = never;
        std::string after_dripping = {};
    };
    std::unique_ptr<Conversing> talk_;
    Time now_{};  ///< of the drive under way

    const TlsPlan* tls_plan_ = nullptr;
    std::string problem_;
    std::string unread_;  ///< TLS of the client, come together with what asked for TLS
    State state_ = State::carrying;
    bool connected_ = false;
    bool has_heard_client_ = false;
    bool resets_at_the_end_ = false;
    Time due_ = never, close_deadline_ = never;
};

}  // namespace homespun::seism
