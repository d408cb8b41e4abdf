#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stampede/results/run.hpp"

namespace homespun::stampede {

/// Whether runs may be compared at all: figures from two environments differ whatever the server does.

/// Where a target is: "this machine", "the local network" or "elsewhere".
std::string_view place_of(std::string_view url);

/// What may differ between runs that are compared: when, what was tested, what it is called.
bool is_volatile(std::string_view environment_key);

/// In what the two were not made alike, one sentence each; `called_a` and `called_b` name the runs in them.
std::vector<std::string> differences(const Run& a, const Run& b, std::string_view called_a,
                                     std::string_view called_b);

/// The values of all entries of that key, with ", " between.
std::string environment_of(const Run& run, std::string_view key);
/// What a run is called where many stand together: its labels, else its commit, else when it began.
std::string label_of(const Run& run);
/// "2026-11-21 14:03", in UTC.
std::string time_of(const Run& run);

/// Text of a run for a terminal or JSON: control characters, and all that is not ASCII where it is not UTF-8,
/// become "?".
std::string printable(std::string_view text);
/// A load for people: the shortest text.
std::string load_text(double load);

}  // namespace homespun::stampede
