#include "seism/wire/framed_conversation.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "seism/wire/fault_effects.hpp"

namespace homespun::seism::wire {

bool is_wordless(const Fault& fault) {
    static constexpr std::array<std::string_view, 4> kinds = {"close", "reset", "hang", "garbage"};
    return std::ranges::find(kinds, fault.kind) != kinds.end();
}

bool cuts_answer(const Fault& fault) {
    return is_wordless(fault) && fault.bytes > 0;
}

struct FramedConversation::ClientSide {
    FramedConversation& self;
    Outlet& out;
    Extent measure(std::string_view start) const { return self.measure_client(start); }
    bool begin(std::string_view start) { return self.begin_client(start, out); }
    bool rest(std::string_view bytes) {
        if (self.client_passes_) out.pass_to_server(bytes);
        return true;
    }
    bool end() { return self.end_client(out); }
    void settle() { out.settle(); }
};

struct FramedConversation::ServerSide {
    FramedConversation& self;
    Outlet& out;
    Extent measure(std::string_view start) const { return self.measure_server(start); }
    bool begin(std::string_view start) { return self.begin_server(start, out); }
    bool rest(std::string_view bytes) { return self.pass_to_client(bytes, out); }
    bool end() { return self.end_server(out); }
    void settle() { out.settle(); }
};

void FramedConversation::opened(Effects& effects) {
    const Request request{.verb = "connect", .subject = {}};
    const auto* fault = judge_.judge(request);
    if (fault == nullptr) return;
    Outlet out(effects);
    met_at_opening(ChosenFault(*fault, request), out);
}

void FramedConversation::from_client(std::string_view bytes, Effects& effects) {
    if (life_ == Life::ended) return;
    if (life_ == Life::opaque) return effects.to_server(bytes);
    Outlet out(effects);
    ClientSide side{*this, out};
    if (client_.feed(bytes, side)) return;
    if (starts_tls()) return out.effects().start_tls(client_.left());
    stopped(client_.left(), {}, out);
}

void FramedConversation::from_server(std::string_view bytes, Effects& effects) {
    if (life_ == Life::ended) return;
    if (life_ == Life::opaque) return effects.to_client(bytes);
    Outlet out(effects);
    ServerSide side{*this, out};
    if (!server_.feed(bytes, side)) stopped({}, server_.left(), out);
}

/// Says what nobody has seen yet, unless the connection has ended.
void FramedConversation::stopped(std::string_view left_of_client, std::string_view left_of_server,
                                 Outlet& out) {
    if (life_ == Life::speaking) give_up(out);
    if (life_ != Life::opaque) return;
    out.to_server(client_.take_kept());
    out.to_server(left_of_client);
    out.to_client(server_.take_kept());
    out.to_client(left_of_server);
}

void FramedConversation::client_ended(Effects& effects) {
    if (const auto kept = client_.take_kept(); !kept.empty() && life_ == Life::speaking)
        effects.to_server(kept);
    effects.end_to_server();
}

void FramedConversation::server_ended(Effects& effects) {
    if (const auto kept = server_.take_kept(); !kept.empty() && life_ == Life::speaking && !is_swallowing())
        effects.to_client(kept);
    effects.end_to_client();
}

bool FramedConversation::pass_to_client(std::string_view bytes, Outlet& out) {
    if (server_passes_) out.pass_to_client(bytes);
    return true;
}

bool FramedConversation::pass_limited(std::string_view bytes, std::uint64_t& limit, Outlet& out) {
    const auto part = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(limit, bytes.size())));
    out.pass_to_client(part);
    limit -= part.size();
    return limit > 0;
}

bool FramedConversation::tell(const ChosenFault& chosen, std::string_view words, bool ends, Outlet& out) {
    const auto& fault = chosen.fault();
    if (fault.kind == "garbage")
        out.to_client(std::string(64, '\x80'));
    else if (!words.empty())
        out.to_client(words);
    chosen.tell_bitten(judge_);
    if (!ends) return true;
    life_ = Life::ended;
    end_abruptly(fault, out.effects());
    return false;
}

bool FramedConversation::give_up(Outlet& out) {
    if (owes_client()) {
        life_ = Life::ended;
        out.effects().close();
        return false;
    }
    life_ = Life::opaque;
    forget_awaited();
    return false;
}

bool FramedConversation::give_up_at_client(std::string_view start, Outlet& out) {
    give_up(out);
    if (is_opaque()) out.pass_to_server(start);
    return false;
}

bool FramedConversation::give_up_at_server(std::string_view start, Outlet& out) {
    give_up(out);
    if (is_opaque()) out.pass_to_client(start);
    return false;
}

}  // namespace homespun::seism::wire
