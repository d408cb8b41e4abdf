#!/bin/bash
# Proves the package in a bare Debian 12 with systemd: installed by apt, started by its unit with all its restrictions, used
# by two real Firefox profiles of this machine, watched, upgraded, removed, purged. Run by hand, as root:
#
#   tests/e2e/deb_root.sh [options] PACKAGE.deb
#
#   --cache DIR        keep the pristine root in DIR/bookworm and start from it when it is there
#   --keep DIR         leave the logs in DIR
#   --limit S          seconds from apt to two synced Firefoxes (300)
#   --no-systemd       as in a container: nothing is started, the unit's ExecStart is run as the unit's user
#
# A package of another architecture is installed beside this one's libraries and run by qemu-user, always without systemd,
# and with --no-arbiter: a worker is started by exec of /proc/self/exe, which the kernel would have to hand to qemu (binfmt).
#
# What it needs: root, debootstrap, unshare, nsenter, python3, firefox-esr; a kernel with cgroup2. The port is the package's
# own, 5000, and must be free. Everything runs in namespaces of its own; nothing is left when it ends.
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
    if ("$@") >"$LOGS/last" 2>&1 </dev/null; then
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

# A command in the root; in a subshell, since in_root becomes it.
root() { (
    if [ -n "${INIT:-}" ]; then
        exec nsenter -t "$INIT" -m -p -i -u -C /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
    fi
    in_root "$ROOT" / "$@"
); }
apt() { root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends "$@"; }

# ---- what is checked --------------------------------------------------------------------------------------------------

install_package() { # as a person does; another architecture is made known before
    if [ "$ARCH" != "$NATIVE" ]; then root dpkg --add-architecture "$ARCH" || return 1; fi
    apt update && apt install /root/homespun.deb
}

is_installed_well() {
    [ -L "$ROOT/etc/systemd/system/multi-user.target.wants/homespun.service" ] || { echo "not enabled"; return 1; }
    [ "$(root stat -c '%a %U:%G' /var/lib/homespun)" = "700 homespun:homespun" ] || { echo "the state is not private"; return 1; }
    [ -z "$(root dpkg -V homespun)" ] || { echo "files differ from the package"; return 1; }
}

heartbeat() { python3 -c "import urllib.request as u; print(u.urlopen('$ROOT_URL/__heartbeat__', timeout=5).status)"; }

put_and_get() { # the account comes from the installed command, run as root
    local program=(/usr/bin/homespun)
    if [ "$ARCH" != "$NATIVE" ]; then program=("$QEMU" "${program[@]}"); fi
    root "${program[@]}" seed 1 | python3 "$here/store_with.py" --root "$ROOT_URL"
}

state_is() { # there|gone
    if [ "$1" = there ]; then [ -s "$ROOT/var/lib/homespun/accounts.db" ]; else [ ! -e "$ROOT/var/lib/homespun" ]; fi
}

fact() { root systemctl show -P "$1" homespun.service; }

is_active() { # started by the package, and known to serve
    root systemctl --no-pager status homespun.service
    [ "$(fact ActiveState)" = active ] && [ "$(fact StatusText)" = "Serving $ROOT_URL" ]
}

is_restricted() { # what the kernel says of parent and worker
    local pid
    for pid in $(root pgrep -u homespun homespun); do
        root grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' "/proc/$pid/status" | tee "$LOGS/restricted"
        grep -qP '^CapEff:\t0+$' "$LOGS/restricted" && grep -qP '^CapBnd:\t0+$' "$LOGS/restricted" &&
            grep -qP '^NoNewPrivs:\t1$' "$LOGS/restricted" && grep -qP '^Seccomp:\t2$' "$LOGS/restricted" || return 1
    done
    [ -s "$LOGS/restricted" ]
}

worker_that_hangs_is_replaced() { # with a shorter watchdog than the unit's minute
    local main worker
    mkdir -p "$ROOT/etc/systemd/system/homespun.service.d"
    printf '[Service]\nWatchdogSec=2\n' >"$ROOT/etc/systemd/system/homespun.service.d/short.conf"
    root systemctl daemon-reload && root systemctl restart homespun.service || return 1
    main=$(fact MainPID)
    sleep 5
    [ "$(fact MainPID)" = "$main" ] || { echo "ended though it is well"; return 1; }
    worker=$(root pgrep -P "$main")
    root kill -STOP "$worker"
    for _ in $(seq 150); do
        sleep 0.1
        if [ "$(fact NRestarts)" -ge 1 ] && is_active; then break; fi
    done
    rm "$ROOT/etc/systemd/system/homespun.service.d/short.conf"
    root journalctl --no-pager -n 8 -u homespun
    [ "$(fact NRestarts)" -ge 1 ] && is_active && heartbeat && root systemctl daemon-reload
}

reinstall_restarts() {
    local before
    before=$(fact MainPID)
    echo '# a change of the administrator' >>"$ROOT/etc/homespun.toml"
    apt install --reinstall /root/homespun.deb && is_active && [ "$(fact MainPID)" != "$before" ] &&
        grep -q 'change of the administrator' "$ROOT/etc/homespun.toml"
}

stops_well() {
    root systemctl stop homespun.service && [ "$(fact Result)" = success ] && [ "$(fact ExecMainStatus)" = 0 ] && ! heartbeat
}

pages_lead_somewhere() { "$here/../house/check_package_pages.sh" "$ROOT/usr/share/doc/homespun"; }

verify_unit() {
    root systemd-analyze verify --man=no homespun.service && root systemd-analyze security --offline=true homespun.service | tail -n 1
}

firefox_syncs() { # BEGIN, since when the time is counted
    check "Firefox signs up and syncs, another one receives" python3 "$here/sync_with.py" --root "$ROOT_URL" || return 1
    tail -n 4 "$LOGS/last" | sed 's/^/    /'
    say "from apt to two synced Firefoxes: $(seconds $(($(now) - $1)))"
    check "that took less than $LIMIT s" test $(($(now) - $1)) -lt $((LIMIT * 1000))
}

leaves_well() {
    check "apt removes it" apt remove "homespun:$ARCH"
    check "the data stay" state_is there
    check "apt purges it" apt purge "homespun:$ARCH"
    check "the data are gone" state_is gone
}

# ---- with systemd -----------------------------------------------------------------------------------------------------

prove_booted() {
    local begin
    begin=$(now)
    check "apt installs $(basename "$DEB")" install_package || return
    check "enabled, private, as packaged" is_installed_well
    check "no link of its pages is dead" pages_lead_somewhere
    check "systemd knows that it serves" is_active || { root journalctl --no-pager -u homespun; return; }
    check "/__heartbeat__ is 200" heartbeat
    firefox_syncs "$begin"
    check "a record is put and got" put_and_get
    check "no capabilities, no new privileges, system calls filtered" is_restricted
    check "a worker that hangs is replaced" worker_that_hangs_is_replaced
    check "an upgrade restarts it and keeps the configuration" reinstall_restarts
    check "what was stored is still served" put_and_get
    check "systemd verifies the unit" verify_unit && cat "$LOGS/last"
    check "systemctl stop ends it well" stops_well
    check "systemctl start" root systemctl start homespun.service
    leaves_well
}

boot() { # installs systemd into the root, then starts it; its number, as seen from here, is left in INIT
    local group child
    group=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
    [ -n "$group" ] || die "no cgroup2 is mounted here; try --no-systemd"
    GROUP=$group/homespun-deb-root-$$
    say "installing systemd into the root"
    unshare --mount --pid --fork --kill-child=SIGKILL -- "$BASH" "$0" --inside add-systemd >"$LOGS/systemd.log" 2>&1 ||
        { tail "$LOGS/systemd.log"; die "systemd cannot be installed"; }
    mkdir "$GROUP" || die "no cgroup $GROUP"
    (
        echo "$BASHPID" >"$GROUP/cgroup.procs"
        exec unshare --mount --pid --cgroup --ipc --uts --fork --kill-child=SIGKILL -- "$BASH" "$0" --inside boot
    ) >"$LOGS/boot.log" 2>&1 </dev/null &
    CHILD=$!
    for _ in $(seq 300); do
        sleep 0.1
        child=$(pgrep -P "$CHILD") || continue
        # Until then /proc is not the root's own, and systemctl would ask somebody else.
        if [ "$(cat "/proc/$child/comm" 2>/dev/null)" = systemd ]; then INIT=$child; break; fi
    done
    [ -n "${INIT:-}" ] || { tail "$LOGS/boot.log"; die "systemd does not start here; try --no-systemd"; }
    for _ in $(seq 300); do
        case $(root systemctl is-system-running 2>/dev/null) in running | degraded) return ;; esac
        sleep 0.1
    done
    die "systemd does not come up: $(root systemctl list-jobs 2>&1 | tail -n 3)"
}

# ---- without ----------------------------------------------------------------------------------------------------------

# The unit's line, as the unit's user, with what systemd would put into its environment.
start_service() {
    local unit=$ROOT/lib/systemd/system/homespun.service user words=()
    user=$(sed -n 's/^User=//p' "$unit")
    read -r -a words <<<"$(sed -n 's/^ExecStart=//p' "$unit")"
    if [ "$ARCH" != "$NATIVE" ]; then words=("$QEMU" "${words[@]}" --no-arbiter); fi
    rm -f "$ROOT/run/notify"
    python3 "$here/ready.py" "$ROOT/run/notify" 60 >"$LOGS/ready" 2>&1 &
    until [ -S "$ROOT/run/notify" ]; do sleep 0.05; done
    chmod 777 "$ROOT/run/notify"
    in_root "$ROOT" / setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs \
        env HOME=/var/lib/homespun STATE_DIRECTORY=/var/lib/homespun NOTIFY_SOCKET=/run/notify "${words[@]}" \
        >>"$LOGS/server.log" 2>&1 </dev/null &
    SERVER=$!
    check "the unit's ExecStart runs as $user and says READY=1" wait_ready
}

wait_ready() { # the ear is this shell's parent's child: what it wrote is looked at
    local limit=$(($(now) + 60000))
    until grep -qx 'READY=1' "$LOGS/ready"; do
        if [ "$(now)" -ge "$limit" ] || ! kill -0 "$SERVER"; then cat "$LOGS/ready" "$LOGS/server.log"; return 1; fi
        sleep 0.05
    done
    cat "$LOGS/ready"
}

stop_service() {
    local status=0
    kill -TERM "$SERVER"
    wait "$SERVER" || status=$?
    check "TERM ends it with exit 0" test "$status" -eq 0
}

nothing_was_started() { ! pgrep -u "$(root id -u homespun)"; }

prove_alone() {
    local begin
    begin=$(now)
    check "apt installs $(basename "$DEB")" install_package || return
    check "enabled, private, as packaged" is_installed_well
    check "no link of its pages is dead" pages_lead_somewhere
    check "nothing was started" nothing_was_started
    if [ "$ARCH" != "$NATIVE" ]; then check "apt installs qemu" apt install qemu-user-static || return; fi
    start_service || return
    check "/__heartbeat__ is 200" heartbeat
    firefox_syncs "$begin"
    check "a record is put and got" put_and_get
    stop_service
    check "apt installs it over itself" apt install --reinstall /root/homespun.deb
    start_service || return
    check "what was stored is still served" put_and_get
    stop_service
    leaves_well
}

# ---- in the namespaces ------------------------------------------------------------------------------------------------

finish() {
    echo "deb_root: $PASSED passed, $FAILED failed"
    [ "$FAILED" -eq 0 ]
}

if [ "${1:-}" = --inside ]; then
    trap 'exit 130' INT TERM HUP
    case $2 in
    boot) boot_root "$ROOT" ;;
    add-systemd) mount_root "$ROOT" && apt update && apt install systemd systemd-sysv procps ;;
    alone) mount_root "$ROOT" && prove_alone; finish ;;
    esac
    exit
fi

# ---- outside ----------------------------------------------------------------------------------------------------------

CACHE='' KEEP='' DEB='' LIMIT=300 SYSTEMD=yes
while [ $# -gt 0 ]; do
    case $1 in
    --cache) CACHE=${2:?} && shift 2 ;;
    --keep) KEEP=${2:?} && shift 2 ;;
    --limit) LIMIT=${2:?} && shift 2 ;;
    --no-systemd) SYSTEMD=no && shift ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    -*) die "unknown option $1" ;;
    *) DEB=$1 && shift ;;
    esac
done
[ -f "$DEB" ] || die "which package? deploy/deb/build makes one"
[ "$(id -u)" -eq 0 ] || die "must be run as root"
for tool in debootstrap unshare nsenter chroot setpriv python3; do
    command -v "$tool" >/dev/null || die "$tool is not installed"
done
if (exec 3<>/dev/tcp/127.0.0.1/5000) 2>/dev/null; then die "port 5000 is not free"; fi
NATIVE=$(dpkg --print-architecture)
ARCH=$(dpkg-deb -f "$DEB" Architecture)
case $ARCH in arm64) QEMU=qemu-aarch64-static ;; *) QEMU=qemu-x86_64-static ;; esac
if [ "$ARCH" != "$NATIVE" ]; then SYSTEMD=no; fi

WORK=$(mktemp -d "${TMPDIR:-/tmp}/deb-root.XXXXXX") || die "no temporary directory"
CHILD='' GROUP='' INIT=''
cleanup() {
    local status=$?
    trap - EXIT
    trap '' INT TERM HUP
    if [ -n "$INIT" ]; then kill -KILL "$INIT" 2>/dev/null; fi
    if [ -n "$CHILD" ]; then
        kill -KILL "$CHILD" 2>/dev/null # unshare heeds nothing gentler; its namespaces and all in them go with it
        wait "$CHILD" 2>/dev/null
        sleep 1
    fi
    if [ -n "$GROUP" ] && [ -d "$GROUP" ]; then find "$GROUP" -depth -type d -exec rmdir {} +; fi
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
export ROOT=$WORK/root LOGS=$WORK/logs DEB ARCH NATIVE QEMU LIMIT
mkdir "$LOGS"
chmod 755 "$WORK" # the service's user must get in
cp -a "$PRISTINE" "$ROOT" || die "cannot copy the root"
adapt_root "$ROOT"
cp "$DEB" "$ROOT/root/homespun.deb"

if [ "$SYSTEMD" = yes ]; then
    rm "$ROOT/usr/sbin/policy-rc.d" # as on a machine: what is installed is started
    boot
    prove_booted
    finish
    exit
fi
# In the background, so that a signal to this script is acted upon at once.
unshare --mount --pid --fork --kill-child=SIGKILL -- "$BASH" "$0" --inside alone </dev/null &
CHILD=$!
wait "$CHILD"
status=$?
CHILD=
exit "$status"
