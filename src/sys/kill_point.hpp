#pragma once

/// Places at which a test makes this process end as `kill -9` would, and mistakes that a test plants to see
/// that it is noticed. In test builds only (HOMESPUN_TEST_CONTROL); otherwise both compile to nothing.
/// docs/faults.md lists the names.
#ifdef HOMESPUN_TEST_CONTROL
#include <string_view>

namespace homespun::sys {

/// Ends the process by SIGKILL at the nth pass of this point, if the environment says so:
/// `HOMESPUN_KILL_AT=NAME:N` or `NAME:N:MILLISECONDS`, which waits there first. N counts from 1, over all
/// threads. Read once, at the first pass of any point. Thread-safe.
void pass_kill_point(std::string_view name);

/// True when the environment asks for this mistake: `HOMESPUN_PLANTED_FAULT=NAME`. Thread-safe.
bool has_planted_fault(std::string_view name);

}  // namespace homespun::sys

#define HOMESPUN_KILL_POINT(name) ::homespun::sys::pass_kill_point(name)
#define HOMESPUN_PLANTED_FAULT(name) ::homespun::sys::has_planted_fault(name)
#else
#define HOMESPUN_KILL_POINT(name) static_cast<void>(0)
#define HOMESPUN_PLANTED_FAULT(name) false
#endif
