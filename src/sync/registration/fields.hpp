#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace homespun::sync::registration {

/// The fields of `a=1&b=2`, from a query or a body.
class Fields {
  public:
    explicit Fields(std::string_view text) : fields_(base::parse_query(text)) {}
    [[nodiscard]] std::optional<std::string> find(std::string_view name) const {
        for (const auto& field : fields_) {
            if (field.name == name) return field.value;
        }
        return std::nullopt;
    }
    /// The same, but what is empty is not there.
    [[nodiscard]] std::optional<std::string> given(std::string_view name) const {
        auto found = find(name);
        return found && !found->empty() ? found : std::nullopt;
    }

  private:
    std::vector<base::QueryParameter> fields_;
};

}  // namespace homespun::sync::registration
