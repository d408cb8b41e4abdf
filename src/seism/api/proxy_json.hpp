#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "seism/api/proxies.hpp"
#include "seism/toxics/toxic.hpp"

/// The bodies of Toxiproxy's API, both ways. Pure.
namespace homespun::seism {

/// A proxy as a client describes it.
struct ProxyBody {
    std::string name, listen, upstream;
    std::optional<bool> enabled;
    std::optional<std::vector<Toxic>> toxics;  ///< of `populate` only
};

/// Of POST /proxies, and POST and PATCH /proxies/{p}: what is not in `text` stays as in `standard`. Errors:
/// `bad request body: …`.
Answer<ProxyBody> read_proxy(std::string_view text, ProxyBody standard = {});
/// Of POST /populate, and of the configuration file. Also an error: a toxic that cannot be.
Answer<std::vector<ProxyBody>> read_proxies(std::string_view text);

/// A toxic to be made: first what it is, then, once that is found well, what it shall do.
struct ToxicBody {
    Toxic toxic;  ///< without attributes
    ToxicEdit edit;
};
/// Of POST /proxies/{p}/toxics. An empty name becomes TYPE_STREAM, with the stream as it was written.
Answer<ToxicBody> read_toxic(std::string_view text);
/// Of POST and PATCH /proxies/{p}/toxics/{t}: attributes, one by one, and toxicity.
ToxicEdit read_toxic_change(std::string text);

void append_json(std::string& out, const ProxyView& proxy);
void append_json(std::string& out, const Toxic& toxic);
/// `[…]`
template <class T>
std::string to_json_array(std::span<const T> values) {
    std::string text = "[";
    for (const auto& value : values) {
        if (text.size() > 1) text += ',';
        append_json(text, value);
    }
    return text += ']';
}
/// `{"name":{…},…}`
std::string to_json_object(std::span<const ProxyView> proxies);

}  // namespace homespun::seism
