#include "barrel/rbr/router.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "barrel/rbr/url.hpp"

namespace homespun::barrel::rbr {
namespace {

/// The next segment of a path that starts with `/`; `rest` becomes what follows it.
std::string_view cut_segment(std::string_view& rest) {
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(end);
    return segment;
}

/// A segment as it compares: decoded only where there is something to decode.
class Decoded {
  public:
    explicit Decoded(std::string_view raw) : view_(raw) {
        if (raw.contains('%') && percent_decode(raw, text_)) view_ = text_;
    }
    [[nodiscard]] std::string_view get() const { return view_; }

  private:
    std::string text_;
    std::string_view view_;
};

bool well_encoded(std::string_view path) {
    const auto is_hex = [&](std::size_t i) {
        const char c = i < path.size() ? path[i] : '\0';
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    };
    for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
        if (!is_hex(at + 1) || !is_hex(at + 2)) return false;
    }
    return true;
}

/// What is left of the path below a mount, or nothing when it is not below it.
std::optional<std::string_view> below(std::string_view path, const std::vector<std::string>& mount) {
    for (const std::string& wanted : mount) {
        if (path.empty() || Decoded(cut_segment(path)).get() != wanted) return std::nullopt;
    }
    return path;
}

}  // namespace

std::string MethodSet::to_string() const {
    std::string text;
    for (std::size_t i = 0; i < method_count; ++i) {
        const auto method = static_cast<Method>(i);
        if (contains(method)) text += fmt::format("{}{}", text.empty() ? "" : ", ", rbr::to_string(method));
    }
    return text;
}

/// The state of one search. Only views: the decoded values are made once the path is certain.
struct Router::Search {
    const Tree* tree = nullptr;
    std::optional<Method> method;
    std::array<std::string_view, max_placeholders> raws;
    std::size_t count = 0;
    std::uint32_t found = no_route;
    MethodSet allowed;
    std::size_t allowed_service = Match::none;
};

bool Router::ends(const Leaf& leaf, Search& search) const {
    if (search.method) {
        search.found = leaf.routes[static_cast<std::size_t>(*search.method)];
        if (search.found == no_route && *search.method == Method::Head)
            search.found = leaf.routes[static_cast<std::size_t>(Method::Get)];
        if (search.found != no_route) return true;
    }
    for (std::size_t i = 0; i < method_count; ++i) {
        if (leaf.routes[i] == no_route) continue;
        const auto method = static_cast<Method>(i);
        search.allowed.add(method);
        if (method == Method::Get) search.allowed.add(Method::Head);
        if (search.allowed_service == Match::none) search.allowed_service = routes_[leaf.routes[i]].service;
    }
    return false;
}

// Every node is reached by exactly one way and its depth is the number of segments, so a search visits no
// node twice.
bool Router::walk(std::uint32_t number, std::string_view rest, Search& search) const {
    const Node& node = search.tree->nodes[number];
    if (rest.empty()) return ends(node.here, search);
    std::string_view tail = rest;
    const std::string_view raw = cut_segment(tail);
    if (!node.texts.empty() || (!node.patterns.empty() && !raw.empty())) {
        const Decoded segment(raw);
        const auto text = std::ranges::lower_bound(node.texts, segment.get(), {}, &TextEdge::text);
        if (text != node.texts.end() && text->text == segment.get() && walk(text->node, tail, search))
            return true;
        for (const PatternEdge& edge : node.patterns) {
            if (raw.empty() || !edge.pattern.matches(segment.get())) continue;
            search.raws[search.count++] = raw;
            if (walk(edge.node, tail, search)) return true;
            --search.count;
        }
    }
    if (node.any != 0 && !raw.empty()) {
        search.raws[search.count++] = raw;
        if (walk(node.any, tail, search)) return true;
        --search.count;
    }
    if (search.count == max_placeholders) return false;
    search.raws[search.count++] = rest.substr(1);
    if (ends(node.rest, search)) return true;
    --search.count;
    return false;
}

Match Router::match(std::string_view method, std::string_view target) const {
    Match match;
    const std::string_view path = target.substr(0, target.find('?'));
    if (!path.starts_with('/')) return match;
    Search search;
    std::string_view rest;
    for (const Tree& tree : trees_) {
        const auto left = below(path, tree.mount);
        if (!left) continue;
        search.tree = &tree;
        rest = *left;
        for (auto ignored = tree.ignored_trailing_slashes; ignored > 0 && rest.ends_with('/'); --ignored)
            rest.remove_suffix(1);
        break;
    }
    if (search.tree == nullptr) return match;
    match.service = search.tree->service;
    if (!well_encoded(path)) {
        match.outcome = Match::Outcome::BadEncoding;
        return match;
    }
    search.method = method_from(method);
    if (!walk(0, rest, search)) {
        if (search.allowed.empty()) return match;
        match.outcome = Match::Outcome::WrongMethod;
        match.allowed = search.allowed;
        match.service = search.allowed_service;
        return match;
    }
    const Route& route = routes_[search.found];
    match.outcome = Match::Outcome::Found;
    match.service = route.service;
    match.path = route.path;
    match.parameters.resize(search.count);
    for (std::size_t i = 0; i < search.count; ++i) {
        Parameter& parameter = match.parameters[i];
        parameter.name = route.names[i];
        parameter.raw = search.raws[i];
        if (parameter.raw.contains('%'))
            static_cast<void>(percent_decode(parameter.raw, parameter.value));
        else
            parameter.value = parameter.raw;
    }
    return match;
}

Router::Tree& Router::tree_for(std::vector<std::string> mount, std::size_t service) {
    for (Tree& tree : trees_) {
        if (tree.mount == mount) return tree;
    }
    Tree& tree = trees_.emplace_back();
    tree.mount = std::move(mount);
    tree.service = service;
    return tree;
}

Router::Leaf* Router::leaf_for(Tree& tree, std::span<const Segment> segments) {
    std::uint32_t at = 0;
    const auto grow = [&] {
        tree.nodes.emplace_back();
        return static_cast<std::uint32_t>(tree.nodes.size() - 1);
    };
    for (const Segment& segment : segments) {
        if (segment.kind == Segment::Kind::Rest) return &tree.nodes[at].rest;
        std::uint32_t next = 0;
        if (segment.kind == Segment::Kind::Static) {
            auto& texts = tree.nodes[at].texts;
            const auto place = std::ranges::lower_bound(texts, segment.text, {}, &TextEdge::text);
            if (place != texts.end() && place->text == segment.text) {
                next = place->node;
            } else {
                const auto offset = place - texts.begin();
                next = grow();
                auto& moved = tree.nodes[at].texts;  // growing may have moved the nodes
                moved.insert(moved.begin() + offset, TextEdge{segment.text, next});
            }
        } else if (segment.regex.empty()) {
            next = tree.nodes[at].any;
            if (next == 0) {
                next = grow();
                tree.nodes[at].any = next;
            }
        } else {
            for (const PatternEdge& edge : tree.nodes[at].patterns) {
                if (edge.expression == segment.regex) next = edge.node;
            }
            if (next == 0) {
                auto pattern = Pattern::compile(segment.regex);
                if (!pattern) return nullptr;
                next = grow();
                tree.nodes[at].patterns.push_back(PatternEdge{segment.regex, std::move(*pattern), next});
            }
        }
        at = next;
    }
    return &tree.nodes[at].here;
}

void Router::add(Tree& tree, const Mount& mount, const Path& path, std::size_t index, Diagnostics& problems) {
    const Url* url = path.find<Url>();
    const Methods* methods = path.find<Methods>();
    if (url == nullptr || methods == nullptr) return;  // `check` has complained
    std::span<const Segment> segments = url->segments;
    const bool is_root =
        segments.size() == 1 && segments[0].kind == Segment::Kind::Static && segments[0].text.empty();
    if (is_root && !tree.mount.empty()) segments = {};  // `url /` is the mount itself
    Leaf* leaf = leaf_for(tree, segments);
    if (leaf == nullptr) {
        problems.push_back(
            diagnose(*mount.file, url->at, "this address holds an expression that does not compile"));
        return;
    }
    Route route{mount.service, index, {}};
    for (const Segment& segment : segments) {
        if (segment.kind != Segment::Kind::Static) route.names.push_back(segment.text);
    }
    const auto number = static_cast<std::uint32_t>(routes_.size());
    routes_.push_back(std::move(route));
    for (const Method method : methods->list) {
        std::uint32_t& slot = leaf->routes[static_cast<std::size_t>(method)];
        if (slot == no_route) {
            slot = number;
        } else if (slot != number) {
            problems.push_back(
                diagnose(*mount.file, url->at,
                         fmt::format("{} of this address already belongs to another path mounted there",
                                     to_string(method))));
        }
    }
}

void Router::add_contract_page(Tree& tree, const Mount& mount) {
    Segment segment;
    segment.text = "__api__";
    Leaf* leaf = leaf_for(tree, {&segment, 1});
    std::uint32_t& slot = leaf->routes[static_cast<std::size_t>(Method::Get)];
    if (slot != no_route)
        return;  // the contract has a page of its own there, or the mount is shared: the first service shows
                 // its contract
    slot = static_cast<std::uint32_t>(routes_.size());
    routes_.push_back(Route{mount.service, contract_page, {}});
}

std::expected<Router, Diagnostics> Router::build(std::span<const Mount> mounts) {
    Router router;
    Diagnostics problems;
    for (const Mount& mount : mounts) {
        const Root* root = mount.file->find<Root>();
        std::vector<std::string> segments;
        if (!mount.root.empty()) {
            const auto url = parse_url(mount.root);
            if (!url) {
                problems.push_back(diagnose(
                    *mount.file, root == nullptr ? Position{1, 1, 1} : root->url.at,
                    fmt::format("it cannot be mounted at '{}': {}", mount.root, url.error().message)));
                continue;
            }
            for (const Segment& segment : url->segments)
                segments.push_back(segment.text);
        } else if (root != nullptr) {
            for (const Segment& segment : root->url.segments)
                segments.push_back(segment.text);
        }
        if (!segments.empty() && segments.back().empty())
            segments.pop_back();  // `/` alone, or a slash at the end of a mount
        Tree& tree = router.tree_for(std::move(segments), mount.service);
        tree.ignored_trailing_slashes =
            std::max(tree.ignored_trailing_slashes, mount.ignored_trailing_slashes);
        const std::vector<const Path*> paths = mount.file->all<Path>();
        for (std::size_t i = 0; i < paths.size(); ++i)
            router.add(tree, mount, *paths[i], i, problems);
    }
    for (const Mount& mount : mounts) {
        if (!mount.contract_page) continue;
        for (Tree& tree : router.trees_) {
            if (tree.service == mount.service) router.add_contract_page(tree, mount);
        }
    }
    std::ranges::sort(router.trees_,
                      [](const Tree& a, const Tree& b) { return a.mount.size() > b.mount.size(); });
    if (!problems.empty()) return std::unexpected(std::move(problems));
    return router;
}

}  // namespace homespun::barrel::rbr
