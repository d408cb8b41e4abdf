// `homespun client decrypt`: records from files, with the saved keys and no server.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include "client_commands.hpp"
#include "login_file.hpp"
#include "sync/client/keyring.hpp"
#include "sync/client/printable.hpp"
#include "sync/client/stored_lines.hpp"

using namespace homespun;
namespace client = sync::client;
using client::CollectionKeys;
using client::Keyring;
using client::PlacedRecord;

namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// Lines of any length.
class Lines {
  public:
    explicit Lines(std::FILE* file) : file_(file) {}
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;
    ~Lines() { std::free(buffer_); }

    std::optional<std::string_view> next() {
        const auto got = ::getline(&buffer_, &room_, file_);
        if (got < 0) return std::nullopt;
        return std::string_view(buffer_, static_cast<std::size_t>(got));
    }

  private:
    std::FILE* file_;
    char* buffer_ = nullptr;
    std::size_t room_ = 0;
};

/// Standard input as a file that can be read twice. What a pipe brings is as it was stored: encrypted.
base::Result<File> input() {
    constexpr std::size_t piece = 64UL * 1024;
    if (std::fseek(stdin, 0, SEEK_CUR) == 0) return File(stdin, [](std::FILE*) { return 0; });
    File copy(std::tmpfile(), std::fclose);
    std::string buffer(piece, '\0');
    std::size_t got = 0;
    while (copy && (got = std::fread(buffer.data(), 1, buffer.size(), stdin)) > 0) {
        if (std::fwrite(buffer.data(), 1, got, copy.get()) != got) copy.reset();
    }
    if (!copy || std::fflush(copy.get()) != 0)
        return base::fail("there is no room for the input in the directory for temporary files");
    if (std::ferror(stdin) != 0) return base::fail("standard input cannot be read");
    std::rewind(copy.get());
    return copy;
}

/// Calls `take` with each record: JSON lines, or one JSON value over many lines.
base::Result<void> for_each_record(std::FILE* file, std::string_view collection, auto take) {
    Lines lines(file);
    std::string whole;  // when the first line with anything in it is not a value by itself
    std::uint64_t number = 0;
    bool first = true;
    const auto read = [&](std::string_view text) -> base::Result<void> {
        const auto json = base::json::parse(text);
        if (!json) return base::fail("it is no JSON: " + json.error().message);
        auto records = client::placed_records(*json, collection);
        if (!records) return std::unexpected(records.error());
        for (auto& record : *records)
            take(std::move(record));
        return {};
    };
    while (const auto line = lines.next()) {
        ++number;
        if (whole.empty() && line->find_first_not_of(" \t\r\n") == std::string_view::npos) continue;
        if (!whole.empty() || (first && !base::json::parse(*line))) {
            whole += *line;
            continue;
        }
        first = false;
        if (auto good = read(*line); !good)
            return base::fail(fmt::format("line {} of the input: {}", number, good.error().message));
    }
    if (first && whole.empty()) return base::fail("standard input is empty: give it records or an export");
    if (whole.empty()) return {};
    if (auto good = read(whole); !good) return base::fail("the input: " + good.error().message);
    return {};
}

/// The keys of the input itself, where it holds crypto/keys that ours open, else those last seen.
base::Result<Keyring> keys_for(std::FILE* file, std::string_view collection) {
    const auto login = load_login();
    if (!login) return std::unexpected(login.error());
    auto person = login->person_keys();
    if (!person) return std::unexpected(person.error());
    Keyring keys(std::move(*person));
    if (!login->crypto_keys.empty()) (void)keys.learn(login->crypto_keys);
    const auto begin = std::ftell(file);
    auto read = for_each_record(file, collection, [&](const PlacedRecord& placed) {
        if (placed.collection == CollectionKeys::collection && placed.record.id == CollectionKeys::id)
            (void)keys.learn(placed.record.payload);
    });
    if (!read) return std::unexpected(read.error());
    std::clearerr(file);
    if (std::fseek(file, begin, SEEK_SET) != 0) return base::fail("the input cannot be read twice");
    return keys;
}

}  // namespace

int ClientCommands::decrypt() {
    const auto failed = [](const base::Error& error) {
        return complain(client::printable_text(error.message), exit_failed);
    };
    const auto file = input();
    if (!file) return failed(file.error());
    const auto keys = keys_for(file->get(), collection_);
    if (!keys) return failed(keys.error());
    std::uint64_t closed = 0;
    std::uint64_t records = 0;
    const auto read = for_each_record(file->get(), collection_, [&](const PlacedRecord& placed) {
        ++records;
        const auto opened = keys->open(placed.collection, placed.record.id, placed.record.payload);
        if (opened) {
            fmt::print("{}\n", client::printable_json(client::opened_line(placed, *opened)));
            return;
        }
        ++closed;
        complain(fmt::format("{}/{} {}", client::printable_text(placed.collection),
                             client::printable_text(placed.record.id), client::describe(opened.error())),
                 exit_failed);
    });
    if (const auto good = written(); !good) return failed(good.error());
    if (!read) return failed(read.error());
    if (closed > 0) return failed({fmt::format("{} of {} records could not be decrypted", closed, records)});
    return 0;
}
