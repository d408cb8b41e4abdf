#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/io/local_authority.hpp"
#include "seism/proxy/engine.hpp"
#include "seism/proxy/listen_socket.hpp"
#include "seism/toxics/toxic.hpp"

namespace homespun::seism {

/// What was asked for cannot be: the HTTP status and the words that Toxiproxy has for it.
struct ApiError {
    int status;
    std::string message;
};
template <class T>
using Answer = std::expected<T, ApiError>;

/// Where a proxy should listen: as it was said, and what that means.
struct Listen {
    std::string text;
    base::Result<ListenAddress> address;

    /// Looks names up, which may take a while.
    static Listen look_up(std::string text);
};

/// What a proxy knows of what passes through it.
struct ProxySetting {
    enum class Tls : std::uint8_t {
        pass,       ///< as it is; requests inside cannot be read
        strip,      ///< both sides are asked to do without, where the protocol lets it
        terminate,  ///< ends here: our certificate towards the client, a verified one of the server
    };
    /// `tcp`: unknown until a toxic for requests is there, which tells.
    wire::Protocol protocol = wire::Protocol::tcp;
    Tls tls = Tls::pass;
    std::string server_name = {};  ///< of the server's certificate; empty: the upstream's host
    std::string ca_file = {};      ///< who vouches for it (PEM); empty: the system's authorities

    bool operator==(const ProxySetting&) const = default;
};

/// A proxy to be made.
struct NewProxy {
    std::string name;
    Listen listen;
    std::string upstream;
    bool enabled = true;
    std::optional<std::vector<Toxic>> toxics = {};  ///< of `populate`: these instead of those it has
};

/// What should be different; what is not given stays.
struct ProxyChange {
    Listen listen;
    std::optional<std::string> upstream;
    std::optional<bool> enabled;
};

/// A proxy as it is now.
struct ProxyView {
    std::string name, listen, upstream;
    bool enabled;
    ProxySetting setting;
    std::vector<Toxic> toxics;  ///< of upstream, then those of downstream, each in the order they came
    std::shared_ptr<const ProxyCounts> counts;
};

/// Sets attributes and toxicity of a toxic; the error goes to whoever asked (400).
using ToxicEdit = std::function<base::Result<void>(Toxic&)>;

/// The proxies by name, as Toxiproxy's API knows them: the model behind the engine, which carries the bytes.
/// Thread-safe; nothing waits for the engine or for another host. The engine outlives it.
class Proxies {
  public:
    /// `authority` makes the certificates that are shown to clients; null: `terminate` is refused.
    explicit Proxies(Engine& engine, std::shared_ptr<net::LocalAuthority> authority = {})
        : engine_(engine), authority_(std::move(authority)) {}
    /// Closes all of them.
    ~Proxies();
    Proxies(const Proxies&) = delete;
    Proxies& operator=(const Proxies&) = delete;

    Answer<ProxyView> create(NewProxy wanted);
    /// Another address or upstream ends its connections and starts it anew; enabled or not closes and opens
    /// it.
    Answer<ProxyView> update(std::string_view name, ProxyChange change);
    /// In force for new connections: those that are open end, if the setting is another one.
    Answer<ProxyView> set(std::string_view name, const ProxySetting& setting);
    Answer<void> remove(std::string_view name);
    [[nodiscard]] Answer<ProxyView> find(std::string_view name) const;
    /// Sorted by name.
    [[nodiscard]] std::vector<ProxyView> all() const;

    struct Populated {
        std::vector<ProxyView> done;
        std::optional<ApiError> error;  ///< those before it stay
    };
    /// One that is there already with this address and upstream is left alone, enabled or not; another one of
    /// that name is replaced. Nothing is done when one of them lacks a name or an upstream.
    Populated populate(std::vector<NewProxy> wanted);
    /// Enables all and removes all toxics. Goes on after an error and gives the first.
    Answer<void> reset();

    /// `edit` is called when type and name are found well.
    Answer<Toxic> add_toxic(std::string_view proxy, Toxic toxic, const ToxicEdit& edit);
    /// Each connection draws anew whether the toxic touches it.
    Answer<Toxic> update_toxic(std::string_view proxy, std::string_view name, const ToxicEdit& edit);
    Answer<void> remove_toxic(std::string_view proxy, std::string_view name);
    [[nodiscard]] Answer<Toxic> find_toxic(std::string_view proxy, std::string_view name) const;

  private:
    struct Proxy {
        std::string name;
        Listen listen;
        std::string upstream;
        bool enabled = false;
        std::vector<Toxic> toxics = {};             ///< in the order they came
        std::shared_ptr<ListenSocket> socket = {};  ///< kept while disabled: the port stays ours
        std::uint64_t id = 0;                       ///< of the engine, while enabled
        ProxySetting setting = {};
        std::shared_ptr<const TlsPlan> tls = {};  ///< with Tls::terminate
        std::shared_ptr<ProxyCounts> counts = std::make_shared<ProxyCounts>();
    };

    [[nodiscard]] static ProxyView view(const Proxy& proxy);
    [[nodiscard]] Answer<Proxy*> locate(std::string_view name);
    Answer<void> start(Proxy& proxy);
    void stop(Proxy& proxy);
    /// The port is given back, too.
    void abandon(Proxy& proxy);
    Answer<void> add_or_replace(NewProxy& wanted);
    void set_toxics(Proxy& proxy, std::vector<Toxic> toxics);
    base::Result<void> set_socket(Proxy& proxy);

    base::Result<std::shared_ptr<const TlsPlan>> plan_tls(const Proxy& proxy,
                                                          const ProxySetting& setting) const;

    Engine& engine_;
    const std::shared_ptr<net::LocalAuthority> authority_;
    mutable std::mutex mutex_;
    std::map<std::string, Proxy, std::less<>> proxies_;
    std::uint64_t next_id_ = 1;
};

}  // namespace homespun::seism
