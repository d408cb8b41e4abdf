#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/headers.hpp"

namespace homespun::sync::easysetup {

/// What If-Match or If-None-Match name. Tags compare quoted or not (sheet sync-legacy, 5.1), weak like
/// strong: a proxy that compresses makes ours weak.
class TagList {
  public:
    static TagList parse(std::string_view value);
    /// All fields of that name together; nothing when there is none.
    static std::optional<TagList> find(const net::http::Headers& headers, std::string_view name);

    /// `*`
    [[nodiscard]] bool any() const { return any_; }
    [[nodiscard]] bool contains(std::string_view tag) const;

  private:
    bool any_ = false;
    std::vector<std::string> tags_;
};

}  // namespace homespun::sync::easysetup
