#include "sync/easysetup/failure.hpp"

namespace homespun::sync::easysetup {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::channel:
            return "jpake.error.channel";
        case ErrorCode::network:
            return "jpake.error.network";
        case ErrorCode::server:
            return "jpake.error.server";
        case ErrorCode::timeout:
            return "jpake.error.timeout";
        case ErrorCode::internal:
            return "jpake.error.internal";
        case ErrorCode::invalid:
            return "jpake.error.invalid";
        case ErrorCode::nodata:
            return "jpake.error.nodata";
        case ErrorCode::keymismatch:
            return "jpake.error.keymismatch";
        case ErrorCode::wrongmessage:
            return "jpake.error.wrongmessage";
        case ErrorCode::userabort:
            return "jpake.error.userabort";
        case ErrorCode::delayunsupported:
            return "jpake.error.delayunsupported";
    }
    return "jpake.error.internal";
}

bool is_reported(ErrorCode code) {
    return code != ErrorCode::channel && code != ErrorCode::network && code != ErrorCode::nodata;
}

}  // namespace homespun::sync::easysetup
