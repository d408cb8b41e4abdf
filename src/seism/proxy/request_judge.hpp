#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "seism/proxy/events.hpp"
#include "seism/toxics/dice.hpp"
#include "seism/toxics/toxic.hpp"
#include "seism/wire/conversation.hpp"

namespace homespun::seism {

/// A toxic that meets requests, made ready: its expression compiled, its fault put together. Shared by its
/// proxy and by the connections that it met. On the engine's thread.
class RequestRule {
  public:
    /// `revision`: how often the toxic was set.
    RequestRule(Toxic toxic, std::uint64_t revision);
    ~RequestRule();
    RequestRule(const RequestRule&) = delete;
    RequestRule& operator=(const RequestRule&) = delete;

    [[nodiscard]] const Toxic& toxic() const { return toxic_; }
    [[nodiscard]] const wire::Fault& fault() const { return fault_; }
    [[nodiscard]] bool is_of(std::string_view name, std::uint64_t revision) const {
        return toxic_.name == name && revision_ == revision;
    }
    /// Whose requests it is for.
    [[nodiscard]] wire::Protocol protocol() const { return protocol_; }
    /// Whether it meets this request; counts. `dice` are those of the request.
    bool meets(const wire::Request& request, const Dice& dice);

  private:
    struct Pattern;
    [[nodiscard]] bool matches(const wire::Request& request) const;

    const Toxic toxic_;
    const std::uint64_t revision_;
    const wire::Protocol protocol_;
    wire::Fault fault_;
    std::unique_ptr<Pattern> pattern_, header_;
    bool at_connect_, only_writes_;
    std::uint64_t skip_, most_bites_, matched_ = 0, bites_ = 0;
};

/// The rules of a proxy, in the order of its toxics.
using RequestRules = std::vector<std::shared_ptr<RequestRule>>;

/// Decides about the requests of one connection by the rules that its proxy has at the time.
class RequestJudge final : public wire::Judge {
  public:
    struct Setting {
        std::string_view proxy;
        wire::Protocol protocol;
        std::uint64_t connection;
        Dice dice;
        ProxyCounts& counts;
        EngineWatcher* watcher;
    };
    /// `rules` and what `setting` refers to outlive it.
    RequestJudge(const RequestRules& rules, Setting setting) : rules_(rules), setting_(std::move(setting)) {}

    const wire::Fault* judge(const wire::Request& request) override;
    void bitten(const wire::Fault& fault, const wire::Request& request) override;

  private:
    const RequestRules& rules_;
    const Setting setting_;
    RequestRules given_;  ///< faults stay in place until the conversation has ended
};

}  // namespace homespun::seism
