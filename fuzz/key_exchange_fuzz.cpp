// Any bytes may come as ids, tags, channels and messages of the key exchange. The input is read as requests;
// whatever they say, the bounds hold, and a tag that was handed out is understood again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "sync/easysetup/channels.hpp"
#include "sync/easysetup/pin.hpp"

namespace {

using namespace homespun::sync::easysetup;

/// The same ids in every run.
class CountingRandom final : public homespun::base::Random {
  public:
    std::string bytes(std::size_t count) override { return std::string(count, static_cast<char>(next_++)); }

  private:
    unsigned next_ = 0;
};

/// Takes pieces off the input.
class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
    [[nodiscard]] bool empty() const { return rest_.empty(); }
    unsigned byte() {
        const auto taken = text(1);
        return taken.empty() ? 0 : static_cast<unsigned char>(taken[0]);
    }
    std::string_view text(std::size_t most) {
        const auto taken = rest_.substr(0, most);
        rest_.remove_prefix(taken.size());
        return taken;
    }

  private:
    std::string_view rest_;
};

void demand(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    CountingRandom random;
    ChannelRules rules;
    rules.most_channels = 8;
    rules.most_bytes = 16'384;
    rules.ttl_ms = 1000;
    Channels exchange(rules, random);
    exchange.track_changes();
    Input input(data, size);
    std::int64_t now = 0;
    while (!input.empty()) {
        const auto what = input.byte();
        // A known id and channel now and then, or nothing would ever be reached.
        const auto id = (what & 8) != 0 ? std::string(exchange_id_length, static_cast<char>('a' + what % 3))
                                        : std::string(input.text(input.byte()));
        const auto channel = (what & 16) != 0 ? std::string(4, pin_alphabet[input.byte() % 8])
                                              : std::string(input.text(input.byte() % 8));
        const auto tags = TagList::parse(input.text(input.byte()));
        now += (what & 32) != 0 ? input.byte() * 8 : 0;
        switch (what % 6) {
            case 0:
                if (const auto opened = exchange.open(id, now)) {
                    demand(opened->size() == rules.id_length);
                    demand(opened->find_first_not_of(pin_alphabet) == std::string::npos);
                }
                break;
            case 1: {
                const auto message = exchange.get(channel, id, tags, now);
                if (message && message->not_modified) demand(tags.any() || tags.contains(message->tag));
                break;
            }
            case 2: {
                const Channels::Preconditions preconditions{
                    (what & 64) != 0 ? std::optional(tags) : std::nullopt, tags};
                const auto written =
                    exchange.put(channel, id, preconditions, std::string(input.text(input.byte())), now);
                demand(TagList::parse("\"" + written.tag + "\"").contains(written.tag));
                if (written.result) demand(exchange.find(channel)->tag == written.tag);
                break;
            }
            case 3:
                if (exchange.remove(channel, id, now)) demand(!exchange.find(channel));
                break;
            case 4:
                if (exchange.abandon(channel, id, now)) demand(!exchange.find(channel));
                break;
            default:
                for (const auto& changed : exchange.take_changed()) {
                    if (auto kept = exchange.find(changed)) exchange.restore(changed, std::move(*kept), now);
                }
        }
        demand(exchange.size() <= rules.most_channels && exchange.bytes() <= rules.most_bytes);
        demand((exchange.size() == 0) == (exchange.bytes() == 0));
    }
    exchange.sweep(now + rules.ttl_ms);
    demand(exchange.size() == 0 && exchange.bytes() == 0);
    return 0;
}
