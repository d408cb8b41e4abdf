#!/bin/bash
# Proves the package in a bare Debian 12: installed by apt, started as its unit says, used by a real Firefox of this
# machine, upgraded, removed, purged. Run by hand, as root:
#
#   tests/e2e/deb_root.sh [options] PACKAGE.deb
#
#   --cache DIR        keep the pristine root in DIR/bookworm and start from it when it is there
#   --keep DIR         leave the logs in DIR
#   --limit S          seconds from apt to a synced Firefox (300)
#   --no-firefox       only the record that is put and got
#
# A package of another architecture is installed beside this one's libraries and run by qemu-user. There the server runs
# with --no-arbiter: a worker is started by exec of /proc/self/exe, which the kernel would have to hand to qemu (binfmt).
#
# In a chroot no systemd runs, so the line ExecStart of the unit is run as the unit's user, and READY=1 is waited for.
# What it needs: root, debootstrap, unshare, python3, firefox-esr. The port is the package's own, 5000, and must be free.
# Everything runs in mount and process namespaces of its own; nothing is left when it ends.
# Exit status: 0 = all checks passed, 1 = one failed, 2 = wrong usage or the root could not be made.
set -u -o pipefail
export LC_ALL=C.UTF-8
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
readonly here ROOT_URL=http://127.0.0.1:5000

die() { echo "deb_root: $*" >&2; exit 2; }
say() { echo "[$(date +%H:%M:%S)] $*"; }
now() { echo "$((${EPOCHREALTIME/./} / 1000))"; } # milliseconds
seconds() { printf '%d.%03d s' "$(($1 / 1000))" "$(($1 % 1000))"; }

# shellcheck source=packages/debian_root.sh
. "$here/../../packages/debian_root.sh"

PASSED=0
FAILED=0
# The command's output goes to a log, whose end is shown when it fails.
check() { # NAME COMMAND...
    local name=$1 begin word=ok
    shift
    begin=$(now)
    if (set -o pipefail; "$@") >"$LOGS/last" 2>&1 </dev/null; then
        PASSED=$((PASSED + 1))
    else
        FAILED=$((FAILED + 1))
        word=FAIL
    fi
    say "$word $name ($(seconds $(($(now) - begin))))"
    { echo "== $name"; cat "$LOGS/last"; } >>"$LOGS/all.log"
    if [ $word = FAIL ]; then tail -n 25 "$LOGS/last" | sed 's/^/    /'; fi
    [ $word = ok ]
}

root() { in_root "$ROOT" / "$@"; }
apt() { root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends "$@"; }

# ---- the parts --------------------------------------------------------------------------------------------------------

install_package() { # as a person does; another architecture is made known before
    if [ "$ARCH" != "$NATIVE" ]; then (root dpkg --add-architecture "$ARCH") || return 1; fi
    (apt update) && (apt install /root/homespun.deb)
}

is_as_it_should_be() {
    local unit=$ROOT/lib/systemd/system/homespun.service
    [ -f "$unit" ] && [ -L "$ROOT/etc/systemd/system/multi-user.target.wants/homespun.service" ] || { echo "not enabled"; return 1; }
    [ "$(stat -c %a "$ROOT/var/lib/homespun")" = 700 ] || { echo "state is not private"; return 1; }
    [ "$(chroot "$ROOT" stat -c %U:%G /var/lib/homespun)" = homespun:homespun ] || { echo "state has another owner"; return 1; }
    [ -z "$(chroot "$ROOT" dpkg -V homespun)" ] || { echo "files differ from the package"; return 1; }
    if pgrep -f '^/usr/bin/homespun serve'; then echo "it was started in a chroot"; return 1; fi
}

# The unit's line, as the unit's user, with what systemd would put into its environment.
start_service() {
    local unit=$ROOT/lib/systemd/system/homespun.service user line words=()
    user=$(sed -n 's/^User=//p' "$unit")
    line=$(sed -n 's/^ExecStart=//p' "$unit")
    read -r -a words <<<"$line"
    if [ "$ARCH" != "$NATIVE" ]; then words=("$QEMU" "${words[@]}" --no-arbiter); fi
    python3 "$here/ready.py" "$ROOT/run/notify" 60 >"$LOGS/ready" 2>&1 &
    local listener=$!
    until [ -S "$ROOT/run/notify" ]; do sleep 0.05; done
    chmod 777 "$ROOT/run/notify"
    in_root "$ROOT" / setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs \
        env HOME=/var/lib/homespun STATE_DIRECTORY=/var/lib/homespun NOTIFY_SOCKET=/run/notify "${words[@]}" \
        >>"$LOGS/server.log" 2>&1 </dev/null &
    SERVER=$!
    if wait "$listener"; then
        say "ok the unit's ExecStart runs as $user: $(tr '\n' ' ' <"$LOGS/ready")"
        PASSED=$((PASSED + 1))
        return 0
    fi
    say "FAIL no READY=1"
    FAILED=$((FAILED + 1))
    tail -n 20 "$LOGS/server.log" "$LOGS/ready"
    return 1
}

stop_service() {
    kill -TERM "$SERVER"
    local status=0
    wait "$SERVER" || status=$?
    check "TERM ends it with exit 0" test "$status" -eq 0
}

heartbeat() { python3 -c "import urllib.request as u; print(u.urlopen('$ROOT_URL/__heartbeat__', timeout=5).status)"; }

put_and_get() {
    local program=(/usr/bin/homespun)
    if [ "$ARCH" != "$NATIVE" ]; then program=("$QEMU" "${program[@]}"); fi
    (root "${program[@]}" seed 1) | python3 "$here/store_with.py" --root "$ROOT_URL"
}

state_is() { # there|gone
    if [ "$1" = there ]; then [ -s "$ROOT/var/lib/homespun/accounts.db" ]; else [ ! -e "$ROOT/var/lib/homespun" ]; fi
}

verify_unit() { # systemd itself, in the root
    (apt install systemd) && (root systemd-analyze verify homespun.service) && (root systemd-analyze security --offline=true homespun.service)
}

prove() {
    local begin
    if (exec 3<>/dev/tcp/127.0.0.1/5000) 2>/dev/null; then die "port 5000 is not free"; fi
    begin=$(now)
    check "apt installs $(basename "$DEB")" install_package || return
    check "enabled, private, not started" is_as_it_should_be
    if [ "$ARCH" != "$NATIVE" ]; then check "qemu is installed" apt install qemu-user-static || return; fi
    start_service || return
    check "/__heartbeat__ is 200" heartbeat
    if [ "$FIREFOX" = yes ]; then
        check "Firefox signs up and syncs, another one receives" python3 "$here/sync_with.py" --root "$ROOT_URL"
        tail -n 4 "$LOGS/last" | sed 's/^/    /'
        say "from apt to two synced Firefoxes: $(seconds $(($(now) - begin)))"
        check "that took less than $LIMIT s" test $(($(now) - begin)) -lt $((LIMIT * 1000))
    fi
    check "a record is put and got, with homespun seed as root" put_and_get
    stop_service
    echo '# a change of the administrator' >>"$ROOT/etc/homespun.toml"
    check "apt installs it over itself" apt install --reinstall /root/homespun.deb
    check "the changed configuration stays" grep -q 'change of the administrator' "$ROOT/etc/homespun.toml"
    start_service || return
    check "what was stored is still served" put_and_get
    stop_service
    if [ "$ARCH" = "$NATIVE" ]; then check "systemd verifies the unit" verify_unit; fi
    check "apt removes it" apt remove "homespun:$ARCH"
    check "the data stay" state_is there
    check "apt purges it" apt purge "homespun:$ARCH"
    check "the data are gone" state_is gone
}

if [ "${1:-}" = --inside ]; then
    trap 'exit 130' INT TERM HUP
    mount_root "$ROOT" || die "cannot mount in $ROOT"
    prove
    echo "deb_root: $PASSED passed, $FAILED failed"
    [ "$FAILED" -eq 0 ]
    exit
fi

# ---- outside ----------------------------------------------------------------------------------------------------------

CACHE='' KEEP='' DEB='' LIMIT=300 FIREFOX=yes
while [ $# -gt 0 ]; do
    case $1 in
    --cache | --keep | --limit)
        [ $# -ge 2 ] || die "$1 needs a value"
        declare "$(tr -d - <<<"$1" | tr a-z A-Z)=$2"
        shift 2
        ;;
    --no-firefox) FIREFOX=no; shift ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    -*) die "unknown option $1" ;;
    *) DEB=$1; shift ;;
    esac
done
[ -f "$DEB" ] || die "which package? deploy/deb/build makes one"
[ "$(id -u)" -eq 0 ] || die "must be run as root"
for tool in debootstrap unshare chroot setpriv python3; do command -v "$tool" >/dev/null || die "$tool is not installed"; done
NATIVE=$(dpkg --print-architecture)
ARCH=$(dpkg-deb -f "$DEB" Architecture)
case $ARCH in arm64) QEMU=qemu-aarch64-static ;; *) QEMU=qemu-$ARCH-static ;; esac

WORK=$(mktemp -d "${TMPDIR:-/tmp}/deb-root.XXXXXX") || die "no temporary directory"
CHILD=
cleanup() {
    local status=$?
    trap - EXIT
    trap '' INT TERM HUP
    if [ -n "$CHILD" ]; then
        kill -KILL "$CHILD" 2>/dev/null # unshare heeds nothing gentler; its namespaces and all in them go with it
        wait "$CHILD" 2>/dev/null
        sleep 1
    fi
    if [ -n "$KEEP" ]; then mkdir -p "$KEEP" && cp -a "$WORK/logs/." "$KEEP/"; fi
    rm -rf --one-file-system "$WORK"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

PRISTINE=${CACHE:-$WORK/cache}/$SUITE
if [ ! -d "$PRISTINE" ]; then
    mkdir -p "$(dirname "$PRISTINE")"
    make_root "$WORK/making"
    mv "$WORK/making" "$PRISTINE"
fi
export ROOT=$WORK/root LOGS=$WORK/logs DEB ARCH NATIVE QEMU LIMIT FIREFOX
mkdir "$LOGS"
cp -a "$PRISTINE" "$ROOT" || die "cannot copy the root"
adapt_root "$ROOT"
cp "$DEB" "$ROOT/root/homespun.deb"
chmod 755 "$ROOT" # the service's user must get in

unshare --mount --pid --fork --kill-child=SIGKILL -- "$BASH" "$0" --inside </dev/null &
CHILD=$!
wait "$CHILD"
status=$?
CHILD=
exit "$status"
