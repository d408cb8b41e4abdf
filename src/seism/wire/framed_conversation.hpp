#pragma once
#include <cstdint>
#include <string_view>

#include "seism/wire/chosen_fault.hpp"
#include "seism/wire/conversation.hpp"
#include "seism/wire/message_cutter.hpp"
#include "seism/wire/outlet.hpp"

namespace homespun::seism::wire {

/// Kinds that are no message of the protocol and end or hold the connection: `close`, `reset`, `hang` and
/// `garbage`, which in these protocols is always 64 bytes of 0x80 and then FIN.
[[nodiscard]] bool is_wordless(const Fault& fault);
/// Whether the server does the request and the beginning of its answer passes before the fault.
[[nodiscard]] bool cuts_answer(const Fault& fault);

/// A protocol of messages whose first bytes tell their lengths, both ways. This class cuts the messages,
/// passes them on, gives up and ends; a protocol says what each message means, and keeps what is awaited.
///
/// Where a function returns `bool`, false says that no further message is cut: the conversation has ended,
/// has given up, or (otherwise) gives up then.
class FramedConversation : public Conversation {
  public:
    FramedConversation(Judge& judge, const ConversationOptions& options) : judge_(judge), options_(options) {}

    void opened(Effects& effects) final;
    void from_client(std::string_view bytes, Effects& effects) final;
    void from_server(std::string_view bytes, Effects& effects) final;
    void client_ended(Effects& effects) final;
    void server_ended(Effects& effects) final;
    [[nodiscard]] bool is_opaque() const final { return life_ == Life::opaque; }

  protected:
    /// The connection itself has got a fault; nothing was said yet.
    virtual void met_at_opening(const ChosenFault& chosen, Outlet& out) = 0;

    /// A message of the client: how long it is, its beginning, its end. `begin_client` passes the beginning
    /// on itself; what follows passes if `client_passes_`.
    [[nodiscard]] virtual Extent measure_client(std::string_view start) const = 0;
    virtual bool begin_client(std::string_view start, Outlet& out) = 0;
    virtual bool end_client(Outlet& out) = 0;
    /// `begin_client` or `end_client` stopped because TLS begins behind this message. Asked once.
    virtual bool starts_tls() { return false; }

    /// The same of the server.
    [[nodiscard]] virtual Extent measure_server(std::string_view start) const = 0;
    virtual bool begin_server(std::string_view start, Outlet& out) = 0;
    virtual bool end_server(Outlet& out) = 0;
    /// A piece of a message, if `server_passes_`.
    virtual bool pass_to_client(std::string_view bytes, Outlet& out);

    /// Whether what the server is saying is not for the client.
    [[nodiscard]] virtual bool is_swallowing() const = 0;
    /// Whether the client waits for something that only we can tell it.
    [[nodiscard]] virtual bool owes_client() const = 0;
    /// Nothing is awaited any more: all passes from here.
    virtual void forget_awaited() {}

    /// Passes `bytes`, but no more than `limit`, which shrinks by them. Whether more may pass.
    static bool pass_limited(std::string_view bytes, std::uint64_t& limit, Outlet& out);
    /// Tells the client `words`, or garbage for that kind, and ends the connection if `ends`. Whether the
    /// conversation goes on.
    bool tell(const ChosenFault& chosen, std::string_view words, bool ends, Outlet& out);

    /// Passes all on from here, or ends the connection, if something is owed to the client. Always false.
    bool give_up(Outlet& out);
    /// The same, where the beginning of a message was not understood.
    bool give_up_at_client(std::string_view start, Outlet& out);
    bool give_up_at_server(std::string_view start, Outlet& out);

    Judge& judge_;
    const ConversationOptions options_;
    std::uint64_t ordinal_ = 0;
    MessageCutter server_;
    bool client_passes_ = true, server_passes_ = true;  ///< the message that is coming in
    bool ending_ = false;  ///< a fault that ends the connection is chosen: nothing new is taken

  private:
    enum class Life : std::uint8_t { speaking, opaque, ended };
    struct ClientSide;
    struct ServerSide;

    void stopped(std::string_view left_of_client, std::string_view left_of_server, Outlet& out);

    Life life_ = Life::speaking;
    MessageCutter client_;
};

}  // namespace homespun::seism::wire
