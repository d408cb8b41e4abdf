#pragma once
#include <functional>
#include <string>
#include <vector>

#include "net/http/parser.hpp"
#include "sync/easysetup/channels.hpp"
#include "sync/easysetup/channels_fixture.hpp"
#include "sync/easysetup/party.hpp"
#include "sync/easysetup/receiver.hpp"
#include "sync/easysetup/sender.hpp"

namespace homespun::sync::easysetup {

/// For tests: the channels of the real server behind the requests of a party, without HTTP, with ways to
/// disturb and to look.
class KeyExchange {
  public:
    /// One PUT that was taken.
    struct Upload {
        std::string body, if_match, if_none_match;
    };

    /// Changes a body on its way to the reader.
    std::function<std::string(std::string)> alter;

    net::http::ClientResponse answer(const Request& request) {
        const auto id = value(request, "X-KeyExchange-Id");
        if (request.path == "/report") return report(request, id);
        if (request.path == "/new_channel") {
            const auto opened = channels_.open(id, now_ms);
            return opened ? respond(200, '"' + *opened + '"') : respond(400);
        }
        const auto channel = request.path.substr(1);
        if (request.method == "GET") return get(channel, id, request);
        if (request.method == "PUT") return put(channel, id, request);
        return respond(405);
    }

    [[nodiscard]] bool has(const std::string& channel) const { return channels_.find(channel).has_value(); }
    [[nodiscard]] const std::vector<Upload>& uploads() const { return uploads_; }
    /// `Cid Log` of what was reported.
    [[nodiscard]] const std::vector<std::string>& reports() const { return reports_; }
    [[nodiscard]] int deliveries() const { return deliveries_; }

  private:
    static constexpr std::int64_t now_ms = 1'795'225'889'000;

    static std::string value(const Request& request, std::string_view name) {
        return std::string(request.headers.find(name).value_or(""));
    }
    static net::http::ClientResponse respond(int status, std::string body = {}, std::string_view tag = {}) {
        net::http::ClientResponse response{status, {}, std::move(body)};
        if (!tag.empty()) response.headers.set("ETag", '"' + std::string(tag) + '"');
        return response;
    }
    static int status_of(ChannelRefusal why) {
        if (why == ChannelRefusal::not_found) return 404;
        return why == ChannelRefusal::changed ? 412 : 400;
    }

    net::http::ClientResponse get(const std::string& channel, const std::string& id, const Request& request) {
        const auto got = channels_.get(channel, id, TagList::find(request.headers, "If-None-Match"), now_ms);
        if (!got) return respond(status_of(got.error()));
        if (got->not_modified) return respond(304, {}, got->tag);
        ++deliveries_;
        return respond(200, alter && !got->tag.empty() ? alter(got->content) : got->content, got->tag);
    }
    net::http::ClientResponse put(const std::string& channel, const std::string& id, const Request& request) {
        const auto written = channels_.put(
            channel, id,
            {TagList::find(request.headers, "If-Match"), TagList::find(request.headers, "If-None-Match")},
            request.body, now_ms);
        if (!written.result) return respond(status_of(written.result.error()), {}, written.tag);
        uploads_.push_back({request.body, value(request, "If-Match"), value(request, "If-None-Match")});
        return respond(200, "\"\"", written.tag);
    }
    net::http::ClientResponse report(const Request& request, const std::string& id) {
        const auto channel = value(request, "X-KeyExchange-Cid");
        reports_.push_back(channel + ' ' + value(request, "X-KeyExchange-Log"));
        channels_.abandon(channel, id, now_ms);
        return respond(200, "\"\"");
    }

    ScriptedRandom random_;
    Channels channels_{{}, random_};
    std::vector<Upload> uploads_;
    std::vector<std::string> reports_;
    int deliveries_ = 0;
};

/// One request and its answer; false when there was nothing to send.
inline bool step(Party& party, KeyExchange& server) {
    const auto* request = party.request();
    if (request == nullptr) return false;
    party.answered(server.answer(*request));
    return true;
}

/// Both sides in turns until neither has anything to send, or the sender waits for credentials.
inline void run(Receiver& receiver, Sender& sender, KeyExchange& server) {
    while (!sender.paired() || sender.request() != nullptr || sender.over()) {
        const bool one = step(receiver, server);
        const bool two = step(sender, server);
        if (!one && !two) return;
    }
}

inline const Credentials& example_credentials() {
    static const Credentials credentials{"jane.doe@example.org", "correct \"horse\" b\xc3\xa4ttery",
                                         "q7ynpwq7vsc9m34hankbyi3s3i", "https://sync.example.org/"};
    return credentials;
}

}  // namespace homespun::sync::easysetup
