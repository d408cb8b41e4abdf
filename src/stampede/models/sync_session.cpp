#include "stampede/models/sync_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>

#include "base/text.hpp"
#include "stampede/models/http_model.hpp"

namespace homespun::stampede {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr microseconds longest_wait = seconds(3600);

bool is_post(const SyncStep& step) {
    return step.records > 0;
}

/// "GET", "POST", …: the first word of the type's name.
std::string_view method_of(const SyncStep& step) {
    const std::string_view name = sync_type_names()[static_cast<std::size_t>(step.type)];
    return name.substr(0, name.find(' '));
}

microseconds seconds_in(const Answer& answer, std::string_view header) {
    const auto text = answer.headers.find(header);
    const auto number = text ? base::parse_integer<std::int64_t>(base::trim(*text)) : std::nullopt;
    return number && *number > 0 ? std::min<microseconds>(seconds(*number), longest_wait) : microseconds(0);
}

/// The records a list of ids in `"success":[…]` has; nothing when there is no such list.
std::optional<std::size_t> count_successes(std::string_view body) {
    constexpr std::string_view key = "\"success\"";
    const auto at = body.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    const auto open = body.find('[', at);
    const auto close = body.find(']', at);
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        return std::nullopt;
    // Ids hold no quotes but escaped ones, and ours hold none.
    return static_cast<std::size_t>(std::ranges::count(body.substr(open, close - open), '"')) / 2;
}

bool has_no_failures(std::string_view body) {
    const auto at = body.find("\"failed\"");
    if (at == std::string_view::npos) return false;
    const auto open = body.find('{', at);
    return open != std::string_view::npos && base::trim(body.substr(open + 1)).starts_with('}');
}

bool framed(std::string_view body, char open, char close) {
    body = base::trim(body);
    return body.size() >= 2 && body.front() == open && body.back() == close;
}

}  // namespace

bool is_right_body(const SyncStep& step, const Answer& answer) {
    using enum SyncType;
    if (answer.status == 304 || answer.status == 404) return true;
    const auto body = answer.body;
    switch (step.type) {
        case get_configuration:
        case get_collections:
        case delete_storage:
        case delete_collection:
            return framed(body, '{', '}');
        case get_meta:
        case get_keys:
            return framed(body, '{', '}') && body.contains("\"payload\"");
        case get_token:
            return framed(body, '{', '}');
        case put_meta:
        case put_keys:
            return !body.empty() && body.find_first_not_of("0123456789.\" ") == std::string_view::npos;
        default:
            break;
    }
    if (!is_post(step)) return framed(body, '[', ']');
    const auto successes = count_successes(body);
    const bool staged = step.batch == BatchPart::open || step.batch == BatchPart::append;
    return successes && *successes == step.records && has_no_failures(body) &&
           (!staged || body.contains("\"batch\""));
}

void SyncSession::begin(std::uint64_t user, std::uint64_t draw, Memory& memory) {
    dice_ = Dice(draw);
    memory_ = &memory;
    user_ = user;
    const auto& profile = model_.profile_;
    if (profile.name == "rolling-users") user_ = model_.next_rolling_.fetch_add(1);
    steps_.clear();
    const auto& accounts = model_.settings_.accounts;
    if (accounts == nullptr) {
        pass_ = model_.writer_.pass_for(model_.settings_.first_uid + user_);
    } else if (auto pass = accounts->pass_of(user_, std::time(nullptr))) {
        pass_ = std::move(*pass);
    } else {
        steps_.push_back({.type = SyncType::get_token});
    }
    if (model_.preparing_) {
        plan_preparation(profile.stored_records, steps_);
    } else {
        profile.plan(dice_, memory, steps_);
    }
    at_ = 0;
    over_ = clock_mended_ = token_renewed_ = false;
    wait_ = back_off_ = microseconds(0);
    batch_.clear();
}

Next SyncSession::next(Draft& draft) {
    if (wait_.count() > 0) return Next::wait(std::exchange(wait_, microseconds(0)));
    if (over_ || at_ >= steps_.size()) return Next::end();
    const auto& step = steps_[at_];
    if (step.of_elder) {
        if (user_ < rolling_window) return Next::end();
        elder_ = model_.writer_.pass_for(model_.settings_.first_uid + user_ - rolling_window);
    }
    write(step, draft);
    return Next::ask();
}

void SyncSession::write_target(const SyncStep& step, std::string_view path) {
    using enum SyncType;
    target_ = path;
    const auto out = std::back_inserter(target_);
    switch (step.type) {
        case get_configuration:
            target_ += "/info/configuration";
            return;
        case get_collections:
            target_ += "/info/collections";
            return;
        case get_meta:
        case put_meta:
            target_ += "/storage/meta/global";
            return;
        case get_keys:
        case put_keys:
            target_ += "/storage/crypto/keys";
            return;
        case delete_storage:
            target_ += "/storage";
            return;
        default:
            break;
    }
    fmt::format_to(out, "/storage/{}", step.collection);
    if (is_post(step)) {
        using enum BatchPart;
        if (step.batch == open) target_ += "?batch=true";
        if (step.batch == append || step.batch == commit)
            fmt::format_to(out, "?batch={}", base::percent_encode(batch_));
        if (step.batch == commit) target_ += "&commit=true";
        if (step.batch == whole) target_ += "?batch=true&commit=true";
    } else if (step.type != delete_collection) {
        target_ += "?full=1";
        if (step.newer_s > 0) fmt::format_to(out, "&newer={}.00", std::time(nullptr) - step.newer_s);
        if (step.limit > 0) fmt::format_to(out, "&limit={}", step.limit);
    }
}

std::size_t SyncSession::payload_size() {
    return model_.profile_.sizes == Sizes::fixed_500 ? 500 : pareto_size(dice_);
}

/// Which of a user's four clients writes: 80, 15, 4 and 1 % of the time.
std::uint32_t SyncSession::client_number() {
    const double share = dice_.share();
    return share < 0.80 ? 0 : share < 0.95 ? 1 : share < 0.99 ? 2 : 3;
}

void SyncSession::write_records(const SyncStep& step) {
    body_ = "[";
    // Consecutive numbers, so that one upload does not write a record twice.
    const bool many_clients = step.type == SyncType::post_clients && model_.profile_.many_clients;
    const auto own = many_clients ? 4 : own_records(step.collection);
    const auto first = many_clients ? client_number() : static_cast<std::uint32_t>(dice_.below(own));
    for (std::uint32_t i = 0; i < step.records; ++i) {
        body_ += i == 0 ? R"({"id":")" : R"(,{"id":")";
        if (step.new_ids) {
            append_new_id(body_, dice_);
        } else {
            append_own_id(body_, step.collection, (first + i) % own);
        }
        const auto size = step.type == SyncType::post_clients ? 300 : payload_size();
        body_ += R"(","payload":")";
        body_ += model_.writer_.payload(size, dice_);
        body_ += "\"}";
    }
    body_ += ']';
}

void SyncSession::write(const SyncStep& step, Draft& draft) {
    draft.type = static_cast<std::uint16_t>(step.type);
    draft.head = false;
    if (step.type == SyncType::get_token) {
        const auto& account = model_.settings_.accounts->of(user_);
        model_.writer_.write_token_request(account.access_token, account.key_id, draft.bytes);
        return;
    }
    const auto& pass = step.of_elder ? elder_ : pass_;
    write_target(step, pass.path);
    body_.clear();
    if (is_post(step)) write_records(step);
    const bool put = step.type == SyncType::put_meta || step.type == SyncType::put_keys;
    if (put) body_ = R"({"payload":"{\"syncID\":\"stampede0000\",\"storageVersion\":5}"})";

    headers_.clear();
    if (step.unless_modified && memory_->a > 0)
        fmt::format_to(std::back_inserter(headers_), "X-If-Modified-Since: {}.{:02}\r\n", memory_->a / 100,
                       memory_->a % 100);
    if (step.type == SyncType::delete_storage) headers_ += "X-Confirm-Delete: 1\r\n";
    model_.writer_.write(
        {.method = method_of(step), .target = target_, .more_headers = headers_, .body = body_}, pass,
        clock_skew_s_, dice_, draft.bytes);
}

std::optional<ErrorClass> SyncSession::judge(const Answer& answer) {
    const auto step = steps_[at_];
    back_off_ = std::max({back_off_, seconds_in(answer, "X-Weave-Backoff"), seconds_in(answer, "X-Backoff")});
    const bool staged = step.batch == BatchPart::open || step.batch == BatchPart::append;
    const bool missing = answer.status == 404 && (step.may_be_missing || step.put_when_missing);
    const bool unchanged = answer.status == 304 && step.unless_modified;
    if (answer.status != (staged ? 202 : 200) && !missing && !unchanged) return heed(answer);
    if (!is_right_body(step, answer) || (step.type == SyncType::get_token && !take_token(answer.body))) {
        over_ = true;
        return ErrorClass::wrong_body;
    }
    if (step.unless_modified) {
        const auto text = answer.headers.find("X-Last-Modified");
        const auto dot = text ? text->find('.') : std::string_view::npos;
        if (dot != std::string_view::npos && text->size() >= dot + 3) {
            const auto whole = base::parse_integer<std::uint64_t>(text->substr(0, dot));
            const auto part = base::parse_integer<std::uint64_t>(text->substr(dot + 1, 2));
            if (whole && part) memory_->a = *whole * 100 + *part;
        }
    }
    if (step.batch == BatchPart::open) {
        batch_ = batch_of(answer.body);
    }
    ++at_;
    if (missing && step.put_when_missing) {
        auto put = step;
        put.put_when_missing = false;
        put.type = step.type == SyncType::get_meta ? SyncType::put_meta : SyncType::put_keys;
        steps_.insert(steps_.begin() + static_cast<std::ptrdiff_t>(at_), put);
    }
    return std::nullopt;
}

bool SyncSession::take_token(std::string_view body) {
    auto given = read_token_answer(body, model_.writer_.target());
    if (!given) return false;
    // Firefox asks anew after 80 % of a token's life.
    const auto until = std::time(nullptr) + given->duration_s * 4 / 5;
    pass_ = given->pass;
    model_.settings_.accounts->keep(user_, std::move(given->pass), until);
    return true;
}

/// What a client does with an answer it did not want: asks for a new token once, mends its clock once, waits
/// when told to, or gives up.
ErrorClass SyncSession::heed(const Answer& answer) {
    const auto error = class_of_status(answer);
    const auto retry = seconds_in(answer, "Retry-After");
    const auto& accounts = model_.settings_.accounts;
    const bool of_token = steps_[at_].type == SyncType::get_token;
    if (answer.status == 401 && accounts != nullptr && !of_token && !token_renewed_) {
        token_renewed_ = true;
        accounts->drop(user_);
        steps_.insert(steps_.begin() + static_cast<std::ptrdiff_t>(at_), {.type = SyncType::get_token});
        if (const auto skew = clock_skew_of(answer)) clock_skew_s_ = *skew;
        return error;
    }
    if (answer.status == 401 && !clock_mended_) {
        clock_mended_ = true;
        const auto skew = clock_skew_of(answer);
        if (skew) clock_skew_s_ = *skew;
        if (skew) return error;
    }
    if (model_.profile_.honours_back_off && error == ErrorClass::busy && retry.count() > 0) {
        // Clients that all wait the same time would come back together: real ones spread, and so do these.
        wait_ = retry + microseconds(dice_.below(static_cast<std::uint64_t>(retry.count()) / 2 + 1));
        return error;
    }
    over_ = true;
    return error;
}

void SyncSession::broken(ErrorClass) {
    over_ = true;
}

std::chrono::microseconds SyncSession::rest() {
    if (model_.preparing_) return std::chrono::hours(24);
    auto rest = model_.settings_.rest ? *model_.settings_.rest : model_.profile_.rest(dice_, *memory_);
    rest = microseconds(
        static_cast<std::int64_t>(static_cast<double>(rest.count()) / model_.settings_.time_scale));
    return model_.profile_.honours_back_off ? std::max(rest, back_off_) : rest;
}

}  // namespace homespun::stampede
