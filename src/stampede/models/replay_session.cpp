#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iterator>

#include "base/text.hpp"
#include "stampede/models/http_model.hpp"
#include "stampede/models/replay_model.hpp"
#include "stampede/models/sync_model.hpp"

namespace homespun::stampede {
namespace {

using std::chrono::microseconds;

bool has_body(std::string_view method) {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

/// How many records a POST has when the log does not tell: the estimates of the profile firefox-2016.
std::uint32_t usual_records(std::string_view collection, Dice& dice) {
    if (own_records(collection) == 1) return 1;
    const std::uint32_t mean = collection == "history" ? 8 : collection == "forms" ? 4 : 2;
    return static_cast<std::uint32_t>(dice.between(1, 2 * mean - 1));
}

/// A time of the protocol, seconds with two decimals, `shift_s` later; one that is none stays as it is.
std::string shifted_time(std::string_view text, double shift_s) {
    double time = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time);
    if (error != std::errc{} || end != text.data() + text.size() || !(time > 0 && time < 1e12))
        return std::string(text);
    return fmt::format("{:.2f}", std::max(time + shift_s, 0.0));
}

}  // namespace

std::string replayed_query(std::string_view query, double shift_s, std::string_view batch,
                           std::string_view next_offset) {
    std::string out;
    for (const auto part : base::split(query, '&')) {
        const auto equals = std::min(part.find('='), part.size());
        const auto name = part.substr(0, equals);
        const auto value = part.substr(std::min(equals + 1, part.size()));
        auto written = std::string(part);
        if (name == "newer" || name == "older") {
            written = fmt::format("{}={}", name, shifted_time(value, shift_s));
        } else if (name == "batch" && value != "true") {
            written = "batch=" + (batch.empty() ? "true" : base::percent_encode(batch));
        } else if (name == "offset") {
            if (next_offset.empty()) continue;
            written = "offset=" + base::percent_encode(next_offset);
        }
        out += (out.empty() ? "" : "&") + written;
    }
    return out;
}

void ReplaySession::begin(std::uint64_t user, std::uint64_t draw, Memory& memory) {
    dice_ = Dice(draw);
    memory_ = &memory;
    requests_ = model_.log_->of_user(user);
    uid_ = model_.settings_.first_uid + user;
    pass_until_s_ = 0;
    waited_ = false;
    batch_.clear();
    next_offset_.clear();
}

Next ReplaySession::next(Draft& draft) {
    if (memory_->a >= requests_.size()) return Next::end();
    if (!waited_) {
        const auto wait = model_.moment_of(request()) - model_.passed();
        if (wait > ReplayModel::longest_pause) return Next::end();
        waited_ = true;
        if (wait.count() > 0) return Next::wait(wait);
    }
    draft.type = request().type;
    draft.head = replay_methods[request().method] == "HEAD";
    model_.log_->sync() ? write_sync(draft) : write_plain(draft);
    return Next::ask();
}

microseconds ReplaySession::rest() {
    if (memory_->a >= requests_.size()) return std::chrono::hours(24);
    // Early, so that the session's own wait hits the moment and not the tick behind it.
    constexpr auto early = std::chrono::milliseconds(20);
    return std::max<microseconds>(model_.moment_of(request()) - model_.passed() - early, microseconds(0));
}

void ReplaySession::write_plain(Draft& draft) {
    const auto method = replay_methods[request().method];
    const auto& target = model_.writer_.target();
    draft.bytes.clear();
    const auto out = std::back_inserter(draft.bytes);
    fmt::format_to(out, "{} {}{} HTTP/1.1\r\nHost: {}\r\n", method, target.path,
                   model_.log_->target(request()), target.authority());
    body_.clear();
    if (has_body(method)) {
        append_payload(request().body == unknown_body ? pareto_size(dice_) : request().body);
        fmt::format_to(out, "Content-Type: text/plain\r\nContent-Length: {}\r\n", body_.size());
    }
    draft.bytes += "\r\n";
    draft.bytes += body_;
}

void ReplaySession::write_sync(Draft& draft) {
    const auto now_s = static_cast<std::int64_t>(std::time(nullptr));
    if (now_s >= pass_until_s_) {
        pass_ = model_.writer_.pass_for(uid_);
        pass_until_s_ = now_s + SyncWriter::pass_life_s / 2;
    }
    const auto method = replay_methods[request().method];
    const auto logged = model_.log_->target(request());
    const auto path = logged.substr(0, logged.find('?'));
    target_ = fmt::format("{}/{}{}", model_.writer_.target().path, uid_, path);
    if (path.size() < logged.size()) {
        const double logged_s = static_cast<double>(model_.log_->first_ms() + request().offset_ms) / 1000;
        const auto query = replayed_query(logged.substr(path.size() + 1),
                                          static_cast<double>(now_s) - logged_s, batch_, next_offset_);
        if (!query.empty()) target_ += "?" + query;
    }
    headers_.clear();
    if (request().expected == Expected::unchanged)
        headers_ = fmt::format("X-If-Modified-Since: {}.00\r\n", now_s);
    if (method == "DELETE" && (path.empty() || path == "/storage")) headers_ += "X-Confirm-Delete: 1\r\n";
    body_.clear();
    records_ = 0;
    if (has_body(method)) write_body(method, path);
    model_.writer_.write({.method = method, .target = target_, .more_headers = headers_, .body = body_},
                         pass_, clock_skew_s_, dice_, draft.bytes);
}

void ReplaySession::write_body(std::string_view method, std::string_view path) {
    constexpr std::string_view storage = "/storage/", before = R"({"payload":")", after = R"("})";
    const bool known = request().body != unknown_body;
    const auto collection = path.starts_with(storage) ? path.substr(storage.size()) : std::string_view();
    if (method == "POST") return write_records(collection);
    if (!known && (collection == "meta/global" || collection == "crypto/keys")) {
        body_ = R"({"payload":"{\"syncID\":\"stampede0000\",\"storageVersion\":5}"})";
        return;
    }
    const std::size_t frame = before.size() + after.size();
    body_ = before;
    append_payload(known ? std::max<std::size_t>(request().body, frame) - frame : pareto_size(dice_));
    body_ += after;
}

/// As many records as a body of the logged size holds, in one POST's limits; the last one fills it up.
void ReplaySession::write_records(std::string_view collection) {
    constexpr std::uint32_t most_at_once = 100;
    constexpr std::string_view before = R"({"id":")", between = R"(","payload":")", after = R"("})";
    const auto own = own_records(collection);
    const auto most = std::min(own, most_at_once);
    const auto first = static_cast<std::uint32_t>(dice_.below(own));
    const bool known = request().body != unknown_body;
    const auto wanted = known ? most : std::min(usual_records(collection, dice_), most);
    const std::size_t size = known ? request().body : 0;
    body_ = "[";
    do {
        if (records_ > 0) body_ += ',';
        body_ += before;
        append_own_id(body_, collection, (first + records_) % own);
        body_ += between;
        auto payload = collection == "clients" ? 300 : pareto_size(dice_);
        if (known) {
            const auto used = body_.size() + after.size() + 1;
            const auto left = size > used ? size - used : 0;
            // A rest too small for a record of its own goes to this one, and all of it to the last.
            constexpr std::size_t least_record = 400;
            const bool last = records_ + 1 == most || left < payload + least_record;
            payload = last ? left : std::max(payload, left / (most - records_));
        }
        append_payload(payload);
        body_ += after;
        ++records_;
    } while (records_ < wanted && (!known || body_.size() + 1 < size));
    body_ += ']';
}

void ReplaySession::append_payload(std::size_t size) {
    while (size > 0) {
        const auto piece = model_.writer_.payload(size, dice_);
        body_ += piece;
        size -= piece.size();
    }
}

bool ReplaySession::is_right(const Answer& answer) const {
    const auto method = replay_methods[request().method];
    const auto known = model_.sync_types_[request().type];
    if (!model_.log_->sync() || answer.status / 100 != 2 || method == "HEAD") return true;
    SyncStep step;
    step.records = records_;
    if (!known && records_ == 0) return true;
    step.type = known.value_or(SyncType::post_history);
    return is_right_body(step, answer);
}

/// What later requests need: the server's clock, and its names for batches and pages.
void ReplaySession::learn(const Answer& answer) {
    if (answer.status == 401) clock_skew_s_ = clock_skew_of(answer).value_or(clock_skew_s_);
    if (records_ > 0) {
        if (const auto batch = batch_of(answer.body); !batch.empty()) batch_ = batch;
    } else {
        next_offset_ = answer.headers.find("X-Weave-Next-Offset").value_or("");
    }
}

std::optional<ErrorClass> ReplaySession::judge(const Answer& answer) {
    const int status = answer.status, kind = status / 100;
    bool fits = false;
    switch (request().expected) {
        case Expected::well:
            fits = kind == 2;
            break;
        case Expected::redirect:
            fits = kind == 3;
            break;
        case Expected::unchanged:  // whether it was unchanged then depends on what is not logged
            fits = status == 304 || kind == 2;
            break;
        case Expected::missing:
            fits = status == 404;
            break;
    }
    const bool right = is_right(answer);
    if (model_.log_->sync()) learn(answer);
    ++memory_->a;
    waited_ = false;
    if (!fits) return class_of_status(answer);
    return right ? std::nullopt : std::optional(ErrorClass::wrong_body);
}

void ReplaySession::broken(ErrorClass) {
    ++memory_->a;
    waited_ = false;
}

}  // namespace homespun::stampede
