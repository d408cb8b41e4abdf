#include "barrel/rbr/hints.hpp"

#include <array>
#include <span>

namespace homespun::barrel::rbr {
namespace {

struct Hint {
    std::string_view word;
    std::string_view text;
};

constexpr std::string_view in_path = "this stands inside `path NAME ( … );`";
constexpr std::string_view in_request_body = "this stands inside `request-body ( … )`";
constexpr std::string_view limits =
    "there is no rule for this in RBR: decide it in the handler or in the native of `auth`";

constexpr std::array definitions = {
    Hint{"worker",
         "kinds of workers come with the arbiter and are chosen in its configuration, not in a contract"},
    Hint{"arbiter",
         "pools of workers come with the arbiter and are described in its configuration, not in a contract"},
    Hint{"pool",
         "pools of workers come with the arbiter and are described in its configuration, not in a contract"},
    Hint{"schema", "declare `type NAME native:NAME;` and check with `unless type is NAME return 422`"},
    Hint{"include", "one contract is one file; a program mounts several of them"},
    Hint{"library", "natives are registered by the program or its plugins and bound by name: native:NAME"},
    Hint{"socket", "a contract describes requests; give the connection a path and let a native take it over"},
    Hint{"topic", "a contract describes requests; topics belong to the bus"},
    Hint{"group", "write the common part of the address as `root`, and the common checks in every path"},
    Hint{"define", "there was never a `define`; a constant is `global NAME value;`"},
    Hint{"method", in_path},
    Hint{"url", in_path},
    Hint{"use", in_path},
    Hint{"auth", in_path},
    Hint{"timeout", in_path},
    Hint{"request-headers", in_path},
    Hint{"request-body", in_path},
    Hint{"response-headers", in_path},
    Hint{"response-body", in_path},
    Hint{"response-status", in_path},
    Hint{"title", "this stands inside `meta ( … );`"},
    Hint{"version", "this stands inside `meta ( … );`"},
    Hint{"description", "this stands inside `meta ( … );` or a path"},
    Hint{"unless", "this stands inside a section of a path, such as `request-headers ( … )`"},
    Hint{"set", "this stands inside `response-headers ( … )` of a path"},
};

constexpr std::array statements = {
    Hint{"request-status",
         "it never had a meaning; `response-status ( describe 200 \"…\" )` describes answers"},
    Hint{"query", "a handler reads the query of its request itself"},
    Hint{"cookies",
         "check the header: `request-headers ( unless Cookie validates with native:NAME return 400 )`"},
    Hint{"response", "use `response-headers`, `response-body` and `response-status`"},
    Hint{"schema",
         "declare `type NAME native:NAME;` and check in `request-body ( unless type is NAME return 422 )`"},
    Hint{"scope", limits},
    Hint{"rate-limit", limits},
    Hint{"validate", "answers are checked in `response-body ( unless type is NAME return 500 )`"},
    Hint{"cache", "write `response-headers ( set Cache-Control \"max-age=60\" )`"},
    Hint{"cors",
         "answer with `options use native:NAME;` and `response-headers ( set Access-Control-Allow-Origin "
         "\"…\" )`"},
    Hint{"deprecated", "write `x-deprecated \"…\"`"},
    Hint{"tags", "write `x-tags (\"…\", \"…\")`"},
    Hint{"max-size", in_request_body},
    Hint{"content-type", in_request_body},
    Hint{"stream", in_request_body},
    Hint{"title", "a path is described with `description`"},
    Hint{"root", "`root` stands outside of the paths, once in a file"},
    Hint{"type",
         "`type` stands outside of the paths; checks are `unless type is NAME return CODE` inside a section"},
    Hint{"path", "the path before is not closed with `);`"},
    Hint{"on",
         "`on error return CODE` stands inside a section; `on error use native:NAME;` outside of the paths"},
    Hint{"unless", "this stands inside a section, such as `request-headers ( … )`"},
    Hint{"set", "this stands inside `response-headers ( … )`"},
    Hint{"alter", "this stands inside `request-body ( … )` or `response-body ( … )`"},
    Hint{"describe", "this stands inside `response-status ( … )`"},
    Hint{"methods", "write `method GET|POST`"},
    Hint{"handler", "write `use native:NAME`"},
};

constexpr std::array commands = {
    Hint{"schema", "declare `type NAME native:NAME;` and check with `unless type is NAME return 422`"},
    Hint{"header", "write `unless NAME type is TYPE return CODE` or `set NAME \"value\"`"},
    Hint{"if", "RBR has no expressions and no control flow: checks are `unless … return CODE`"},
    Hint{"else", "RBR has no expressions and no control flow: checks are `unless … return CODE`"},
    Hint{"return", "checks are `unless … return CODE`"},
    Hint{"validate", "write `unless NAME validates with native:NAME return CODE`"},
    Hint{"use", "`use` stands in the path, outside of its sections"},
    Hint{"method", "`method` stands in the path, outside of its sections"},
    Hint{"url", "`url` stands in the path, outside of its sections"},
    Hint{"auth", "`auth` stands in the path, outside of its sections"},
    Hint{"timeout", "`timeout` stands in the path, outside of its sections"},
};

constexpr std::array targets = {
    Hint{"python", "handlers are bound by name: native:NAME"},
    Hint{"lib", "handlers of plugins are bound by name too: native:NAME"},
    Hint{"proxy", "there is no proxy in this version; a native can forward the request"},
    Hint{"redirect", "a native answers with a Location header"},
    Hint{"http", "there is no proxy in this version; a native can forward the request"},
    Hint{"https", "there is no proxy in this version; a native can forward the request"},
    Hint{"dir", "write directory:PATH"},
};

constexpr std::array methods = {
    Hint{"OPTIONS",
         "the runtime answers OPTIONS itself; to answer differently write `options use native:NAME;`"},
    Hint{"TRACE", "TRACE shows headers to scripts that must not see them and is not served"},
    Hint{"CONNECT", "CONNECT is for proxies and is not served"},
};

std::string_view look_up(std::span<const Hint> hints, std::string_view word) {
    for (const Hint& hint : hints) {
        if (hint.word == word) return hint.text;
    }
    return {};
}

}  // namespace

std::string_view hint_for_definition(std::string_view word) {
    return look_up(definitions, word);
}
std::string_view hint_for_statement(std::string_view word) {
    return look_up(statements, word);
}
std::string_view hint_for_command(std::string_view word) {
    return look_up(commands, word);
}
std::string_view hint_for_target(std::string_view prefix) {
    return look_up(targets, prefix);
}
std::string_view hint_for_method(std::string_view name) {
    return look_up(methods, name);
}

}  // namespace homespun::barrel::rbr
