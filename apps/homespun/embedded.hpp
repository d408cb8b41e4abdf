#pragma once
#include <span>

#include "barrel/server/assets.hpp"

/// The contracts (`services/…`), the pages (`web/…`) and docs/reasons.md, compiled in.
std::span<const homespun::barrel::EmbeddedAssets::Entry> embedded_files();
