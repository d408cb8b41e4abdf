#include "sync/ops/notice_admin.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/json.hpp"
#include "sync/ops/admin_answers.hpp"
#include "sys/files.hpp"

namespace homespun::sync::ops {
namespace {

using storage::NoticeBoard;

std::string to_json(const NoticeBoard& board) {
    std::string text;
    base::json::Writer(text)
        .begin_object()
        .member("backoff_s", board.backoff_s)
        .member("retry_after_s", board.retry_after_s)
        .member("alert", std::string_view(board.alert))
        .end_object();
    return text;
}

/// What `text` names is changed, the rest stays as in `board`.
base::Result<NoticeBoard> changed(NoticeBoard board, const std::string& text) {
    const auto json = base::json::parse(text);
    if (!json) return base::fail(json.error().message);
    for (const auto& [name, field] :
         {std::pair("backoff_s", &board.backoff_s), std::pair("retry_after_s", &board.retry_after_s)}) {
        const auto* given = json->member(name);
        if (given == nullptr) continue;
        const auto* seconds = given->integer();
        if (seconds == nullptr || *seconds < 0 || *seconds > storage::longest_notice_s)
            return base::fail(
                fmt::format("{} must be a number of seconds from 0 to {}", name, storage::longest_notice_s));
        *field = *seconds;
    }
    if (const auto* given = json->member("alert")) {
        const auto* words = given->string();
        const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
        if (words == nullptr || words->size() > storage::longest_alert ||
            !std::ranges::all_of(*words, printable))
            return base::fail("alert must be one line of at most 1024 printable ASCII characters");
        board.alert = *words;
    }
    return board;
}

}  // namespace

base::Result<void> NoticeAdmin::load() {
    if (::access(path_.c_str(), F_OK) != 0) return {};
    const auto text = sys::read_file(path_);
    if (!text) return std::unexpected(text.error());
    auto board = changed({}, *text);
    if (!board) return base::fail(fmt::format("{}: {}; mend or delete it", path_, board.error().message));
    notices_.set(std::move(*board));
    return {};
}

void NoticeAdmin::register_natives(barrel::Natives& natives) {
    natives.handler("show_notices", [this](barrel::Context&) { return show(); });
    natives.handler("set_notices", [this](barrel::Context& context) { return change(context); });
}

NoticeAdmin::Answer NoticeAdmin::show() {
    co_return json_response(to_json(notices_.get()));
}

NoticeAdmin::Answer NoticeAdmin::change(barrel::Context& context) {
    auto board = changed(notices_.get(), context.request().body);
    if (!board) co_return refusal(400, board.error().message);
    if (auto saved = sys::write_file_atomically(path_, to_json(*board) + "\n", 0600); !saved)
        co_return refusal(503, saved.error().message);
    notices_.set(*board);
    logger_.info("notices_changed", {{"backoff_s", board->backoff_s},
                                     {"retry_after_s", board->retry_after_s},
                                     {"alert", std::string_view(board->alert)}});
    co_return json_response(to_json(*board));
}

}  // namespace homespun::sync::ops
