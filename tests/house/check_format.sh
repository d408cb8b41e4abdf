#!/usr/bin/env bash
# Every tracked C++ file is as .clang-format wants it. Prints what is not, and fails then.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
if git rev-parse --git-dir >/dev/null 2>&1; then
    files=(git ls-files -z -- '*.cpp' '*.hpp')
else
    files=(find apps src fuzz bench tests -name '*.[ch]pp' -print0)
fi
"${files[@]}" | xargs -0 -r clang-format-19 --dry-run -Werror
