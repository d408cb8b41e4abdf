#pragma once
#include <span>
#include <string>

/// `seism server`, and all of `toxiproxy-server`: proxies and their API, until a signal comes. The exit
/// status.
int run_server(std::span<const std::string> words);
