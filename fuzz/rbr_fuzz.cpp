// Any bytes may come in as a contract. What is read must be written so that it is read as the same again;
// checking and building a router over it must survive whatever it says.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "barrel/rbr/check.hpp"
#include "barrel/rbr/format.hpp"
#include "barrel/rbr/parser.hpp"
#include "barrel/rbr/router.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homespun::barrel;
    const std::string_view source(reinterpret_cast<const char*>(data), size);
    const auto file = rbr::parse(source, "fuzz.rbr");
    if (!file) {
        if (file.error().render().empty()) std::abort();
        return 0;
    }
    const std::string text = rbr::format(*file);
    const auto again = rbr::parse(text, "fuzz.rbr");
    if (!again || !(*again == *file) || rbr::format(*again) != text) std::abort();
    if (!rbr::check(*file).empty()) return 0;
    const rbr::Router::Mount mount{.service = 0, .file = &*file, .root = {}, .contract_page = true};
    const auto router = rbr::Router::build({&mount, 1});
    if (!router) std::abort();
    // The source itself serves as a target too: it holds slashes, percent signs and rubbish.
    static_cast<void>(
        router->match("GET", source.substr(source.find('/') == source.npos ? 0 : source.find('/'))));
    return 0;
}
