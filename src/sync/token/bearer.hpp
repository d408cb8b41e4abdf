#pragma once
#include <expected>
#include <string>

#include "barrel/server/context.hpp"
#include "barrel/server/problem.hpp"
#include "sync/auth/access_token.hpp"

namespace homespun::sync::token {

/// What stands behind `Bearer ` in Authorization: everything after the first blank, for tokens may have
/// blanks in them (sync-1.5 sheet, 17).
std::expected<std::string, barrel::Problem> bearer_token(const barrel::Context& context);

/// 401, or 503 for what could not be decided.
barrel::Problem problem_of(const auth::AccessRefusal& refusal);

}  // namespace homespun::sync::token
