#include "sync/easysetup/messages.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"

namespace homespun::sync::easysetup {
namespace {

namespace json = base::json;
using base::jpake::Proof;
using base::jpake::Round1;
using base::jpake::Round2;

std::string type_of(Role from, int number) {
    return fmt::format("{}{}", name_of(from), number);
}

void write_number(json::Writer& writer, std::string_view name, std::string_view bytes) {
    writer.member(name, std::string_view(base::hex_encode(bytes)));
}

void write_proof(json::Writer& writer, std::string_view name, const Proof& proof) {
    writer.key(name).begin_object();
    write_number(writer, "gr", proof.gr);
    write_number(writer, "b", proof.b);
    writer.member("id", std::string_view(proof.id)).end_object();
}

/// The envelope around what `payload` writes.
template <class Payload>
std::string write_envelope(Role from, int number, Version version, const Payload& payload) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object().member("type", std::string_view(type_of(from, number)));
    if (version >= hardened_version) writer.member("version", version);
    writer.key("payload").begin_object();
    payload(writer);
    writer.end_object().end_object();
    return text;
}

/// Reads members of one message; what goes wrong names the message and the member.
class Reader {
  public:
    Reader(std::string type, Role from) : type_(std::move(type)), from_(from) {}

    /// Checks the envelope, keeps the payload.
    Expected<Version> open(std::string_view text) {
        if (text.size() > max_message_bytes)
            return fail(ErrorCode::invalid, fmt::format("{}: the message has {} bytes", type_, text.size()));
        auto parsed = json::parse(text);
        if (!parsed) return fail(ErrorCode::invalid, fmt::format("{}: {}", type_, parsed.error().message));
        message_ = std::move(*parsed);
        const auto* type = message_.string("type");
        if (type == nullptr || *type != type_)
            return fail(ErrorCode::wrongmessage, fmt::format("{} is due, but {} came", type_, known(type)));
        payload_ = message_.member("payload");
        if (payload_ == nullptr || payload_->object() == nullptr) return missing("payload");
        return version();
    }

    [[nodiscard]] Expected<std::string> text(std::string_view name) const {
        return text(*payload_, name, name);
    }
    [[nodiscard]] Expected<std::string> number(std::string_view name) const {
        return number(*payload_, name, name);
    }
    [[nodiscard]] Expected<Proof> proof(std::string_view name) const {
        const auto* found = payload_->member(name);
        if (found == nullptr || found->object() == nullptr) return missing(name);
        const auto id = text(*found, "id", fmt::format("{}.id", name));
        if (!id) return std::unexpected(id.error());
        if (*id != name_of(from_)) {
            return fail(ErrorCode::wrongmessage,
                        fmt::format("{}: {} is not signed by the {}", type_, name, name_of(from_)));
        }
        auto gr = number(*found, "gr", fmt::format("{}.gr", name));
        if (!gr) return std::unexpected(gr.error());
        auto b = number(*found, "b", fmt::format("{}.b", name));
        if (!b) return std::unexpected(b.error());
        return Proof{std::move(*gr), std::move(*b), *id};
    }
    /// Empty when there is none.
    [[nodiscard]] std::string optional_text(std::string_view name) const {
        const auto* found = payload_->string(name);
        return found == nullptr ? std::string() : *found;
    }

  private:
    /// The name of a message, when it is one: foreign text stays out of logs.
    static std::string known(const std::string* type) {
        for (const Role from : {Role::receiver, Role::sender}) {
            for (const int number : {1, 2, 3}) {
                if (type != nullptr && *type == type_of(from, number)) return *type;
            }
        }
        return "something else";
    }
    [[nodiscard]] Expected<Version> version() const {
        const auto* member = message_.member("version");
        if (member == nullptr || member->is_null()) return 1;
        const auto* number = member->integer();
        if (number == nullptr || *number < 1 || *number > 1000)
            return fail(ErrorCode::invalid, fmt::format("{}: version is no version", type_));
        return static_cast<Version>(*number);
    }
    [[nodiscard]] Expected<std::string> text(const json::Value& from, std::string_view name,
                                             std::string_view shown) const {
        const auto* found = from.string(name);
        if (found == nullptr) return missing(shown);
        return *found;
    }
    [[nodiscard]] Expected<std::string> number(const json::Value& from, std::string_view name,
                                               std::string_view shown) const {
        const auto digits = text(from, name, shown);
        if (!digits) return digits;
        auto bytes = base::hex_decode(*digits);
        if (!bytes || bytes->empty()) {
            return fail(ErrorCode::invalid,
                        fmt::format("{}: {} is not hex with an even number of digits", type_, shown));
        }
        return std::move(*bytes);
    }
    [[nodiscard]] std::unexpected<Failure> missing(std::string_view name) const {
        return fail(ErrorCode::wrongmessage,
                    fmt::format("{}: {} is missing or of another kind", type_, name));
    }

    std::string type_;
    Role from_;
    json::Value message_;
    const json::Value* payload_ = nullptr;
};

/// Takes what was read into `into`, or remembers the first failure.
class Gather {
  public:
    template <class T>
    Gather& take(T& into, Expected<T> read) {
        if (failure_) return *this;
        if (read) {
            into = std::move(*read);
        } else {
            failure_ = std::move(read.error());
        }
        return *this;
    }
    template <class T>
    Expected<T> result(T value) {
        if (failure_) return std::unexpected(std::move(*failure_));
        return value;
    }

  private:
    std::optional<Failure> failure_;
};

}  // namespace

std::string_view name_of(Role role) {
    return role == Role::receiver ? "receiver" : "sender";
}

Role other(Role role) {
    return role == Role::receiver ? Role::sender : Role::receiver;
}

std::string write_message(Role from, Version version, const Round1& payload) {
    return write_envelope(from, 1, version, [&](json::Writer& writer) {
        write_number(writer, "gx1", payload.gx1);
        write_number(writer, "gx2", payload.gx2);
        write_proof(writer, "zkp_x1", payload.zkp_x1);
        write_proof(writer, "zkp_x2", payload.zkp_x2);
    });
}

std::string write_message(Role from, Version version, const Round2& payload) {
    return write_envelope(from, 2, version, [&](json::Writer& writer) {
        write_number(writer, "A", payload.a);
        write_proof(writer, "zkp_A", payload.zkp_a);
    });
}

std::string write_message(Role from, Version version, const Sealed& payload) {
    return write_envelope(from, 3, version, [&](json::Writer& writer) {
        writer.member("ciphertext", std::string_view(payload.ciphertext))
            .member("IV", std::string_view(payload.iv));
        if (!payload.hmac.empty()) writer.member("hmac", std::string_view(payload.hmac));
    });
}

Expected<Message<Round1>> parse_round1(std::string_view text, Role from) {
    Reader reader(type_of(from, 1), from);
    const auto version = reader.open(text);
    if (!version) return std::unexpected(version.error());
    Message<Round1> message{{}, *version};
    return Gather()
        .take(message.payload.gx1, reader.number("gx1"))
        .take(message.payload.gx2, reader.number("gx2"))
        .take(message.payload.zkp_x1, reader.proof("zkp_x1"))
        .take(message.payload.zkp_x2, reader.proof("zkp_x2"))
        .result(std::move(message));
}

Expected<Message<Round2>> parse_round2(std::string_view text, Role from) {
    Reader reader(type_of(from, 2), from);
    const auto version = reader.open(text);
    if (!version) return std::unexpected(version.error());
    Message<Round2> message{{}, *version};
    return Gather()
        .take(message.payload.a, reader.number("A"))
        .take(message.payload.zkp_a, reader.proof("zkp_A"))
        .result(std::move(message));
}

Expected<Message<Sealed>> parse_sealed(std::string_view text, Role from) {
    Reader reader(type_of(from, 3), from);
    const auto version = reader.open(text);
    if (!version) return std::unexpected(version.error());
    Message<Sealed> message{{}, *version};
    return Gather()
        .take(message.payload.ciphertext, reader.text("ciphertext"))
        .take(message.payload.iv, reader.text("IV"))
        .take(message.payload.hmac, from == Role::sender
                                        ? reader.text("hmac")
                                        : Expected<std::string>(reader.optional_text("hmac")))
        .result(std::move(message));
}

std::string write_credentials(const Credentials& credentials) {
    std::string text;
    json::Writer(text)
        .begin_object()
        .member("account", std::string_view(credentials.account))
        .member("password", std::string_view(credentials.password))
        .member("synckey", std::string_view(credentials.sync_key))
        .member("serverURL", std::string_view(credentials.server_url))
        .end_object();
    return text;
}

Expected<Credentials> parse_credentials(std::string_view text) {
    const auto parsed = json::parse(text);
    if (!parsed)
        return fail(ErrorCode::invalid,
                    fmt::format("the credentials are no JSON: {}", parsed.error().message));
    Credentials credentials;
    for (const auto& [name, into] : {std::pair("account", &Credentials::account),
                                     {"password", &Credentials::password},
                                     {"synckey", &Credentials::sync_key},
                                     {"serverURL", &Credentials::server_url}}) {
        const auto* found = parsed->string(name);
        if (found == nullptr) return fail(ErrorCode::invalid, fmt::format("the credentials lack {}", name));
        credentials.*into = *found;
    }
    return credentials;
}

}  // namespace homespun::sync::easysetup
