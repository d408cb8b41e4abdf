#pragma once
#include <span>

#include "barrel/server/assets.hpp"

/// The dashboard's page (`web/seism/…`), compiled in.
std::span<const homespun::barrel::EmbeddedAssets::Entry> embedded_files();
