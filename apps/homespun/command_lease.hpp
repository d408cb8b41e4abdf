#pragma once
#include <string>

#include "base/result.hpp"
#include "sys/files.hpp"

/// Refused where the files would be the superuser's in a directory that is another user's: the server there
/// could not open them any more.
homespun::base::Result<void> may_write_files(const std::string& data);

/// The lease of a command that writes to a data directory while no server runs; `may_write_files` first.
homespun::base::Result<homespun::sys::Lease> take_lease_to_write(const std::string& data);
