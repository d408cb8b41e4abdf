#pragma once

// The tree of one RBR file, exactly as written: order is kept, nothing is resolved. `parse` makes it, `check`
// says whether it holds together, `format` writes it back. Plain values: copy, compare, keep as long as
// needed. Nothing here refers to memory outside the tree.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace homespun::barrel::rbr {

/// Where something stands in the source: 1-based, columns in characters. Two trees that differ only in
/// positions are equal.
struct Position {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::uint32_t length = 1;

    friend constexpr bool operator==(const Position&, const Position&) { return true; }
};

/// What a definition, statement or command carries besides its meaning: its place and the comments that
/// belong to it.
struct Origin {
    Position at;
    std::vector<std::string>
        comments;          ///< Lines above it without the `#`; blank_line for an empty line between two.
    std::string trailing;  ///< Comment behind it on the same line, without the `#`; empty: none.

    bool operator==(const Origin&) const = default;
};

/// Stands in a list of comments for an empty line between two of them (a comment can never contain a line
/// feed).
inline constexpr std::string_view blank_line = "\n";

/// A literal value. `text` is the decoded text, or the digits as written (so that `1.0` stays `1.0`).
/// Integers fit 64 bits.
struct Literal {
    enum class Kind { Integer, Decimal, Text };

    Kind kind = Kind::Text;
    std::string text;
    Position at;

    [[nodiscard]] std::optional<std::int64_t> integer() const;
    [[nodiscard]] std::optional<double> number() const;

    bool operator==(const Literal&) const = default;
};

/// A number with a unit: a size (`k`, `m`, `g`: powers of 1024; or none) or a duration (`ms`, `s`, `m`, `h`).
struct Quantity {
    std::uint64_t amount = 0;
    std::string unit;
    Position at;

    [[nodiscard]] std::uint64_t bytes() const;
    [[nodiscard]] std::chrono::milliseconds duration() const;

    bool operator==(const Quantity&) const = default;
};

/// `native:NAME`: something the program registered under that name.
struct Native {
    std::string name;
    Position at;

    bool operator==(const Native&) const = default;
};

/// What answers a path.
struct Target {
    enum class Kind { Native, File, Directory, Echo };

    Kind kind = Kind::Echo;
    std::string name;  ///< Name of the native, or path of the asset; empty for echo.
    Position at;

    bool operator==(const Target&) const = default;
};

enum class Method : std::uint8_t { Get, Head, Post, Put, Patch, Delete };

inline constexpr std::size_t method_count = 6;

[[nodiscard]] std::string_view to_string(Method method);
[[nodiscard]] std::optional<Method> method_from(std::string_view name);

/// One part of an address between two slashes.
struct Segment {
    enum class Kind { Static, Placeholder, Rest };

    Kind kind = Kind::Static;
    std::string text;   ///< Static: percent-decoded text. Otherwise: name of the placeholder.
    std::string regex;  ///< Placeholder: RE2 expression over the whole segment; empty: anything but nothing.
    Position at;

    bool operator==(const Segment&) const = default;
};

/// An address pattern. `/` is one empty segment, `/a/` is `a` and an empty segment.
struct Url {
    std::vector<Segment> segments;
    Position at;

    bool operator==(const Url&) const = default;
};

// --- commands: what stands inside a section
// -------------------------------------------------------------------------------------------

struct Description {
    std::string text;
    bool operator==(const Description&) const = default;
};

/// `unless [HEADER] type is [not] TYPE return CODE`; no header means the body.
struct UnlessType {
    std::optional<std::string> header;
    bool negated = false;
    std::string type;
    int status = 0;
    Position type_at;
    bool operator==(const UnlessType&) const = default;
};

/// `unless HEADER validates with native:NAME return CODE`, or with the name of a type.
struct UnlessValid {
    std::string header;
    std::variant<Native, std::string> check;
    int status = 0;
    Position check_at;
    bool operator==(const UnlessValid&) const = default;
};

/// `on error return CODE`: the answer when an alter or a check of this section breaks instead of deciding.
struct OnError {
    int status = 0;
    bool operator==(const OnError&) const = default;
};

struct SetHeader {
    std::string name;
    Literal value;
    bool operator==(const SetHeader&) const = default;
};

struct Alter {
    Native with;
    bool operator==(const Alter&) const = default;
};

struct Describe {
    int status = 0;
    std::string text;
    bool operator==(const Describe&) const = default;
};

struct MaxSize {
    Quantity size;
    bool operator==(const MaxSize&) const = default;
};

struct Stream {
    bool operator==(const Stream&) const = default;
};

struct ContentType {
    std::string type;
    bool operator==(const ContentType&) const = default;
};

/// `x-anything value` or `x-anything (value, …)`: kept for tools, without meaning to the runtime.
struct Extension {
    std::string name;
    std::vector<Literal> values;
    bool operator==(const Extension&) const = default;
};

struct Command {
    Origin origin;
    std::variant<Description, UnlessType, UnlessValid, OnError, SetHeader, Alter, Describe, MaxSize, Stream,
                 ContentType, Extension>
        value;
    bool operator==(const Command&) const = default;
};

// --- statements: what stands inside a path
// --------------------------------------------------------------------------------------------

struct Methods {
    std::vector<Method> list;
    bool operator==(const Methods&) const = default;
};

struct Auth {
    std::string name;
    Native with;
    bool operator==(const Auth&) const = default;
};

struct Timeout {
    Quantity duration;
    bool operator==(const Timeout&) const = default;
};

struct Use {
    Target target;
    bool operator==(const Use&) const = default;
};

struct Section {
    enum class Kind { RequestHeaders, RequestBody, ResponseHeaders, ResponseBody, ResponseStatus };

    Kind kind = Kind::RequestHeaders;
    std::vector<Command> commands;
    std::vector<std::string> closing_comments;

    /// The first command of type T, or nullptr.
    template <class T>
    [[nodiscard]] const T* find() const {
        for (const Command& command : commands) {
            if (const T* found = std::get_if<T>(&command.value)) return found;
        }
        return nullptr;
    }

    bool operator==(const Section&) const = default;
};

[[nodiscard]] std::string_view to_string(Section::Kind kind);

struct Statement {
    Origin origin;
    std::variant<Description, Methods, Url, Use, Auth, Timeout, Section, Extension> value;
    bool operator==(const Statement&) const = default;
};

// --- definitions: what stands in the file
// ---------------------------------------------------------------------------------------------

/// `rbr 1;`
struct Version {
    int number = 1;
    bool operator==(const Version&) const = default;
};

struct MetaEntry {
    Origin origin;
    std::string name;  ///< `title`, `version`, `description` or `x-…`.
    std::vector<Literal> values;
    bool operator==(const MetaEntry&) const = default;
};

struct Meta {
    std::vector<MetaEntry> entries;
    std::vector<std::string> closing_comments;
    bool operator==(const Meta&) const = default;
};

struct Root {
    Url url;
    bool operator==(const Root&) const = default;
};

/// A value for the handlers: a literal, or what the named factory makes at start.
struct Global {
    std::string name;
    std::variant<Literal, Native> value;
    bool operator==(const Global&) const = default;
};

struct Type {
    std::string name;
    Native check;
    bool operator==(const Type&) const = default;
};

/// `on unmatched|method|check|error use native:NAME;` and `options use native:NAME;`
struct Hook {
    enum class Kind { Unmatched, Method, Check, Error, Options };

    Kind kind = Kind::Unmatched;
    Native use;
    bool operator==(const Hook&) const = default;
};

[[nodiscard]] std::string_view to_string(Hook::Kind kind);

/// One web service. The accessors find the first statement of their kind; after `check` there is never a
/// second one.
struct Path {
    std::string name;
    Position name_at;
    std::vector<Statement> statements;
    std::vector<std::string> closing_comments;

    template <class T>
    [[nodiscard]] const T* find() const {
        for (const Statement& statement : statements) {
            if (const T* found = std::get_if<T>(&statement.value)) return found;
        }
        return nullptr;
    }
    [[nodiscard]] const Section* section(Section::Kind kind) const;
    [[nodiscard]] bool allows(Method method) const;
    [[nodiscard]] std::optional<std::uint64_t> max_size() const;
    [[nodiscard]] std::optional<std::chrono::milliseconds> timeout() const;
    [[nodiscard]] bool streams() const;

    bool operator==(const Path&) const = default;
};

struct Definition {
    Origin origin;
    std::variant<Version, Meta, Root, Global, Type, Hook, Path> value;
    bool operator==(const Definition&) const = default;
};

/// The text a tree was made from; not part of equality.
struct Source {
    std::string name;
    std::string text;
    friend bool operator==(const Source&, const Source&) { return true; }
};

struct File {
    Source source;
    std::vector<Definition> definitions;
    std::vector<std::string> closing_comments;

    /// Every definition of type T, in the order of the file. Pointers live as long as this File is not
    /// changed or moved.
    template <class T>
    [[nodiscard]] std::vector<const T*> all() const {
        std::vector<const T*> found;
        for (const Definition& definition : definitions) {
            if (const T* one = std::get_if<T>(&definition.value)) found.push_back(one);
        }
        return found;
    }
    template <class T>
    [[nodiscard]] const T* find() const {
        for (const Definition& definition : definitions) {
            if (const T* found = std::get_if<T>(&definition.value)) return found;
        }
        return nullptr;
    }
    [[nodiscard]] const Hook* hook(Hook::Kind kind) const;

    bool operator==(const File&) const = default;
};

/// The names that `unless type is` knows without a definition.
[[nodiscard]] bool is_builtin_type(std::string_view name);
[[nodiscard]] const std::vector<std::string_view>& builtin_types();

/// RFC 9110 token: what a header name may consist of.
[[nodiscard]] bool is_token(std::string_view text);

}  // namespace homespun::barrel::rbr
