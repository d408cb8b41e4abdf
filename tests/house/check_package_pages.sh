#!/usr/bin/env bash
# The pages that the Debian package ships: links work, every page is reached, and what manuals, unit and changelog name is there.
#
#   tests/house/check_package_pages.sh [DIR]     DIR: /usr/share/doc/homespun of an installed package; default: made here
#
# Last line: `pages: N passed, N failed`.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
readonly INSTALLED=/usr/share/doc/homespun
passed=0 failed=0
scratch=
trap 'rm -rf "$scratch"' EXIT
if [ $# -eq 0 ]; then
    scratch=$(mktemp -d)
    deploy/deb/pages "$scratch/pages"
    set -- "$scratch/pages"
fi

fault() { echo "$*"; failed=$((failed + 1)); }

if said=$(tests/house/check_documents.py --tree "$1" --from operations-install.md); then passed=$((passed + 1)); else fault "$said"; fi

named=$(grep -oHE "$INSTALLED/[A-Za-z0-9./-]*[A-Za-z0-9]" docs/man/*.1 deploy/homespun.service deploy/deb/changelog docs/*.md)
while IFS=: read -r file path; do
    if [ -e "$1${path#"$INSTALLED"}" ]; then passed=$((passed + 1)); else fault "$file: the package has no $path"; fi
done <<<"$named"

# Who has the manual only has no docs/.
if grep -n '^\.Pa docs/' docs/man/*.1; then fault "manuals name $INSTALLED/…, not docs/…"; else passed=$((passed + 1)); fi

echo "pages: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
