#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace homespun::stampede {

/// Numbers as reports print them: as many digits as mean something, thousands with commas. What is no finite
/// number is "–", what failed requests forbid to give is "—".

std::string count_text(std::uint64_t count);
/// Loads, rates, users: 0.25, 12.5, 495, 12,300.
std::string rate_text(double value);
/// Milliseconds without the unit, three digits: 0.434, 18.1, 3,101.
std::string ms_text(double ms);
std::string ms_text(const std::optional<double>& ms);
/// With the unit that suits: 0.434 ms, 18.1 ms, 3.10 s.
std::string time_text(double ms);
std::string time_text(const std::optional<double>& ms);
/// Seconds: 4 s, 2.5 s, 3:20 min.
std::string seconds_text(double seconds);
/// A share as percent: 0 %, 0.25 %, 51.8 %; never 0 % for what is more than nothing.
std::string share_text(double share);
/// 512 B, 1.5 MiB.
std::string bytes_text(std::uint64_t bytes);

/// `count` and the noun in the fitting number: "1 level", "3 levels".
std::string counted(std::uint64_t count, std::string noun);

}  // namespace homespun::stampede
