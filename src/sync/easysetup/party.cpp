#include "sync/easysetup/party.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "sync/easysetup/pin.hpp"

namespace homespun::sync::easysetup {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t client_id_bytes = 128;  // the server wants exactly 256 characters
constexpr std::chrono::milliseconds before_repeat = 2s;
constexpr int most_repeats = 5;

}  // namespace

Party::Party(Role role, Version version, base::Random& random, std::chrono::milliseconds poll_interval)
    : role_(role),
      version_(version),
      poll_interval_(poll_interval),
      random_(random),
      client_id_(base::hex_encode(random.bytes(client_id_bytes))) {}

void Party::answered(const net::http::ClientResponse& answer) {
    switch (stage_) {
        case Stage::channel:
            return take_channel(answer);
        case Stage::upload:
            return take_upload(answer);
        case Stage::poll:
            return take_poll(answer);
        case Stage::parting:
            return end();  // whatever it was: we are done
        case Stage::rest:
        case Stage::over:
            return;  // nothing was asked
    }
}

void Party::unanswered() {
    if (!request_) return;
    if (stage_ == Stage::parting) return end();
    if (version_ < hardened_version) return give_up({ErrorCode::network, "the server did not answer"});
    if (repeats_ == most_repeats)
        return give_up(
            {ErrorCode::network, fmt::format("the server did not answer, {} times", repeats_ + 1)});
    ++repeats_;
    request_->wait = before_repeat;
}

void Party::abort() {
    if (stage_ == Stage::over || stage_ == Stage::parting) return;
    give_up({ErrorCode::userabort, "given up by the person"});
}

void Party::take_channel(const net::http::ClientResponse& answer) {
    if (answer.status != 200) {
        const auto* meaning =
            answer.status == 403
                ? ": this address has too many channels open, asked too often, or may not ask"
            : answer.status == 503 ? ": none is free now, try again later"
                                   : "";
        return give_up({ErrorCode::channel,
                        fmt::format("the server gave no channel, but status {}{}", answer.status, meaning)});
    }
    const auto name = base::json::parse(answer.body);
    const auto* text = name ? name->string() : nullptr;
    if (text == nullptr || !is_channel(*text))
        return give_up({ErrorCode::channel, "what the server gave is no name of a channel"});
    channel_ = *text;
    on_channel();
}

void Party::take_upload(const net::http::ClientResponse& answer) {
    // To a repeated PUT, "precondition failed" means that the first one had arrived (sheet 6.3).
    const bool arrived_before = answer.status == 412 && repeats_ > 0;
    if (answer.status != 200 && !arrived_before) return give_up_at(answer.status);
    const auto tag = answer.headers.find("ETag");
    if (!tag || tag->empty()) return give_up({ErrorCode::server, "the server gave no ETag for our message"});
    own_tag_ = *tag;
    on_uploaded();
}

void Party::take_poll(const net::http::ClientResponse& answer) {
    if (answer.status == 304) {
        if (tries_left_ == 0) return give_up({ErrorCode::timeout, "the other device does not answer"});
        --tries_left_;
        repeats_ = 0;
        request_->wait = poll_interval_;
        return;
    }
    if (answer.status != 200) return give_up_at(answer.status);
    const auto tag = answer.headers.find("ETag");
    if (!tag || tag->empty())
        return give_up({ErrorCode::server, "the channel is empty: nothing was sent yet"});
    peer_tag_ = *tag;
    on_message(answer.body);
}

void Party::give_up_at(int status) {
    if (status == 404)
        return give_up(
            {ErrorCode::nodata, "the channel is gone: the other device gave up, or it took too long"});
    const auto* meaning = status == 400   ? ": a third device came to the channel, which ends it"
                          : status == 403 ? ": this address asked too often, or may not ask"
                                          : "";
    give_up({ErrorCode::server, fmt::format("the server answered with status {}{}", status, meaning)});
}

void Party::ask_for_channel() {
    ask(Stage::channel, "GET", "/new_channel");
}

void Party::upload(std::string message) {
    auto& headers = ask(Stage::upload, "PUT", "/" + channel_, std::move(message)).headers;
    headers.set("Content-Type", "application/json");
    if (version_ < hardened_version) return;
    if (peer_tag_.empty()) {
        headers.set("If-None-Match", "*");
    } else {
        headers.set("If-Match", peer_tag_);
    }
}

void Party::poll(std::chrono::seconds patience) {
    auto& request = ask(Stage::poll, "GET", "/" + channel_);
    tries_left_ = static_cast<int>(std::max<std::int64_t>(patience / poll_interval_, 1));
    if (own_tag_.empty()) return;
    request.headers.set("If-None-Match", own_tag_);
    request.wait = 2 * poll_interval_;  // the other side needs a moment anyway
}

void Party::rest() {
    stage_ = Stage::rest;
    request_.reset();
}

void Party::end() {
    stage_ = Stage::over;
    request_.reset();
}

void Party::give_up(Failure failure) {
    end();
    if (!channel_.empty() && is_reported(failure.code)) {
        auto& headers = ask(Stage::parting, "POST", "/report").headers;
        headers.set("X-KeyExchange-Cid", channel_);
        headers.set("X-KeyExchange-Log", name_of(failure.code));
    }
    failure_ = std::move(failure);
}

void Party::give_up(const base::jpake::Failure& failure, std::string_view message) {
    give_up({ErrorCode::invalid, fmt::format("{}: {}", message, failure.message())});
}

Request& Party::ask(Stage stage, std::string_view method, std::string path, std::string body) {
    stage_ = stage;
    repeats_ = 0;
    request_.emplace(std::string(method), std::move(path), net::http::Headers(), std::move(body));
    request_->headers.set("X-KeyExchange-Id", client_id_);
    return *request_;
}

}  // namespace homespun::sync::easysetup
