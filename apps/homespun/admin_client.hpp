#pragma once
#include <chrono>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

/// Asks the server that runs on this data directory, over its admin socket, and gives what it answers. The
/// error says what to do when none runs.
homespun::base::Result<homespun::base::json::Value> ask_server(
    const std::string& data_directory, std::string method, std::string target, std::string body = {},
    std::chrono::milliseconds timeout = std::chrono::seconds(30));
