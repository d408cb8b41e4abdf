#pragma once
#include <string>

#include "base/result.hpp"
#include "sync/client/saved_login.hpp"

// The file in which `client login` keeps a login. Several commands may run at once: whoever writes it holds a
// lock on a file beside it and looks again at what is there; whoever only reads it sees all of it or none.

/// $XDG_CONFIG_HOME/homespun/client.json, or below ~/.config. The error says that neither variable is set.
homespun::base::Result<std::string> login_path();
/// What `client login` has saved; refused when others can read the file.
homespun::base::Result<homespun::sync::client::SavedLogin> load_login();
/// Fails when there is a file already, whatever is in it.
homespun::base::Result<void> must_be_no_login();
/// Writes a new one for its owner alone. Fails when there is one by now.
homespun::base::Result<void> save_login(const homespun::sync::client::SavedLogin& login);
/// Takes over `crypto_keys` into the file. Nothing happens when that has another login by now, or none.
homespun::base::Result<void> save_crypto_keys(const homespun::sync::client::SavedLogin& login);
/// Removes the file, unless there is a login in it that is not `login`; null: whatever is in it.
homespun::base::Result<void> remove_login(const homespun::sync::client::SavedLogin* login);
