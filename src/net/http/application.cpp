#include "net/http/application.hpp"

namespace homespun::net::http {

int status_of(Refusal refusal) {
    switch (refusal) {
        case Refusal::malformed:
            return 400;
        case Refusal::head_too_large:
            return 431;
        case Refusal::body_too_large:
            return 413;
        case Refusal::too_slow:
            return 408;
        case Refusal::expectation:
            return 417;
        case Refusal::version:
            return 505;
        case Refusal::handler_timeout:
            return 503;
        case Refusal::handler_failed:
            return 500;
    }
    return 500;
}

}  // namespace homespun::net::http
