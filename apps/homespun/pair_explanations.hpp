#pragma once
#include <string>

#include "sync/easysetup/failure.hpp"
#include "sync/easysetup/messages.hpp"

/// Why a pairing ended and what a person can do now. `begun`: the sender has seen that the PIN is right, or
/// the receiver that the other device answers. The name of the error, as clients report it, stands at the
/// end.
std::string explain(const homespun::sync::easysetup::Failure& failure, homespun::sync::easysetup::Role role,
                    bool begun);
