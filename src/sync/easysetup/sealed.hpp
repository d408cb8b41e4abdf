#pragma once
#include <expected>
#include <string_view>

#include "base/random.hpp"
#include "base/sealed_text.hpp"
#include "sync/easysetup/failure.hpp"

namespace homespun::sync::easysetup {

/// Text under the keys of a pairing (sheet 6.2).
using Sealed = base::SealedText;
using base::open;
using base::seal;
using base::SealFault;

/// What that means for the pairing; `message` is the one that was sealed.
Failure describe(SealFault fault, std::string_view message);

/// The receiver's last message: a value that both know, so that the sender sees whether the keys are the
/// same. Without a signature, as Firefox sends it.
Sealed confirmation(const base::KeyPair& keys, base::Random& random);
/// True when `sealed` is the known value under these keys and its own IV.
std::expected<bool, SealFault> confirms(const base::KeyPair& keys, const Sealed& sealed);

}  // namespace homespun::sync::easysetup
