#include "seism/wire/http_conversation.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <string>
#include <utility>

#include "seism/wire/fault_effects.hpp"
#include "seism/wire/http_answers.hpp"
#include "seism/wire/http_framing.hpp"

namespace homespun::seism::wire {
namespace {

using http::Framing;
using End = ExchangeListener::End;

constexpr std::size_t most_under_way = 256;
constexpr std::size_t most_kept = 256;  // of a path, for telling of the bite
constexpr std::uint64_t most_drained = 1 << 20;

/// A request that waits for its answer.
struct Exchange {
    std::uint64_t ordinal = 0;
    std::string method = {}, path = {};
    const Fault* fault = nullptr;
    bool at_server = true;
    bool altered = false;  ///< the real answer passes, changed by the fault
    bool expects_continue = false;
    bool closes = false;      ///< the connection ends behind a made-up answer
    std::uint64_t bytes = 0;  ///< of the server's answer
    std::int64_t passed = 0;  ///< of an answer that is cut

    [[nodiscard]] Request request() const { return {ordinal, method, path}; }
    [[nodiscard]] bool to_head() const { return method == "HEAD"; }
};

bool is_write(std::string_view method) {
    return method != "GET" && method != "HEAD" && method != "OPTIONS" && method != "TRACE";
}

class HttpConversation final : public Conversation {
  public:
    HttpConversation(Judge& judge, ExchangeListener* listener) : judge_(judge), listener_(listener) {}

    void opened(Effects& effects) override {
        Exchange connection{.method = "connect", .at_server = false, .closes = true};
        connection.fault = judge_.judge(connection.request());
        if (connection.fault != nullptr) say(connection, effects);
    }

    void from_client(std::string_view bytes, Effects& effects) override {
        if (over_ || doomed_ || bytes.empty()) return;
        if (!began_) gave_up_ = bytes[0] == tls_handshake;
        began_ = true;
        std::string out;
        while (!bytes.empty() && !gave_up_ && !doomed_)
            bytes.remove_prefix(in_request_body_ ? read_body(bytes, out) : read_head(bytes, out));
        if (gave_up_) out += bytes;
        if (!out.empty()) effects.to_server(out);
        say_what_is_due(effects);
    }

    void from_server(std::string_view bytes, Effects& effects) override {
        std::string out;
        while (!bytes.empty() && !over_) {
            if (!is_opaque() && exchanges_.empty()) lose(out, effects, End::malformed);  // nobody asked
            if (is_opaque()) {
                out += bytes;
                break;
            }
            bytes.remove_prefix(in_response_body_ ? take_body(bytes, out, effects)
                                                  : take_head(bytes, out, effects));
        }
        if (!over_) flush(out, effects);
    }

    void client_ended(Effects& effects) override {
        if (over_) return;
        if (listener_ != nullptr) listener_->on_client_end();
        if (!doomed_ && !request_head_.at_rest()) effects.to_server(request_head_.text());
        request_head_.restart();
        in_request_body_ = false;
        say_what_is_due(effects);
        if (!over_) effects.end_to_server();
    }

    void server_ended(Effects& effects) override {
        if (over_) return;
        std::string out;
        if (in_response_body_ && response_body_.until_close()) {
            response_ended(out, effects);
        } else if (!exchanges_.empty() && exchanges_.front().at_server && exchanges_.front().bytes > 0) {
            cut_off(out, effects);
        }
        if (over_) return;
        flush(out, effects);
        while (!exchanges_.empty())
            end_exchange(End::empty);
        effects.end_to_client();
    }

    [[nodiscard]] bool is_opaque() const override {
        return gave_up_ && (lost_ || (exchanges_.empty() && !in_response_body_));
    }

  private:
    // What the client says.

    std::size_t read_head(std::string_view bytes, std::string& out) {
        const auto used = request_head_.feed(bytes);
        if (request_head_.malformed()) give_up(out);
        if (!request_head_.ended()) return used;
        const auto request = http::parse_request(request_head_.text());
        if (!request || exchanges_.size() >= most_under_way) {
            give_up(out);
            return used;
        }
        decide(*request, out);
        request_head_.restart();
        request_body_.start(request->framing, request->length);
        in_request_body_ = true;
        drained_ = 0;
        request_ended_if_so();
        return used;
    }

    std::size_t read_body(std::string_view bytes, std::string& out) {
        const auto used = request_body_.feed(bytes);
        if (listener_ != nullptr && !request_body_.payload().empty())
            listener_->on_request_body(ordinal_, request_body_.payload());
        if (passes_)
            out += bytes.substr(0, used);
        else
            drained_ += used;
        if (request_body_.malformed()) {
            gave_up_ = passes_;
            doomed_ = !passes_;
            unreadable_ = true;
        }
        request_ended_if_so();
        return used;
    }

    void request_ended_if_so() {
        if (!request_body_.ended()) return;
        in_request_body_ = false;
        if (listener_ != nullptr) listener_->on_request_end(ordinal_);
        if (doom_after_request_) doomed_ = true;
        if (tunnel_) gave_up_ = true;
    }

    void give_up(std::string& out) {
        gave_up_ = true;
        out += request_head_.text();
        request_head_.restart();
    }

    void decide(const http::RequestHead& head, std::string& out) {
        const Request request{++ordinal_, head.method, head.path, request_head_.text(),
                              is_write(head.method)};
        if (listener_ != nullptr) listener_->on_request(request);
        Exchange exchange{.ordinal = ordinal_,
                          .method = std::string(head.method.substr(0, most_kept)),
                          .path = std::string(head.path.substr(0, most_kept)),
                          .fault = judge_.judge(request),
                          .expects_continue = head.expects_continue,
                          .closes = head.wants_close};
        passes_ = true;
        if (exchange.fault == nullptr) {
            out += request_head_.text();
        } else {
            meet(exchange, request, out);
            // Nobody can say whether a body comes that was announced but not called for.
            if (!passes_ && head.expects_continue && head.framing != Framing::none)
                exchange.closes = doomed_ = true;
        }
        // Behind a CONNECT the server alone says whether what follows is still HTTP.
        tunnel_ = head.method == "CONNECT" && passes_;
        exchanges_.push_back(std::move(exchange));
    }

    void meet(Exchange& exchange, const Request& request, std::string& out) {
        const Fault& fault = *exchange.fault;
        exchange.altered = http::alters(fault);
        exchange.at_server = exchange.altered || fault.mode == Mode::after;
        exchange.closes = exchange.closes || fault.mode == Mode::before_close;
        passes_ = exchange.at_server;
        const bool ends = is_abrupt(fault) || exchange.closes || fault.kind == "truncate" ||
                          (!exchange.altered && http::made_up(fault, false, false).closes);
        doom_after_request_ = ends;
        if (http::alters_request(fault)) {
            judge_.bitten(fault, request);
            out += http::altered_request(request_head_.text(), fault);
            if (fault.mode != Mode::before_close) {
                exchange.fault = nullptr;
                doom_after_request_ = false;
            }
        } else if (passes_) {
            out += request_head_.text();
        }
    }

    // What the server says.

    std::size_t take_head(std::string_view bytes, std::string& out, Effects& effects) {
        auto& exchange = exchanges_.front();
        if (exchange.bytes == 0 && listener_ != nullptr) listener_->on_response_begin(exchange.ordinal);
        const auto used = response_head_.feed(bytes);
        exchange.bytes += used;
        if (response_head_.malformed()) {
            lose_head(out, effects);
        } else if (response_head_.ended()) {
            const auto head = http::parse_response(response_head_.text());
            head&& exchange.at_server ? head_ended(*head, out, effects) : lose_head(out, effects);
        }
        return used;
    }

    void lose_head(std::string& out, Effects& effects) {
        out += response_head_.text();
        lose(out, effects, End::malformed);
    }

    void head_ended(const http::ResponseHead& head, std::string& out, Effects& effects) {
        auto& exchange = exchanges_.front();
        const auto text = response_head_.text();
        response_head_.restart();
        if (head.status < 200 && head.status != 101) {
            // Without its 100 a client would not send what the server waits for.
            const bool awaited = head.status == 100 && exchange.expects_continue;
            if (exchange.fault == nullptr || exchange.altered || awaited) out += text;
            return;
        }
        if (listener_ != nullptr) listener_->on_response_head(exchange.ordinal, head.status, text);
        if (head.status == 101 || (exchange.method == "CONNECT" && head.status < 300)) {
            tunnel_granted(text, out, effects);
            return;
        }
        exchange.closes = exchange.closes || head.closes;
        response_body_.start(exchange.to_head() ? Framing::none : head.framing, head.length);
        in_response_body_ = true;
        // Nothing stands in the place of a body that may not be.
        const bool bodyless = head.status == 204 || head.status == 304;
        if (exchange.fault != nullptr && exchange.fault->kind == "modify_body" && bodyless &&
            exchange.fault->mode != Mode::before_close)
            exchange.fault = nullptr;
        pass_head(exchange, text, bodyless, out, effects);
        if (!over_ && response_body_.ended()) response_ended(out, effects);
    }

    void pass_head(Exchange& exchange, std::string_view text, bool bodyless, std::string& out,
                   Effects& effects) {
        if (exchange.fault == nullptr) {
            out += text;
        } else if (!exchange.altered) {
            pass_until_cut(exchange, text, out, effects);
        } else {
            const Fault& fault = *exchange.fault;
            if (!http::alters_request(fault)) judge_.bitten(fault, exchange.request());
            if (fault.kind == "drip") {
                flush(out, effects);
                effects.drip_to_client(
                    text, std::chrono::milliseconds(std::max<std::int64_t>(1, fault.interval_ms)));
            } else if (fault.kind == "truncate" || http::alters_request(fault) ||
                       (bodyless && fault.kind == "modify_body")) {
                out += text;
            } else {
                out += http::altered_response(text, fault, !bodyless);
                if (http::replaces_body(fault) && !exchange.to_head()) out += http::body_instead(fault);
            }
            if (fault.kind == "truncate" && fault.bytes <= 0) end_here(out, effects);
        }
    }

    std::size_t take_body(std::string_view bytes, std::string& out, Effects& effects) {
        auto& exchange = exchanges_.front();
        const auto used = response_body_.feed(bytes);
        const auto piece = bytes.substr(0, used);
        exchange.bytes += used;
        if (listener_ != nullptr && !response_body_.payload().empty())
            listener_->on_response_body(exchange.ordinal, response_body_.payload());
        if (exchange.fault == nullptr) {
            out += piece;
        } else if (!exchange.altered) {
            pass_until_cut(exchange, piece, out, effects);
        } else if (exchange.fault->kind == "truncate") {
            const auto passing =
                std::min<std::int64_t>(exchange.fault->bytes - exchange.passed, std::ssize(piece));
            out += piece.substr(0, static_cast<std::size_t>(passing));
            exchange.passed += passing;
            if (exchange.passed >= exchange.fault->bytes) end_here(out, effects);
        } else if (!http::replaces_body(*exchange.fault)) {
            out += piece;
        }
        if (over_) return used;
        if (response_body_.malformed()) lose(out, effects, End::malformed);
        if (in_response_body_ && response_body_.ended()) response_ended(out, effects);
        return used;
    }

    /// An answer that is swallowed, save what passes before an abrupt end.
    void pass_until_cut(Exchange& exchange, std::string_view piece, std::string& out, Effects& effects) {
        if (!is_abrupt(*exchange.fault) || exchange.fault->bytes <= 0) return;
        const auto passing =
            std::min<std::int64_t>(exchange.fault->bytes - exchange.passed, std::ssize(piece));
        out += piece.substr(0, static_cast<std::size_t>(passing));
        exchange.passed += passing;
        if (exchange.passed < exchange.fault->bytes) return;
        flush(out, effects);
        say(exchange, effects);
    }

    void end_here(std::string& out, Effects& effects) {
        flush(out, effects);
        end_with(effects, End::injected);
        effects.close();
    }

    void response_ended(std::string& out, Effects& effects) {
        in_response_body_ = false;
        auto& exchange = exchanges_.front();
        const bool altered = exchange.altered;
        if (exchange.fault != nullptr && (!altered || exchange.fault->kind == "truncate")) {
            flush(out, effects);
            altered ? end_here(out, effects) : say(exchange, effects);
        } else if (exchange.fault != nullptr && exchange.fault->mode == Mode::before_close) {
            end_here(out, effects);
        }
        if (over_) return;
        end_exchange(exchange.fault == nullptr || altered ? End::complete : End::injected);
        if (exchanges_.empty() || exchanges_.front().at_server) return;
        flush(out, effects);
        say_what_is_due(effects);
    }

    /// The server ended within an answer.
    void cut_off(std::string& out, Effects& effects) {
        auto& exchange = exchanges_.front();
        if (exchange.fault != nullptr && !exchange.altered) {
            exchange.closes = true;
            say(exchange, effects);
            return;
        }
        out += response_head_.text();
        end_exchange(End::truncated);
    }

    void tunnel_granted(std::string_view text, std::string& out, Effects& effects) {
        auto& exchange = exchanges_.front();
        if (exchange.fault != nullptr && !exchange.altered) {
            exchange.closes = true;  // the server speaks something else on this connection now
            flush(out, effects);
            say(exchange, effects);
            return;
        }
        out += text;
        lose(out, effects, End::tunnel);
    }

    /// HTTP ends here: everything passes as it is.
    void lose(std::string& out, Effects& effects, End end) {
        flush(out, effects);
        lost_ = gave_up_ = true;
        in_response_body_ = in_request_body_ = false;
        if (!request_head_.at_rest()) effects.to_server(request_head_.text());
        request_head_.restart();
        while (!exchanges_.empty())
            end_exchange(std::exchange(end, end == End::tunnel ? End::tunnel : End::empty));
    }

    // What faults say.

    void say_what_is_due(Effects& effects) {
        while (!over_ && !exchanges_.empty() && !exchanges_.front().at_server && !in_response_body_) {
            auto& exchange = exchanges_.front();
            const bool unread = (in_request_body_ || unreadable_) && exchanges_.size() == 1;
            if (unread && !unreadable_ && !is_abrupt(*exchange.fault) && !exchange.expects_continue &&
                drained_ <= most_drained)
                return;
            exchange.closes = exchange.closes || unread;
            say(exchange, effects);
            if (!over_) end_exchange(End::injected);
        }
    }

    void say(const Exchange& exchange, Effects& effects) {
        const Fault& fault = *exchange.fault;
        judge_.bitten(fault, exchange.request());
        if (is_abrupt(fault)) {
            end_with(effects, End::injected);
            end_abruptly(fault, effects);
            return;
        }
        const auto answer = http::made_up(fault, exchange.to_head(), exchange.closes);
        if (fault.kind == "drip")
            effects.drip_to_client(answer.head,
                                   std::chrono::milliseconds(std::max<std::int64_t>(1, fault.interval_ms)));
        else if (!answer.head.empty())
            effects.to_client(answer.head);
        if (!answer.body.empty()) effects.to_client(answer.body);
        if (!answer.closes) return;
        end_with(effects, End::injected);
        effects.close();
    }

    /// The conversation is over; whoever still waits gets nothing.
    void end_with(Effects&, End end) {
        over_ = true;
        while (!exchanges_.empty())
            end_exchange(std::exchange(end, End::empty));
    }

    void end_exchange(End end) {
        if (listener_ != nullptr)
            listener_->on_response_end(exchanges_.front().ordinal, end, exchanges_.front().bytes);
        exchanges_.pop_front();
    }

    static void flush(std::string& out, Effects& effects) {
        if (!out.empty()) effects.to_client(out);
        out.clear();
    }

    Judge& judge_;
    ExchangeListener* listener_;
    std::deque<Exchange> exchanges_;
    std::uint64_t ordinal_ = 0;

    http::HeadReader request_head_, response_head_;
    http::BodyReader request_body_, response_body_;
    bool in_request_body_ = false, in_response_body_ = false;
    bool passes_ = true;         ///< the request under way
    std::uint64_t drained_ = 0;  ///< bytes of its body that the server does not see
    bool tunnel_ = false;

    bool began_ = false;
    bool doom_after_request_ = false;
    bool doomed_ = false;      ///< the connection will end: nothing more is asked of the server
    bool unreadable_ = false;  ///< the body of the last request has no end
    bool gave_up_ = false;     ///< the client is understood no more; answers still are
    bool lost_ = false;        ///< neither
    bool over_ = false;
};

}  // namespace

std::unique_ptr<Conversation> make_http_conversation(Judge& judge, const ConversationOptions&,
                                                     ExchangeListener* listener) {
    return std::make_unique<HttpConversation>(judge, listener);
}

}  // namespace homespun::seism::wire
