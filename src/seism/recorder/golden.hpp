#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "seism/recorder/observation.hpp"

namespace homespun::seism {

/// What of an answer may differ from one time to the next.
class Masks {
  public:
    /// Each `/a/b` is a JSON pointer (RFC 6901; the member is left out), each `regex:…` (RE2) is cut out of
    /// the body, `header:content-type` leaves that header out, the only one compared. The error names the
    /// mask.
    static base::Result<Masks> parse(const std::vector<std::string>& texts);
    Masks();
    ~Masks();
    Masks(Masks&&) noexcept;
    Masks& operator=(Masks&&) noexcept;

    /// SHA-256 in hex of what is left of the answer.
    [[nodiscard]] std::string digest(int status, std::string_view content_type, std::string_view body) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Learns from phase `before` how each request (method, path, body) is answered, and marks the answers of all
/// phases. An answer is trusted when it came twice and no other did; what is not is `unknown`. Phases must be
/// assigned.
void mark_likeness(Trial& trial);

}  // namespace homespun::seism
