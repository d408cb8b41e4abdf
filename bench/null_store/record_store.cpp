#include "record_store.hpp"

#include "null_store/null_store.hpp"

using namespace homespun;

/// In the place of the program's own: the same server over a store that stores nothing.
base::Result<std::unique_ptr<sync::store::Store>> open_record_store(const base::config::Settings&,
                                                                    const sync::protocol::Limits&,
                                                                    const sync::store::QuotaLimits&,
                                                                    const base::Clock& clock, base::Logger&,
                                                                    base::metrics::Registry&) {
    return std::make_unique<bench::NullStore>(clock);
}
