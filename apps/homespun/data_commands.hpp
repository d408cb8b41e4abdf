#pragma once
#include <cstdint>
#include <string>

#include "common_options.hpp"

/// The commands for the life of data: backup, restore, export, import, check, stats, vacuum. Each does its
/// work itself, under the lease on the data directory, where no server runs; else it asks the server for what
/// only that may do, and reads the rest beside it.
class DataCommands {
  public:
    /// `common` must outlive the parsing.
    explicit DataCommands(const CommonOptions& common) : common_(common) {}
    void add_to(CLI::App& app, const AddCommand& command);

  private:
    int backup() const;
    int restore() const;
    int restore_all(const std::string& data) const;
    int restore_user(const std::string& data) const;
    int export_user() const;
    int import_user() const;
    int check() const;
    int stats() const;
    int vacuum() const;

    /// Runs `work` with the data directory in force.
    int in_data_directory(const std::function<int(const std::string&)>& work) const;
    [[nodiscard]] bool names_a_user() const { return !email_.empty() || uid_ > 0; }

    const CommonOptions& common_;
    std::string path_;
    std::string email_;
    std::int64_t uid_ = 0;
    bool replace_ = false;
    bool json_ = false;
};
