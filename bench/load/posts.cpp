#include "load/posts.hpp"

#include <algorithm>

namespace homespun::bench {

Posts::Posts(std::vector<Poster> posters, std::size_t connections, std::uint16_t port, std::size_t records,
             std::size_t payload_bytes)
    : posters_(std::move(posters)),
      connections_(connections),
      records_(records),
      payload_bytes_(payload_bytes),
      port_(std::to_string(port)),
      writers_(connections) {
    if (posters_.size() < connections) give_up("fewer users than connections");
    for (std::size_t i = 0; i < connections; ++i)
        writers_[i].poster = i;
}

std::string_view Posts::next(std::size_t connection) {
    auto& writer = writers_[connection];
    const auto& poster = posters_[writer.poster];
    writer.poster += connections_;
    if (writer.poster >= posters_.size()) writer.poster = connection;

    body_ = "[";
    for (std::size_t i = 0; i < records_; ++i) {
        body_ += i == 0 ? R"({"id":")" : R"(,{"id":")";
        body_ += source_.next_id();
        body_ += R"(","payload":")";
        source_.append_payload(body_, payload_bytes_, R"(\")");
        body_ += R"("})";
    }
    body_ += ']';

    auto& request = writer.request;
    request = "POST ";
    request.append(poster.target).append(" HTTP/1.1\r\nHost: 127.0.0.1:").append(port_);
    request.append("\r\nContent-Type: application/json\r\nAuthorization: ").append(poster.authorization);
    request.append("\r\nContent-Length: ")
        .append(std::to_string(body_.size()))
        .append("\r\n\r\n")
        .append(body_);
    return request;
}

void Posts::check(std::size_t, std::string_view head, std::string_view body) {
    constexpr std::string_view success = "\"success\":[", none_failed = "\"failed\":{}";
    const auto begin = body.find(success);
    const auto end = body.find(']', begin);
    const bool right =
        head.starts_with("HTTP/1.1 200 ") && begin != std::string_view::npos &&
        body.find(none_failed) != std::string_view::npos &&
        static_cast<std::size_t>(std::ranges::count(
            body.substr(begin + success.size(), end - begin - success.size()), '"')) == 2 * records_;
    if (!right) give_up(fmt::format("a POST was answered with\n{}{}", head, body));
}

}  // namespace homespun::bench
