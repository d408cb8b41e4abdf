#include "pair_explanations.hpp"

#include <fmt/format.h>

using namespace homespun;
using sync::easysetup::ErrorCode;
using sync::easysetup::Failure;
using sync::easysetup::Role;

namespace {

constexpr std::string_view anew =
    "Begin again at the new device: it shows another PIN, as each is good for one try.";

std::string advice(const Failure& failure, Role role, bool begun) {
    switch (failure.code) {
        case ErrorCode::channel:
        case ErrorCode::server:
            return fmt::format(
                "If the address is that of a key exchange (the browsers' preference "
                "services.sync.jpake.serverURL), its log says why. {}",
                anew);
        case ErrorCode::network:
            return fmt::format("Check the address and the network. {}", anew);
        case ErrorCode::timeout:
            return fmt::format("Is the other device still there, with access to the same key exchange? {}",
                               anew);
        case ErrorCode::keymismatch:
            return std::string(anew);
        case ErrorCode::nodata:
            if (role == Role::sender && begun)
                return "Look at the other device: it may have got everything, for only the confirmation is "
                       "missing.";
            if (role == Role::sender)
                return fmt::format("Were the last four letters of the PIN right? They name the channel. {}",
                                   anew);
            if (begun) return fmt::format("Most likely a wrong PIN was typed there. {}", anew);
            return std::string(anew);
        case ErrorCode::userabort:
            return "The other device is told.";
        case ErrorCode::invalid:
        case ErrorCode::wrongmessage:
            return fmt::format(
                "Somebody changed the messages, or the other device is no client of Easy Setup. {}", anew);
        case ErrorCode::delayunsupported:
        case ErrorCode::internal:
            return std::string(anew);
    }
    return std::string(anew);
}

}  // namespace

std::string explain(const Failure& failure, Role role, bool begun) {
    return fmt::format("{}. {} ({})", failure.detail, advice(failure, role, begun), name_of(failure.code));
}
