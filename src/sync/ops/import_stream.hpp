#pragma once
#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sync/store/store.hpp"

namespace homespun::sync::ops {

/// Where an import goes: into a store that is ours, or to the server that has it. Blocking. What was added
/// becomes visible with `commit`, all at once, or never.
class ImportTarget {
  public:
    virtual ~ImportTarget() = default;
    virtual base::Result<void> add(const std::string& collection,
                                   std::vector<store::RecordUpdate> records) = 0;
    /// The user's new storage timestamp, as the protocol writes it.
    virtual base::Result<std::string> commit() = 0;
    virtual void abandon() = 0;
};

struct Imported {
    std::uint64_t collections = 0;
    std::uint64_t records = 0;
    std::string timestamp;
};

/// Gathers records until a portion is worth sending: memory holds one portion, whatever the user has. Unless
/// `commit` succeeds, its end abandons what went before.
class ImportStream {
  public:
    explicit ImportStream(ImportTarget& target) : target_(target) {}
    ~ImportStream();
    ImportStream(const ImportStream&) = delete;
    ImportStream& operator=(const ImportStream&) = delete;

    base::Result<void> begin_collection(std::string_view name);
    base::Result<void> add(store::RecordUpdate record);
    base::Result<Imported> commit();

  private:
    base::Result<void> flush();

    ImportTarget& target_;
    Imported done_;
    bool committed_ = false;
    bool in_collection_ = false;
    std::string collection_;
    std::vector<store::RecordUpdate> waiting_;
    std::size_t waiting_bytes_ = 0;
};

/// Imports the lines of an export; nothing is changed when any of them is wrong. `name` is of the source, for
/// messages.
base::Result<Imported> import_lines(std::istream& source, const std::string& name, ImportTarget& target);

}  // namespace homespun::sync::ops
