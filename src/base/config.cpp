#include "base/config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <map>

#include "base/json.hpp"
#include "base/text.hpp"

namespace homespun::base::config {
namespace {

const Key* find_key(std::span<const Key> keys, std::string_view name) {
    const auto found = std::ranges::find(keys, name, &Key::name);
    return found == keys.end() ? nullptr : &*found;
}

std::string_view kind_name(const Value& value) {
    static constexpr std::string_view names[] = {"a text", "a whole number", "true or false",
                                                 "a list of texts"};
    return names[value.index()];
}

Result<void> check_range(const Key& key, const Value& value, std::string_view origin) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        if (key.most > key.least && (*number < key.least || *number > key.most)) {
            return fail(fmt::format("{}: {} must be from {} to {}, not {}", origin, key.name, key.least,
                                    key.most, *number));
        }
    }
    if (key.choices.empty()) return {};
    const auto known = [&](const std::string& text) {
        return std::ranges::find(key.choices, text) != key.choices.end();
    };
    const auto choices = fmt::format("{}", fmt::join(key.choices, ", "));
    if (const auto* text = std::get_if<std::string>(&value); text != nullptr && !known(*text))
        return fail(fmt::format("{}: {} must be one of {}, not \"{}\"", origin, key.name, choices, *text));
    if (const auto* list = std::get_if<List>(&value)) {
        if (list->empty())
            return fail(fmt::format("{}: {} is empty: name some of {}", origin, key.name, choices));
        const auto odd = std::ranges::find_if_not(*list, known);
        if (odd != list->end())
            return fail(fmt::format("{}: {} may hold {}, not \"{}\"", origin, key.name, choices, *odd));
    }
    return {};
}

Result<void> put(Settings& settings, const Key& key, Value value, std::string origin) {
    if (auto fine = check_range(key, value, origin); !fine) return fine;
    settings.all[key.name] = {std::move(value), std::move(origin)};
    return {};
}

/// From the environment or a flag: text that must fit the key's kind.
Result<Value> from_text(const Key& key, std::string_view text, std::string_view origin) {
    const auto wrong = [&] {
        return fail(
            fmt::format("{}: {} must be {}, not \"{}\"", origin, key.name, kind_name(key.fallback), text));
    };
    switch (key.fallback.index()) {
        case 0:
            return Value(std::string(text));
        case 1: {
            const auto number = parse_integer<std::int64_t>(text);
            if (!number) return wrong();
            return Value(*number);
        }
        case 2:
            if (text == "true" || text == "yes" || text == "1") return Value(true);
            if (text == "false" || text == "no" || text == "0") return Value(false);
            return wrong();
        default: {
            List list;
            std::string blanks(text);
            std::ranges::replace(blanks, ',', ' ');
            for (const auto piece : split(blanks, ' ')) {
                if (!piece.empty()) list.emplace_back(piece);
            }
            return Value(std::move(list));
        }
    }
}

Result<Value> from_toml(const Key& key, const toml::node& node, std::string_view origin) {
    const auto wrong = [&] {
        return fail(fmt::format("{}: {} must be {}", origin, key.name, kind_name(key.fallback)));
    };
    switch (key.fallback.index()) {
        case 0: {
            const auto* text = node.as_string();
            if (text == nullptr) return wrong();
            return Value(text->get());
        }
        case 1: {
            const auto* number = node.as_integer();
            if (number == nullptr) return wrong();
            return Value(number->get());
        }
        case 2: {
            const auto* flag = node.as_boolean();
            if (flag == nullptr) return wrong();
            return Value(flag->get());
        }
        default: {
            if (const auto* one = node.as_string()) return Value(List{one->get()});
            const auto* array = node.as_array();
            if (array == nullptr) return wrong();
            List list;
            for (const auto& item : *array) {
                const auto* text = item.as_string();
                if (text == nullptr) return wrong();
                list.push_back(text->get());
            }
            return Value(std::move(list));
        }
    }
}

Result<void> read_table(std::span<const Key> keys, const toml::table& table, const std::string& prefix,
                        const std::string& file, Settings& settings) {
    for (const auto& [name, node] : table) {
        const auto whole = prefix + std::string(name.str());
        const auto origin = fmt::format("{}:{}", file, node.source().begin.line);
        const auto* key = find_key(keys, whole);
        if (key == nullptr && node.is_table()) {
            if (auto inner = read_table(keys, *node.as_table(), whole + ".", file, settings); !inner)
                return inner;
            continue;
        }
        if (key == nullptr) {
            return fail(fmt::format(
                "{}: unknown key \"{}\"; `homespun config --template` lists the known ones", origin, whole));
        }
        auto value = from_toml(*key, node, origin);
        if (!value) return std::unexpected(value.error());
        if (auto done = put(settings, *key, std::move(*value), origin); !done) return done;
    }
    return {};
}

Result<void> read_file_text(std::span<const Key> keys, const Sources& sources, Settings& settings) {
    try {
        const auto table = toml::parse(sources.file_text, sources.file_name);
        return read_table(keys, table, "", sources.file_name, settings);
    } catch (const toml::parse_error& error) {
        return fail(fmt::format("{}:{}:{}: {}", sources.file_name, error.source().begin.line,
                                error.source().begin.column, error.description()));
    }
}

std::string toml_text(const Value& value) {
    std::string text;
    if (const auto* one = std::get_if<std::string>(&value)) {
        json::append_string(text, *one);
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
        text = std::to_string(*number);
    } else if (const auto* flag = std::get_if<bool>(&value)) {
        text = *flag ? "true" : "false";
    } else {
        text = "[";
        for (const auto& item : std::get<List>(value)) {
            if (text.size() > 1) text += ", ";
            json::append_string(text, item);
        }
        text += "]";
    }
    return text;
}

}  // namespace

const std::string& Settings::text(std::string_view name) const {
    return std::get<std::string>(all.find(name)->second.value);
}
std::int64_t Settings::integer(std::string_view name) const {
    return std::get<std::int64_t>(all.find(name)->second.value);
}
bool Settings::flag(std::string_view name) const {
    return std::get<bool>(all.find(name)->second.value);
}
const List& Settings::list(std::string_view name) const {
    return std::get<List>(all.find(name)->second.value);
}
bool Settings::is_default(std::string_view name) const {
    return all.find(name)->second.origin == "default";
}

Result<Settings> load(std::span<const Key> keys, const Sources& sources) {
    Settings settings;
    for (const auto& key : keys)
        settings.all[key.name] = {key.fallback, "default"};
    if (!sources.file_name.empty()) {
        if (auto done = read_file_text(keys, sources, settings); !done) return std::unexpected(done.error());
    }
    for (const auto& key : keys) {
        std::string variable = sources.environment_prefix;
        for (const char c : key.name)
            variable += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
        const char* const text = sources.environment ? sources.environment(variable) : nullptr;
        if (text == nullptr) continue;
        auto value = from_text(key, text, variable);
        if (!value) return std::unexpected(value.error());
        if (auto done = put(settings, key, std::move(*value), variable); !done)
            return std::unexpected(done.error());
    }
    for (const auto& [name, text] : sources.flags) {
        const auto* key = find_key(keys, name);
        if (key == nullptr) return fail(fmt::format("unknown setting \"{}\"", name));
        const auto origin = "--" + name;
        auto value = from_text(*key, text, origin);
        if (!value) return std::unexpected(value.error());
        if (auto done = put(settings, *key, std::move(*value), origin); !done)
            return std::unexpected(done.error());
    }
    return settings;
}

std::string template_text(std::span<const Key> keys) {
    // A table goes on until the next one, so each stands once, behind the keys that are in none.
    std::map<std::string, std::string> tables;
    std::vector<std::string> order{""};
    for (const auto& key : keys) {
        const auto dot = key.name.find('.');
        const auto table = dot == std::string::npos ? std::string() : key.name.substr(0, dot);
        if (std::ranges::find(order, table) == order.end()) order.push_back(table);
        auto& text = tables[table];
        text += fmt::format("# {}\n", key.help);
        if (!key.choices.empty()) {
            text +=
                fmt::format("# {}: {}\n", std::holds_alternative<List>(key.fallback) ? "Some of" : "One of",
                            fmt::join(key.choices, ", "));
        }
        text += fmt::format("#{} = {}\n\n", dot == std::string::npos ? key.name : key.name.substr(dot + 1),
                            toml_text(key.fallback));
    }
    std::string text;
    for (const auto& table : order) {
        if (!table.empty()) text += fmt::format("[{}]\n", table);
        text += tables[table];
    }
    return text;
}

std::string describe(std::span<const Key> keys, const Settings& settings) {
    std::string text;
    for (const auto& key : keys) {
        const auto& setting = settings.all.find(key.name)->second;
        text += fmt::format("{} = {}    # {}\n", key.name, toml_text(setting.value), setting.origin);
    }
    return text;
}

}  // namespace homespun::base::config
