#include "sync/registration/form_pages.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace homespun::sync::registration {
namespace {

std::string page(std::string_view title, std::string_view problem, std::string_view content) {
    const auto told = problem.empty() ? std::string()
                                      : fmt::format("<p role=\"alert\">{}</p>\n", base::html_escape(problem));
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{0}</title>\n"
        "<link rel=\"stylesheet\" href=\"/assets/page.css\">\n</head>\n<body>\n<main>\n<h1>{0}</h1>\n{1}{2}"
        "</main>\n</body>\n</html>\n",
        base::html_escape(title), told, content);
}

std::string field(std::string_view label, std::string_view name, std::string_view type,
                  std::string_view complete) {
    return fmt::format(
        "<p><label for=\"{1}\">{0}</label> <input id=\"{1}\" name=\"{1}\" type=\"{2}\" "
        "autocomplete=\"{3}\" required></p>\n",
        label, name, type, complete);
}

}  // namespace

std::string say_page(std::string_view title, std::string_view text) {
    return page(title, {}, fmt::format("<p>{}</p>\n", base::html_escape(text)));
}

std::string ask_name_page(std::string_view problem) {
    return page("Reset your password", problem,
                "<form method=\"post\" action=\"weave-password-reset\">\n" +
                    field("User name or e-mail address", "username", "text", "username") +
                    "<p><button>Send me a link</button></p>\n</form>\n");
}

std::string new_password_page(std::string_view problem, std::string_view name, std::string_view key) {
    return page("Set a new password", problem,
                fmt::format("<form method=\"post\" action=\"weave-password-reset\">\n"
                            "<input type=\"hidden\" name=\"username\" value=\"{}\">\n"
                            "<input type=\"hidden\" name=\"key\" value=\"{}\">\n",
                            base::html_escape(name), base::html_escape(key)) +
                    field("New password", "password", "password", "new-password") +
                    field("The same again", "confirm", "password", "new-password") +
                    "<p><button>Set the password</button></p>\n</form>\n");
}

std::string delete_page(std::string_view problem) {
    return page("Delete your account", problem,
                "<p>Your account goes, and everything that it has stored here.</p>\n"
                "<form method=\"post\" action=\"weave-delete-account\">\n" +
                    field("User name or e-mail address", "username", "text", "username") +
                    field("Password", "password", "password", "current-password") +
                    "<p><button>Delete it all</button></p>\n</form>\n");
}

}  // namespace homespun::sync::registration
