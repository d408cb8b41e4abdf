#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seism/wire/conversation_fixture.hpp"

/// What the fuzz targets of Seism's conversations share. The input is three bytes (the kind of the fault, and
/// in its two highest bits whether TLS passes, is stripped or ends; its mode and which requests meet it; a
/// seed of cuts) and then pieces of a dialogue: two bytes, whose first bit says that it is the server who
/// speaks and the rest how many bytes follow, and these bytes.
///
/// Whatever comes: cut into other pieces it comes to the same, nothing is said behind the end, and without a
/// fault each side gets what the other one said, byte for byte (unless TLS is stripped).
namespace fuzz {

using namespace homespun::seism::wire;

class EveryNth final : public Judge {
  public:
    EveryNth(Fault fault, std::uint64_t nth) : fault_(std::move(fault)), nth_(nth) {}
    const Fault* judge(const Request& request) override {
        return nth_ != 0 && request.ordinal != 0 && request.ordinal % nth_ == 0 ? &fault_ : nullptr;
    }
    void bitten(const Fault& fault, const Request&) override {
        if (&fault != &fault_) std::abort();
    }

  private:
    Fault fault_;
    std::uint64_t nth_;
};

/// Leaves no mark where TLS begins.
class UnmarkedEffects final : public KeepingEffects {
  public:
    using KeepingEffects::KeepingEffects;
    void start_tls(std::string_view early) override {
        if (std::exchange(has_tls_, true)) std::abort();
        unread = early;
    }

  private:
    bool has_tls_ = false;
};

struct Script {
    Fault fault;
    ConversationOptions options;
    std::uint64_t nth;
    std::vector<Line> lines;
    std::string said_by_client, said_by_server;
};

inline Script read_script(std::string_view bytes, const std::vector<Fault>& faults) {
    const auto kind = static_cast<unsigned char>(bytes[0]);
    Script script{faults[(kind & 0x3fU) % faults.size()],
                  {.strip_tls = (kind & 0xc0U) == 0x40, .terminate_tls = (kind & 0xc0U) == 0x80},
                  static_cast<unsigned char>(bytes[1]) / 4U % 8,
                  {},
                  {},
                  {}};
    script.fault.mode = static_cast<Mode>(static_cast<unsigned char>(bytes[1]) % 3);
    bytes.remove_prefix(3);
    while (bytes.size() > 2) {
        const auto first = static_cast<unsigned char>(bytes[0]),
                   second = static_cast<unsigned char>(bytes[1]);
        const auto text = bytes.substr(2, ((first & 0x7fU) << 8) + second);
        bytes.remove_prefix(2 + text.size());
        const bool server = (first & 0x80U) != 0;
        (server ? script.said_by_server : script.said_by_client) += text;
        script.lines.push_back(server ? S(std::string(text)) : C(std::string(text)));
    }
    script.lines.push_back(client_end());
    script.lines.push_back(server_end());
    return script;
}

inline Outcome run(const MakeConversation& make, const Script& script, unsigned cuts) {
    Outcome outcome;
    UnmarkedEffects effects(outcome);
    EveryNth judge(script.fault, script.nth);
    const auto conversation = make(judge, script.options);
    std::minstd_rand random(cuts);
    speak(script.lines, *conversation, effects, outcome, [&](std::size_t) -> std::size_t {
        return cuts == 0 ? std::string_view::npos : 1 + random() % (random() % 4 == 0 ? 64 : 3);
    });
    return outcome;
}

inline int check(const MakeConversation& make, const std::vector<Fault>& faults, const std::uint8_t* data,
                 std::size_t size) {
    if (size < 3) return 0;
    const auto script = read_script({reinterpret_cast<const char*>(data), size}, faults);
    const auto whole = run(make, script, 0);
    const auto cut = run(make, script, 1U + data[2]);
    if (cut != whole) {
        std::cerr << "whole\n" << whole << "\ncut\n" << cut << '\n';
        std::abort();
    }
    if (whole.ending.find(',') != std::string::npos) std::abort();
    if (script.nth != 0 || script.options.strip_tls) return 0;
    if (whole.client != script.said_by_server || whole.server != script.said_by_client) std::abort();
    if (!whole.ending.empty() || !whole.dripped.empty()) std::abort();
    return 0;
}

}  // namespace fuzz
