#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

/// Easy Setup: how a device with an account hands it to a new one that shows a PIN (sync-legacy sheet, 5 and
/// 6). Pure: what to send, what the answers mean. No I/O.
namespace homespun::sync::easysetup {

/// Why a pairing ended; the names are those that the clients of that time put into their reports (sheet 6.4).
enum class ErrorCode : std::uint8_t {
    channel,           ///< the server gave no channel
    network,           ///< no connection, no answer, too often
    server,            ///< an answer that the protocol does not know
    timeout,           ///< the other side did not go on
    internal,          ///< we could not do our part
    invalid,           ///< what came cannot be read, or does not hold
    nodata,            ///< the channel is gone: the other side gave up, or it expired
    keymismatch,       ///< the keys differ: a wrong PIN
    wrongmessage,      ///< another message than the one that is due
    userabort,         ///< the person does not want to go on
    delayunsupported,  ///< the other side cannot wait for an account that is yet to be made
};

/// `jpake.error.keymismatch` …
std::string_view name_of(ErrorCode code);

/// True when the server should be told, which ends the channel. Not when there is none, or it cannot be
/// reached.
bool is_reported(ErrorCode code);

struct Failure {
    ErrorCode code;
    std::string detail;  ///< for people: what was wrong, where; never a secret

    bool operator==(const Failure&) const = default;
};

template <class T>
using Expected = std::expected<T, Failure>;

inline std::unexpected<Failure> fail(ErrorCode code, std::string detail) {
    return std::unexpected(Failure{code, std::move(detail)});
}

}  // namespace homespun::sync::easysetup
