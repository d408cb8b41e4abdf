# shellcheck shell=bash
# Sourced by ./run and ./test. packages_ensure LIST...: installs what the lists name and this machine lacks.
# When nothing is missing it costs one look into dpkg's database and no network.

packages_missing() { # LIST... -> names, one a line
    local wanted
    wanted=$(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$@" | sort -u)
    # What another package provides is there, too: a newer nodejs than Debian's brings npm along.
    # shellcheck disable=SC2016 # the fields are dpkg's
    dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' | sed -n 's/^installed //p' |
        tr ',' '\n' | sed -e 's/(.*//' -e 's/[[:space:]]//g' | sort -u | comm -23 <(printf '%s\n' "$wanted") -
}

packages_ensure() { # LIST...
    local missing as_root=()
    if ! command -v dpkg-query >/dev/null; then
        echo "This is no Debian; going on in the hope that everything in $* is here under its own name." >&2
        return 0
    fi
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086
    echo "Installing with apt-get:" $missing >&2
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "Neither root nor sudo: cannot install them. As root, run:" >&2
            # shellcheck disable=SC2086
            echo "  apt-get update && apt-get install --no-install-recommends" $missing >&2
            return 1
        fi
        as_root=(sudo)
    fi
    if ! "${as_root[@]}" apt-get update -q </dev/null >&2; then
        echo "apt-get update failed; trying with the package lists that are here." >&2
    fi
    case $missing in
        *slapd*) # the program alone: Debian's package would set up and start a directory of its own
            echo "slapd slapd/no_configuration boolean true" | "${as_root[@]}" debconf-set-selections >&2 || true
            ;;
    esac
    # shellcheck disable=SC2086
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends $missing </dev/null >&2; then
        echo "apt-get could not install what is needed. It must be Debian 12 with its security archive" \
            "(bookworm main, bookworm-security main in the apt sources)." >&2
        return 1
    fi
}
