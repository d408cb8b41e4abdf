#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "barrel/rbr/ast.hpp"
#include "barrel/rbr/diagnostic.hpp"
#include "barrel/rbr/pattern.hpp"

namespace homespun::barrel::rbr {

/// A set of methods, for the `Allow` header.
class MethodSet {
  public:
    void add(Method method) { bits_ |= bit(method); }
    void add(MethodSet other) { bits_ |= other.bits_; }
    [[nodiscard]] bool contains(Method method) const { return (bits_ & bit(method)) != 0; }
    [[nodiscard]] bool empty() const { return bits_ == 0; }
    /// `GET, HEAD, POST`
    [[nodiscard]] std::string to_string() const;

    bool operator==(const MethodSet&) const = default;

  private:
    static constexpr std::uint8_t bit(Method method) {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(method));
    }

    std::uint8_t bits_ = 0;
};

/// One placeholder of the path that was found.
struct Parameter {
    std::string_view name;  ///< Lives in the router.
    std::string_view raw;   ///< As it was sent; lives in the target that was matched.
    std::string value;      ///< Percent-decoded. Of a `{rest...}`: its decoded segments joined by `/`.
};

struct Match {
    enum class Outcome {
        Found,
        NotFound,
        WrongMethod,  ///< The address exists; `allowed` says for which methods.
        BadEncoding,  ///< A `%` that is not followed by two hexadecimal digits. Treat like NotFound.
    };
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    Outcome outcome = Outcome::NotFound;
    std::size_t service =
        none;  ///< Whose contract it is, also when nothing was found; none: nothing is mounted there.
    std::size_t path = none;  ///< Number of the path within its file, or Router::contract_page.
    std::vector<Parameter> parameters;
    MethodSet allowed;
};

/// Finds the path for a request. Built once from the contracts of all services; then immutable, so any number
/// of threads may match. Takes time linear in the length of the target; allocates nothing for addresses
/// without placeholders.
///
/// The raw path is cut at `/` before anything is decoded. The longest mount that is a prefix (in whole
/// segments) chooses the service; services may share a mount. Per segment a text beats an expression,
/// expressions beat each other in the order of the files, an expression beats `{name}`, which beats
/// `{name...}`. A placeholder never takes an empty segment; `{name...}` does. Methods decide last: an address
/// that is found only for other methods is WrongMethod. HEAD is answered by GET unless a path says HEAD.
class Router {
  public:
    struct Mount {
        std::size_t service =
            0;  ///< Comes back in Match::service. The same service may be mounted several times.
        const File* file = nullptr;  ///< Checked; only used while building.
        std::string root;            ///< Empty: the `root` of the file.
        bool contract_page = false;  ///< Adds GET ROOT/__api__, found as contract_page.
        /// So many slashes at the end do not count: with 1 `/a/` is `/a`, for clients that append one. Of
        /// services that share a mount the largest number holds.
        std::size_t ignored_trailing_slashes = 0;
    };
    static constexpr std::size_t contract_page = static_cast<std::size_t>(-2);

    [[nodiscard]] static std::expected<Router, Diagnostics> build(std::span<const Mount> mounts);

    /// `target` is the raw request target in origin form; a query is ignored. The match refers to it and to
    /// this router.
    [[nodiscard]] Match match(std::string_view method, std::string_view target) const;

  private:
    static constexpr std::uint32_t no_route = 0xFFFFFFFFU;

    struct Route {
        std::size_t service = 0;
        std::size_t path = 0;
        std::vector<std::string> names;  // of its placeholders, in order
    };
    /// What ends at a node: a route per method.
    struct Leaf {
        std::array<std::uint32_t, method_count> routes = {no_route, no_route, no_route,
                                                          no_route, no_route, no_route};
    };
    struct TextEdge {
        std::string text;
        std::uint32_t node = 0;
    };
    struct PatternEdge {
        std::string expression;
        Pattern pattern;
        std::uint32_t node = 0;
    };
    struct Node {
        std::vector<TextEdge> texts;  // sorted
        std::vector<PatternEdge> patterns;
        std::uint32_t any = 0;  // 0 is the top node, which nothing leads to
        Leaf here;
        Leaf rest;
    };
    struct Tree {
        std::vector<std::string> mount;
        std::size_t service = 0;  // who answers when nothing matches
        std::size_t ignored_trailing_slashes = 0;
        std::vector<Node> nodes{1};
    };
    struct Search;

    [[nodiscard]] Tree& tree_for(std::vector<std::string> mount, std::size_t service);
    [[nodiscard]] Leaf* leaf_for(Tree& tree, std::span<const Segment> segments);
    void add(Tree& tree, const Mount& mount, const Path& path, std::size_t index, Diagnostics& problems);
    void add_contract_page(Tree& tree, const Mount& mount);
    [[nodiscard]] bool walk(std::uint32_t node, std::string_view rest, Search& search) const;
    [[nodiscard]] bool ends(const Leaf& leaf, Search& search) const;

    std::vector<Tree> trees_;  // longest mount first
    std::vector<Route> routes_;
};

}  // namespace homespun::barrel::rbr
