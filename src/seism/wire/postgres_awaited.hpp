#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "seism/wire/chosen_fault.hpp"

namespace homespun::seism::wire {

/// An answer, up to its ReadyForQuery, that the client waits for, or that only we do.
struct PostgresAwaited {
    /// How the server's answer is treated.
    enum class Role : std::uint8_t {
        plain,    ///< it passes
        ours,     ///< there is none: the server knows nothing of it, or will not come to answer
        failing,  ///< the server got what fails; its error becomes ours
        after,    ///< the server did it; the answer is swallowed from the faulty request's on, then the fault
                  ///< told
        cut,      ///< some bytes of it pass, from the faulty request's on, then the connection ends
        silent,   ///< only its ReadyForQuery is for the client
    };

    Role role = Role::plain;
    std::optional<ChosenFault> chosen = {};
    std::size_t asked = 0;      ///< of the extended protocol: messages that are answered one by one
    std::size_t answered = 0;   ///< so many of them
    std::size_t before = 0;     ///< that come before the faulty request's answer
    std::uint64_t passing = 0;  ///< bytes of a cut answer
    bool is_login = false;
    bool is_followed = false;  ///< what fails was sent behind it, its ReadyForQuery comes from there

    [[nodiscard]] bool at_fault() const { return chosen.has_value() && answered >= before; }
};

}  // namespace homespun::seism::wire
