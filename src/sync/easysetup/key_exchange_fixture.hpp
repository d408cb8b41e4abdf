#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "net/http/parser.hpp"
#include "sync/easysetup/party.hpp"
#include "sync/easysetup/receiver.hpp"
#include "sync/easysetup/sender.hpp"

namespace homespun::sync::easysetup {

/// For tests: the rules of a key-exchange server (sync-legacy sheet, 5.1) over a map, with ways to disturb.
class KeyExchange {
  public:
    /// One PUT that was taken.
    struct Upload {
        std::string body, if_match, if_none_match;
    };

    /// Changes a body on its way to the reader.
    std::function<std::string(std::string)> alter;
    /// Counts every delivery, also a repeated one, and forgets the channel after the sixth.
    bool strict = false;

    net::http::ClientResponse answer(const Request& request) {
        if (request.path == "/report") return report(request);
        const auto id = std::string(request.headers.find("X-KeyExchange-Id").value_or(""));
        if (id.size() != 256) return respond(400);
        if (request.path == "/new_channel") return new_channel(id);
        const auto name = request.path.substr(1);
        const auto found = channels_.find(name);
        if (found == channels_.end()) return respond(404);
        auto& channel = found->second;
        channel.ids.insert(id);
        if (channel.ids.size() > 2) {
            channels_.erase(found);
            return respond(400);
        }
        if (request.method == "GET") return get(name, channel, id, request);
        if (request.method == "PUT") return put(channel, request);
        if (request.method == "DELETE") channels_.erase(found);
        return respond(request.method == "DELETE" ? 200 : 404);
    }

    [[nodiscard]] bool has(const std::string& channel) const { return channels_.contains(channel); }
    [[nodiscard]] const std::vector<Upload>& uploads() const { return uploads_; }
    /// `Cid Log` of what was reported.
    [[nodiscard]] const std::vector<std::string>& reports() const { return reports_; }
    [[nodiscard]] int deliveries() const { return deliveries_; }

  private:
    struct Channel {
        std::string data, tag;
        std::set<std::string> ids;
        std::set<std::string> delivered;
        int gets = 0;
    };

    static net::http::ClientResponse respond(int status, std::string body = {}, std::string_view tag = {}) {
        net::http::ClientResponse response{status, {}, std::move(body)};
        if (!tag.empty()) response.headers.set("ETag", tag);
        return response;
    }
    static std::string tag_of(std::string_view body) {
        return '"' + base::hex_encode(base::sha256(body)).substr(0, 32) + '"';
    }

    net::http::ClientResponse new_channel(const std::string& id) {
        const auto count = channels_.size();
        const auto name = std::string("c") + pin_alphabet[count / 32 % 32] + pin_alphabet[count % 32] + 'z';
        channels_[name].ids.insert(id);
        return respond(200, '"' + name + '"');
    }
    net::http::ClientResponse get(const std::string& name, Channel& channel, const std::string& id,
                                  const Request& request) {
        const auto data = channel.tag.empty() ? "{}" : alter ? alter(channel.data) : channel.data;
        const auto tag = channel.tag;
        if (!tag.empty() && request.headers.find("If-None-Match").value_or("") == tag)
            return respond(304, {}, tag);
        if (strict || channel.delivered.insert(id + tag).second) ++channel.gets;
        ++deliveries_;
        if (strict && channel.gets == 6) channels_.erase(name);
        return respond(200, data, tag);
    }
    net::http::ClientResponse put(Channel& channel, const Request& request) {
        const auto if_match = std::string(request.headers.find("If-Match").value_or(""));
        const auto if_none_match = std::string(request.headers.find("If-None-Match").value_or(""));
        const auto tag = tag_of(request.body);
        if (if_match.empty() ? if_none_match == "*" && !channel.tag.empty() : if_match != channel.tag)
            return respond(412, {}, tag);
        channel.data = request.body;
        channel.tag = tag;
        uploads_.push_back({request.body, if_match, if_none_match});
        return respond(200, "\"\"", tag);
    }
    net::http::ClientResponse report(const Request& request) {
        const auto cid = std::string(request.headers.find("X-KeyExchange-Cid").value_or(""));
        reports_.push_back(cid + ' ' + std::string(request.headers.find("X-KeyExchange-Log").value_or("")));
        channels_.erase(cid);
        return respond(200, "\"\"");
    }

    std::map<std::string, Channel> channels_;
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
