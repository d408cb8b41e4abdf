#include "seism/toxics/catalogue.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <limits>

#include "seism/toxics/request_types.hpp"

namespace homespun::seism {
namespace {

constexpr double day_ms = 86'400'000;
constexpr double most = 9'007'199'254'740'992;  // whole numbers that a double holds
constexpr std::array<std::string_view, 3> distributions = {"uniform", "normal", "pareto"};
constexpr std::array<std::string_view, 5> waves = {"none", "sine", "saw", "square", "triangle"};
constexpr std::array<std::string_view, 2> hang_modes = {"swallow", "backpressure"};

AttributeRule whole(std::string_view name, std::string_view unit, double high, std::string_view says,
                    std::int64_t standard = 0, double low = 0) {
    return {name, standard, low, high, unit, says};
}
AttributeRule share(std::string_view name, std::string_view says, double standard = 0) {
    return {name, standard, 0, 1, "share", says};
}
AttributeRule word(std::string_view name, std::span<const std::string_view> words, std::string_view says) {
    return {name, std::string(words.front()), 0, 0, "word", says, words};
}

std::vector<ToxicType> make_types() {
    using enum Origin;
    using enum Place;
    return {
        {"latency",
         toxiproxy,
         stream,
         "Each chunk leaves later than it came; the order stays.",
         {whole("latency", "ms", day_ms, "how much later"),
          whole("jitter", "ms", day_ms, "up to so much more or less, evenly")}},
        {"bandwidth",
         toxiproxy,
         stream,
         "So much a second passes, in slices of a tenth of a second.",
         {whole("rate", "KB/s (1000 B)", most / 1000, "0: nothing passes")}},
        {"slow_close",
         toxiproxy,
         stream,
         "Bytes pass at once, the end later.",
         {whole("delay", "ms", day_ms, "how much later")}},
        {"timeout",
         toxiproxy,
         stream,
         "Swallows every byte; closes when none came for so long. Removed, it closes its connections.",
         {whole("timeout", "ms", day_ms, "0: never closes")}},
        {"reset_peer",
         toxiproxy,
         stream,
         "After the first bytes or the end both sides are reset (RST).",
         {whole("timeout", "ms", day_ms, "so long after them")}},
        {"slicer",
         toxiproxy,
         stream,
         "Cuts chunks into small pieces, sent one by one.",
         {whole("average_size", "bytes", most, "of a piece; 0: chunks stay whole"),
          whole("size_variation", "bytes", most, "up to so much more or less"),
          whole("delay", "µs", day_ms * 1000, "after each piece")}},
        {"limit_data",
         toxiproxy,
         stream,
         "Passes so many bytes of each connection, then closes.",
         {whole("bytes", "bytes", most, "how many")}},
        {"noop", toxiproxy, stream, "Does nothing.", {}},
        {"packet_loss",
         toxiproxy,
         stream,
         "Drops chunks out of the stream, which TCP never does: the receiver sees holes. For honest loss: "
         "`loss`.",
         {share("loss_rate", "of chunks that are dropped"),
          share("correlation", "how much a draw leans on the one before")}},
        {"limit_time",
         fork,
         stream,
         "Passes everything for so long, then closes.",
         {whole("time", "ms", day_ms, "since the connection came")}},
        {"slow_open",
         fork,
         opening,
         "The server is called later; the client is connected at once.",
         {whole("delay", "ms", day_ms, "how much later")}},
        {"corrupt",
         fork,
         stream,
         "Flips one bit of a chunk.",
         {share("probability", "of chunks that are touched")}},
        {"delay",
         seism,
         stream,
         "Latency as netem and speedbump know it.",
         {whole("latency", "ms", day_ms, "how much later a chunk leaves"),
          whole("jitter", "ms", day_ms, "spread of the distribution"),
          word("distribution", distributions, "of the spread"),
          share("correlation", "how much a draw leans on the one before"),
          word("wave", waves, "the delay goes up and down besides"),
          whole("amplitude", "ms", day_ms, "of the wave"),
          whole("period", "ms", day_ms, "of the wave", 10'000, 1)}},
        {"loss",
         seism,
         stream,
         "Loss as TCP shows it: the stream stands still for the time of a retransmission; nothing is "
         "dropped.",
         {{"percent", 0.0, 0, 100, "%", "of chunks that are lost once"},
          share("correlation", "how much a draw leans on the one before"),
          whole("rto", "ms", day_ms, "first time-out; it doubles at each further loss, up to eight times",
                200, 1)}},
        {"duplicate",
         seism,
         stream,
         "Sends a chunk twice.",
         {share("probability", "of chunks that are touched")}},
        {"reorder",
         seism,
         stream,
         "Sends a chunk after the one that follows it.",
         {share("probability", "of chunks that are touched"),
          whole("wait", "ms", day_ms, "so long for the one that follows", 100)}},
        {"garbage",
         seism,
         stream,
         "Sends random bytes before the first chunk.",
         {whole("bytes", "bytes", 1 << 20, "how many", 100)}},
        {"truncate",
         seism,
         stream,
         "Passes so many bytes, then the end of this direction only.",
         {whole("bytes", "bytes", most, "how many")}},
        {"half_close",
         seism,
         stream,
         "The end of this direction comes so long after the first bytes.",
         {whole("delay", "ms", day_ms, "how long")}},
        {"hang",
         seism,
         stream,
         "Nothing passes any more, and nothing ends.",
         {word(
             "mode", hang_modes,
             "swallow: the sender can go on sending; backpressure: it is not read, until its send blocks")}},
        {"reset_after",
         seism,
         stream,
         "Resets both sides (RST) once so many bytes have passed.",
         {whole("bytes", "bytes", most, "how many")}},
        {"reject", seism, opening, "Accepts and resets at once (RST).", {}},
        {"blackout", seism, opening, "Accepts and closes at once, without a byte (FIN).", {}},
        {"refuse", seism, listener, "Connections are refused (ECONNREFUSED); the port stays ours.", {}},
        {"connect_timeout",
         seism,
         listener,
         "Connections are neither accepted nor refused: the accept queue is full, the client's connect "
         "waits.",
         {}},
    };
}

const std::vector<ToxicType>& types() {
    static const auto all = [] {
        auto types = make_types();
        for (auto& type : request_types())
            types.push_back(std::move(type));
        return types;
    }();
    return all;
}

base::Result<void> check(const AttributeRule& rule, const AttributeValue& value) {
    const auto wrong = [&](const std::string& why) {
        return base::fail(fmt::format("invalid attribute: {}: {}", rule.name, why));
    };
    if (value.index() != rule.standard.index()) return wrong("another kind of value is needed");
    if (const auto* text = std::get_if<std::string>(&value)) {
        if (rule.is_pattern) {
            const RE2 expression(*text, RE2::Quiet);
            if (!expression.ok()) return wrong(expression.error());
        }
        if (rule.words.empty() || std::ranges::find(rule.words, *text) != rule.words.end()) return {};
        return wrong(fmt::format("must be one of {}", fmt::join(rule.words, ", ")));
    }
    double number = 0;
    if (const auto* integer = std::get_if<std::int64_t>(&value))
        number = static_cast<double>(*integer);
    else if (const auto* real = std::get_if<double>(&value))
        number = *real;
    else
        return {};
    if (number >= rule.low && number <= rule.high) return {};
    return wrong(fmt::format("must be from {} to {}", rule.low, rule.high));
}

const AttributeValue& value_of(const Toxic& toxic, std::string_view name) {
    const auto& rules = find_toxic_type(toxic.type)->attributes;
    const auto place = std::ranges::find(rules, name, &AttributeRule::name);
    return toxic.attributes[static_cast<std::size_t>(place - rules.begin())];
}

}  // namespace

std::span<const ToxicType> toxic_types() {
    return types();
}

const ToxicType* find_toxic_type(std::string_view name) {
    const auto place = std::ranges::find(types(), name, &ToxicType::name);
    return place == types().end() ? nullptr : &*place;
}

std::vector<AttributeValue> standard_attributes(const ToxicType& type) {
    std::vector<AttributeValue> values;
    for (const auto& rule : type.attributes)
        values.push_back(rule.standard);
    return values;
}

base::Result<void> check_attributes(const ToxicType& type, std::span<const AttributeValue> values) {
    for (std::size_t i = 0; i < type.attributes.size(); ++i) {
        if (auto fine = check(type.attributes[i], values[i]); !fine) return fine;
    }
    return {};
}

std::int64_t Toxic::integer(std::string_view attribute) const {
    return std::get<std::int64_t>(value_of(*this, attribute));
}
bool Toxic::flag(std::string_view attribute) const {
    return std::get<bool>(value_of(*this, attribute));
}
double Toxic::real(std::string_view attribute) const {
    return std::get<double>(value_of(*this, attribute));
}
const std::string& Toxic::text(std::string_view attribute) const {
    return std::get<std::string>(value_of(*this, attribute));
}

}  // namespace homespun::seism
