#pragma once
#include <string>
#include <string_view>

// The pages of /weave-password-reset and /weave-delete-account as HTML (sheet sync-legacy, 2.4). No scripts;
// whatever comes from a request is escaped. Pure.
namespace homespun::sync::registration {

/// A page that says something and asks for nothing.
std::string say_page(std::string_view title, std::string_view text);
/// Asks whose password is forgotten; `problem` may be empty.
std::string ask_name_page(std::string_view problem);
/// Asks for the new password.
std::string new_password_page(std::string_view problem, std::string_view name, std::string_view key);
std::string delete_page(std::string_view problem);

}  // namespace homespun::sync::registration
