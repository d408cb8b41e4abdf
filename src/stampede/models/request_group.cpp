#include "stampede/models/request_group.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"

namespace homespun::stampede {
namespace {

constexpr std::string_view number_mark = "{n}";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// What is made by machines: a number, or letters with digits among them as no word has them.
bool is_id(std::string_view segment) {
    const auto digits = std::ranges::count_if(segment, is_digit);
    if (digits == 0) return false;
    if (digits == static_cast<std::ptrdiff_t>(segment.size())) return true;
    constexpr std::string_view hex = "0123456789abcdefABCDEF-";
    constexpr std::string_view base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=";
    constexpr std::size_t least_hex = 8, least_base64 = 20;
    return (segment.size() >= least_hex && segment.find_first_not_of(hex) == std::string_view::npos) ||
           (segment.size() >= least_base64 && segment.find_first_not_of(base64) == std::string_view::npos);
}

/// Runs of two digits and more become {n}: one alone is mostly a version.
std::string without_numbers(std::string_view segment) {
    if (is_id(segment)) return std::string(number_mark);
    std::string out;
    for (std::size_t at = 0; at < segment.size();) {
        auto end = at;
        while (end < segment.size() && is_digit(segment[end]))
            ++end;
        if (end >= at + 2) {
            out += number_mark;
        } else {
            end = std::max(end, at + 1);
            out += segment.substr(at, end - at);
        }
        at = end;
    }
    return out;
}

std::string collapsed(std::string_view path) {
    std::string out;
    for (const auto segment : base::split(path.substr(1), '/'))
        out += "/" + without_numbers(segment);
    return out;
}

std::string sync_group(std::string_view method, std::string_view what) {
    constexpr std::string_view storage = "storage";
    const bool all = what.empty() || what == storage;
    if (all) return method == "DELETE" ? "DELETE storage" : std::string(method) + " storage";
    std::string name(method);
    if (!what.starts_with("storage/")) return name + collapsed("/" + std::string(what)).replace(0, 1, " ");
    what.remove_prefix(storage.size() + 1);
    if (what == "meta/global" || what == "crypto/keys") return name + " " + std::string(what);
    const auto slash = what.find('/');
    if (slash != std::string_view::npos)
        return name + " " + std::string(what.substr(0, slash + 1)) + std::string(number_mark);
    if (method == "DELETE") return "DELETE collection";
    return name + " " + std::string(what);
}

}  // namespace

std::optional<SyncPath> parse_sync_path(std::string_view target) {
    const auto mark = target.find('?');
    auto path = target.substr(0, mark);
    for (const std::string_view version : {"/1.5/", "/1.1/", "/1.0/"}) {
        const auto at = path.find(version);
        if (at == std::string_view::npos) continue;
        path.remove_prefix(at + version.size());
        SyncPath found;
        found.user = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(found.user.size() + 1, path.size()));
        found.what = path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
        if (mark != std::string_view::npos) found.query = target.substr(mark + 1);
        const bool a_number = std::ranges::all_of(found.user, is_digit);
        const bool sync = (found.what.empty() && a_number) || found.what == "storage" ||
                          found.what.starts_with("info/") || found.what.starts_with("storage/");
        if (found.user.empty() || !sync) return std::nullopt;
        return found;
    }
    return std::nullopt;
}

std::string request_group(std::string_view method, std::string_view target) {
    constexpr std::size_t longest = 160;
    const auto sync = parse_sync_path(target);
    auto name = sync ? sync_group(method, sync->what)
                     : std::string(method) + " " + collapsed(target.substr(0, target.find('?')));
    if (name.size() > longest) name = name.substr(0, longest) + "...";
    return name;
}

}  // namespace homespun::stampede
