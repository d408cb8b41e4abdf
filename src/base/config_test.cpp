#include "base/config.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/text.hpp"

namespace homespun::base::config {
namespace {

const std::vector<Key> keys = {
    {.name = "listen", .fallback = List{"127.0.0.1:5000"}, .help = "Where to listen."},
    {.name = "level", .fallback = std::string("info"), .help = "How much.", .choices = {"info", "debug"}},
    {.name = "parts", .fallback = List{"a", "b"}, .help = "Which.", .choices = {"a", "b"}},
    {.name = "threads", .fallback = std::int64_t{0}, .help = "Loops.", .least = 0, .most = 64},
    {.name = "open", .fallback = false, .help = "For all."},
    {.name = "mount.storage", .fallback = std::string("/storage"), .help = "Where."},
    {.name = "late", .fallback = false, .help = "In no table, behind a table."},
};

Result<Settings> load_file(std::string text) {
    return load(keys, {.file_text = std::move(text), .file_name = "a.toml"});
}

TEST(ConfigTest, LaterSourcesWin) {
    const std::map<std::string, std::string> environment = {{"HS_LEVEL", "debug"},
                                                            {"HS_MOUNT_STORAGE", "/env"}};
    Sources sources{.file_text = "threads = 3\nlevel = \"info\"\n[mount]\nstorage = \"/file\"\n",
                    .file_name = "a.toml"};
    sources.environment_prefix = "HS_";
    sources.environment = [&](const std::string& name) {
        const auto found = environment.find(name);
        return found == environment.end() ? nullptr : found->second.c_str();
    };
    sources.flags = {{"mount.storage", "/flag"}, {"listen", "a:1, b:2"}};
    const auto settings = load(keys, sources);
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->integer("threads"), 3);
    EXPECT_EQ(settings->all.find("threads")->second.origin, "a.toml:1");
    EXPECT_EQ(settings->text("level"), "debug");
    EXPECT_EQ(settings->text("mount.storage"), "/flag");
    EXPECT_EQ(settings->list("listen"), (List{"a:1", "b:2"}));
    EXPECT_TRUE(settings->is_default("open"));
}

TEST(ConfigTest, SaysWhatIsWrongAndWhere) {
    EXPECT_EQ(load_file("x = 1").error().message,
              "a.toml:1: unknown key \"x\"; `homespun config --template` lists the known ones");
    EXPECT_EQ(load_file("\nthreads = 99").error().message, "a.toml:2: threads must be from 0 to 64, not 99");
    EXPECT_EQ(load_file("threads = \"two\"").error().message, "a.toml:1: threads must be a whole number");
    EXPECT_EQ(load_file("level = \"loud\"").error().message,
              "a.toml:1: level must be one of info, debug, not \"loud\"");
    EXPECT_EQ(load_file("parts = [\"a\", \"c\"]").error().message,
              "a.toml:1: parts may hold a, b, not \"c\"");
    EXPECT_EQ(load_file("parts = []").error().message, "a.toml:1: parts is empty: name some of a, b");
    EXPECT_EQ(load_file("parts = \"b\"").value().list("parts"), List{"b"});
    EXPECT_TRUE(load_file("threads = = 1").error().message.starts_with("a.toml:1:"));
    EXPECT_EQ(load(keys, {.flags = {{"threads", "x"}}}).error().message,
              "--threads: threads must be a whole number, not \"x\"");
}

TEST(ConfigTest, ItsTemplateIsValidAndChangesNothing) {
    const auto settings = load_file(template_text(keys));
    ASSERT_TRUE(settings) << settings.error().message;
    for (const auto& key : keys)
        EXPECT_TRUE(settings->is_default(key.name));
    EXPECT_NE(describe(keys, *settings).find("threads = 0    # default"), std::string::npos);
    // With every comment taken away each key is still where it belongs.
    std::string all;
    for (const auto line : split(template_text(keys), '\n'))
        if (!line.starts_with("# ")) all += std::string(line.substr(line.starts_with('#') ? 1 : 0)) + "\n";
    const auto everything = load_file(all);
    ASSERT_TRUE(everything) << everything.error().message;
    for (const auto& key : keys)
        EXPECT_FALSE(everything->is_default(key.name)) << key.name;
}

TEST(ConfigTest, ItsTemplateHasTablesLast) {
    const std::vector<Key> mixed = {{.name = "a.x", .fallback = std::int64_t{1}, .help = "In a table."},
                                    {.name = "top", .fallback = std::int64_t{2}, .help = "In none."},
                                    {.name = "b.y", .fallback = std::int64_t{3}, .help = "In another."}};
    auto text = template_text(mixed);
    // With every key set, as by a person who takes the signs of comments away.
    for (auto at = text.find("#"); at != std::string::npos; at = text.find("#", at + 1))
        if (text.at(at + 1) != ' ') text.erase(at, 1);
    const auto settings = load(
        mixed,
        {.file_text = text, .file_name = "a.toml", .environment = {}, .environment_prefix = {}, .flags = {}});
    ASSERT_TRUE(settings) << settings.error().message << "\n" << text;
    for (const auto* name : {"a.x", "top", "b.y"})
        EXPECT_NE(settings->all.find(name)->second.origin, "default") << name;
}

}  // namespace
}  // namespace homespun::base::config
