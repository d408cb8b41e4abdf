#pragma once
#include <span>

#include "barrel/server/assets.hpp"

/// The contracts (`services/…`) and pages (`web/…`) that are compiled in.
std::span<const homespun::barrel::EmbeddedAssets::Entry> embedded_files();
