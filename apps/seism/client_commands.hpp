#pragma once
#include <span>
#include <string>

/// The verbs of `toxiproxy-cli`: words[0] is the verb, `host` the URL of the server unless an option says
/// another. The exit status; 2 when the words make no sense.
int run_client(std::span<const std::string> words, std::string host);
/// `seism types`: what a toxic can be.
int list_types();
/// What can be asked for, for people.
void print_client_usage(std::FILE* to);
