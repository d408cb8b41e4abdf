#pragma once
#include <string>
#include <vector>

#include "load/connections.hpp"
#include "load/records.hpp"

namespace homespun::bench {

/// A storage user: where to POST, and the Authorization header, good for every request there.
struct Poster {
    std::string target, authorization;
};

/// POSTs of fresh records; each connection goes round users of its own, so that no user is written to twice
/// at a time. Checks that every record was taken.
class Posts final : public Conversation {
  public:
    Posts(std::vector<Poster> posters, std::size_t connections, std::uint16_t port, std::size_t records,
          std::size_t payload_bytes);

    std::string_view next(std::size_t connection) override;
    void check(std::size_t connection, std::string_view head, std::string_view body) override;

  private:
    struct Writer {
        std::size_t poster = 0;
        std::string request;
    };

    std::vector<Poster> posters_;
    std::size_t connections_, records_, payload_bytes_;
    std::string port_;
    std::vector<Writer> writers_;
    Records source_{0};
    std::string body_;
};

}  // namespace homespun::bench
