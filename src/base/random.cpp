#include "base/random.hpp"

#include <openssl/rand.h>

#include <cstdlib>

namespace homespun::base {

std::string SystemRandom::bytes(std::size_t count) {
    std::string result(count, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(result.data()), static_cast<int>(count)) != 1)
        std::abort();
    return result;
}

}  // namespace homespun::base
