#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "net/io/stream_socket.hpp"
#include "seism/proxy/events.hpp"
#include "seism/proxy/link.hpp"
#include "seism/wire/conversation.hpp"

namespace homespun::seism {

/// What a connection asks of the engine that carries it.
class Carrier {
  public:
    virtual ~Carrier() = default;
    /// To read into; shared by all, good until the next read.
    virtual std::span<char> buffer() = 0;
    /// Carries out orders that came in the meantime. False: they ended the connection that asks.
    virtual bool obey(std::uint64_t connection_tag) = 0;
};

/// Something that was chosen for a connection when it came.
enum class Opening : std::uint8_t { dial, reject, blackout };

/// A client, its server, and a link each way. Lives on the engine's thread, which owns it, tells it what its
/// sockets are ready for and drives it; it ends by saying so.
class Connection final : private wire::Effects {
  public:
    Connection(std::uint64_t tag, std::uint64_t ordinal, net::StreamSocket client, ProxyCounts& counts,
               Time opened);

    static constexpr std::size_t client = 0, server = 1;
    static constexpr std::size_t up = 0, down = 1;  ///< links; each comes from the side of its number

    struct Side {
        net::StreamSocket socket = {};
        ChunkQueue outbox{std::size_t{256} << 10};
        bool readable = false;   ///< maybe
        bool writable = false;   ///< maybe
        bool hung_up = false;    ///< the end, or an error, is to be read
        bool has_ended = false;  ///< the peer says no more
        bool is_told = false;    ///< the peer knows that no more comes
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
    void converse(std::unique_ptr<wire::Judge> judge, std::unique_ptr<wire::Conversation> conversation,
                  Time now);

    [[nodiscard]] std::uint64_t tag() const { return tag_; }
    [[nodiscard]] std::uint64_t ordinal() const { return ordinal_; }
    [[nodiscard]] Time opened() const { return opened_; }
    [[nodiscard]] Side& side(std::size_t which) { return sides_[which]; }
    void insert(std::size_t link, std::uint64_t place, std::unique_ptr<Stage> stage) {
        links_[link].insert(place, std::move(stage));
    }
    /// Takes a stage away; what it held goes on, or, if it is of that kind, the connection ends.
    void erase(std::size_t link, std::uint64_t place, Time now);
    /// Takes a stage away because another one comes in its place.
    void erase_for_another(std::size_t link, std::uint64_t place);
    /// Places of stages that bit for the first time since the last call, with their link.
    struct Bitten {
        std::size_t link;
        std::uint64_t place;
    };
    std::vector<Bitten> take_bitten() { return std::exchange(bitten_, {}); }

    Time dial_at = never;        ///< when the server is to be called
    Time dial_deadline = never;  ///< until when it must have taken the call
    Time scheduled = never;      ///< of the engine: its earliest alarm for this connection

  private:
    /// For what was let go to be sent before a close.
    static constexpr std::chrono::seconds closing_time{2};

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
    void end_to_server() override;
    void end_to_client() override;

    void carry(std::size_t link, Time now);
    void listen_to_server();
    void take_end(std::size_t link, Time now);
    void drip(Time now);
    Step linger(std::span<char> scratch, Time now);
    bool read(std::size_t link, Carrier& carrier, Time now);
    void enter(std::size_t link, std::string_view bytes, Time now);
    /// Whether anything went.
    bool flush(std::size_t link);
    /// False: the socket is broken, and everything has ended.
    bool send(std::size_t link, std::string_view bytes, std::size_t& sent);
    void broken(std::size_t link, Time now);
    Step go_on_closing(Time now);
    void end();

    const std::uint64_t tag_, ordinal_;
    ProxyCounts& counts_;
    const Time opened_;
    std::array<Side, 2> sides_;
    std::array<Link, 2> links_;
    std::array<Time, 2> link_due_{never, never};
    /// Only with a conversation. Where the link down ends; the conversation reads it.
    struct Talk {
        std::unique_ptr<wire::Judge> judge;
        std::unique_ptr<wire::Conversation> conversation;
        ChunkQueue tail{std::size_t{64} << 10};
        std::string dripping = {};  ///< goes to the client byte by byte; what is said later waits
        std::chrono::milliseconds interval{};
        Time next_drop = never;
        std::string after_dripping = {};
    };
    std::unique_ptr<Talk> talk_;
    Time now_{};  ///< of the drive under way
    std::vector<Bitten> bitten_;
    State state_ = State::carrying;
    bool connected_ = false;
    bool resets_at_the_end_ = false;
    Time due_ = never, close_deadline_ = never;
};

}  // namespace homespun::seism
