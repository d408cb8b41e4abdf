#pragma once
#include <chrono>
#include <coroutine>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/http/application.hpp"
#include "net/http/parser.hpp"
#include "net/http/writer.hpp"
#include "net/io/asio.hpp"
#include "net/io/loop.hpp"
#include "net/io/server.hpp"

namespace homespun::net {

class Connection;

/// What the connections of one loop share. Lives on its loop, outlives its connections.
struct LoopShare {
    LoopShare(Loop& its_loop, http::Application& application, const base::Clock& clock, base::Logger& logger,
              const ServerLimits& limits, ServerTies its_ties)
        : loop(its_loop),
          application(application),
          clock(clock),
          logger(logger),
          limits(limits),
          ties(std::move(its_ties)) {}

    Loop& loop;
    http::Application& application;
    const base::Clock& clock;
    base::Logger& logger;
    const ServerLimits limits;
    const ServerTies ties;
    http::CachedDate date;
    std::size_t number = 0;  ///< of the loop, from 0
    bool draining = false;
    std::vector<Connection*> connections;  ///< each knows its index
    std::function<void()> on_close;        ///< after a connection has left the list
    std::uint64_t held = 0;                ///< bytes of large bodies and answers of all connections
    std::uint64_t most_held = 0;

    /// Reading buffers of `limits.head_bytes`; a few are kept for the next borrower.
    std::unique_ptr<char[]> borrow_buffer();
    void give_back(std::unique_ptr<char[]> buffer);

    /// Ends those longest under way, but not `keep`, until a quarter of the room for bodies and answers is
    /// free.
    void free_memory(const Connection& keep);
    /// Ends a connection that has done nothing for long; false when there is none. Looks at some only.
    bool make_room();
    void tell(Ending ending) const {
        if (ties.on_ending) ties.on_ending(ending);
    }

  private:
    std::size_t next_look_ = 0;  ///< where `make_room` goes on
    std::vector<std::unique_ptr<char[]>> spare_buffers_;
};

/// One accepted connection, on one loop. While idle it holds neither buffer nor exchange. Keeps itself alive
/// through the operations that are pending on it.
class Connection final : public std::enable_shared_from_this<Connection> {
  public:
    Connection(LoopShare& share, Socket socket, std::string remote);
    ~Connection();

    void start();
    /// Called by the loop's sweep: ends what has taken too long.
    void check_deadline(std::chrono::steady_clock::time_point now);
    /// No more requests after the current one; closes at once when idle.
    void drain();
    /// Closes, and says why.
    void end(Ending ending);

    /// How little would be lost if this connection went, to make room for another.
    enum class Use { none, waiting, moving, working };
    [[nodiscard]] Use use() const;
    [[nodiscard]] std::chrono::steady_clock::time_point since() const { return since_; }
    /// When the current request began, and what it holds in memory; 0 when that is little.
    [[nodiscard]] std::chrono::steady_clock::time_point began() const { return began_; }
    [[nodiscard]] std::uint64_t held() const { return held_; }

    std::size_t index = 0;  ///< in LoopShare::connections

  private:
    enum class State { idle, head, body, handling, writing, lingering, closed };
    struct Exchange;
    class Stream;

    void enter(State state);
    void hold(std::uint64_t bytes);
    void restart_window();
    void log_fault(std::string_view fault);
    void wait_idle();
    void begin_exchange();
    void read_more();
    void on_read(const ErrorCode& error, std::size_t size);
    void consume();
    void consume_head();
    void consume_body();
    bool accept_plan();
    void send_continue();
    void dispatch();
    void refuse(http::Refusal refusal);
    void respond(http::Response response);
    void write_flat(std::string head, std::string body);
    void write_rest();
    void write_file();
    void write_streamed();
    void finish_response();
    void hand_over();
    void linger();
    void close();
    void wake_stream();

    LoopShare& share_;
    Socket socket_;
    std::string remote_;
    const bool by_proxy_;  ///< the peer is a trusted proxy, so that each request may be somebody else's
    State state_ = State::idle;
    bool close_after_ = false;
    std::chrono::steady_clock::time_point since_;  ///< when the state was entered
    std::uint64_t progress_ = 0;                   ///< bytes moved in this state
    std::chrono::steady_clock::time_point began_;  ///< when the exchange began
    std::uint64_t held_ = 0;                       ///< of LoopShare::held
    std::unique_ptr<char[]> buffer_;
    std::size_t begin_ = 0, end_ = 0;  ///< unused bytes in buffer_
    std::shared_ptr<Exchange> exchange_;
};

}  // namespace homespun::net
