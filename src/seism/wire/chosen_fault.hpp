#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "seism/wire/conversation.hpp"

namespace homespun::seism::wire {

/// So much of a subject outlives its request.
inline constexpr std::size_t most_kept_subject = 1024;

/// A fault with the request for which it was chosen, for when it is met later: an owned copy, the subject cut
/// at `most_kept_subject`.
class ChosenFault {
  public:
    ChosenFault(const Fault& fault, const Request& request)
        : fault_(&fault),
          ordinal_(request.ordinal),
          verb_(request.verb.substr(0, 64)),
          subject_(request.subject.substr(0, most_kept_subject)),
          writes_(request.writes) {}

    [[nodiscard]] const Fault& fault() const { return *fault_; }
    [[nodiscard]] const std::string& verb() const { return verb_; }
    [[nodiscard]] bool is_of_connection() const { return ordinal_ == 0; }
    void tell_bitten(Judge& judge) const {
        judge.bitten(*fault_,
                     Request{.ordinal = ordinal_, .verb = verb_, .subject = subject_, .writes = writes_});
    }

  private:
    const Fault* fault_;
    std::uint64_t ordinal_;
    std::string verb_, subject_;
    bool writes_;
};

}  // namespace homespun::seism::wire
