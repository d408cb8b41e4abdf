#pragma once
#include <string_view>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// What a conversation says during one call. Neighbouring pieces of one buffer leave as one, so that a
/// thousand rows are one effect and not a thousand. Lives on the stack of the call; says what is left when it
/// goes.
class Outlet {
  public:
    explicit Outlet(Effects& effects) : effects_(effects) {}
    Outlet(const Outlet&) = delete;
    Outlet& operator=(const Outlet&) = delete;
    ~Outlet() { settle(); }

    /// `bytes` must stay until `settle`.
    void pass_to_client(std::string_view bytes) { join(client_, bytes, &Effects::to_client); }
    void pass_to_server(std::string_view bytes) { join(server_, bytes, &Effects::to_server); }
    /// Said now, after what was passed before.
    void to_client(std::string_view bytes) {
        flush(client_, &Effects::to_client);
        if (!bytes.empty()) effects_.to_client(bytes);
    }
    void to_server(std::string_view bytes) {
        flush(server_, &Effects::to_server);
        if (!bytes.empty()) effects_.to_server(bytes);
    }
    /// Says all that was passed; its bytes may go now.
    void settle() {
        flush(client_, &Effects::to_client);
        flush(server_, &Effects::to_server);
    }
    /// For what is neither passing nor saying: `close`, `reset`, `hold`.
    Effects& effects() {
        settle();
        return effects_;
    }

  private:
    using Say = void (Effects::*)(std::string_view);

    void join(std::string_view& run, std::string_view bytes, Say say) {
        if (bytes.empty()) return;
        if (!run.empty() && run.data() + run.size() == bytes.data()) {
            run = {run.data(), run.size() + bytes.size()};
            return;
        }
        flush(run, say);
        run = bytes;
    }
    void flush(std::string_view& run, Say say) {
        if (run.empty()) return;
        const auto bytes = run;
        run = {};
        (effects_.*say)(bytes);
    }

    Effects& effects_;
    std::string_view client_, server_;
};

}  // namespace homespun::seism::wire
