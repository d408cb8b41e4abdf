#!/bin/bash
# Proves the two commands, ./run and ./test, in a bare Debian 12: a minimal root made by debootstrap, with the security
# archive added and nothing else installed. Run by hand, as root:
#
#   tests/e2e/bare_root.sh [options] [REPOSITORY]
#
#   REPOSITORY         what is cloned (committed state only); default: the checkout this script stands in
#   --cache DIR        keep the pristine root in DIR/bookworm and start from it when it is there
#   --root-only        only make the pristine root (useful with --cache)
#   --skip-test        stop after ./run
#   --keep DIR         leave the used root and the logs in DIR, for a look
#   --port N           where ./run listens by default (5000)
#   --second-port N    where the second server is put (6001)
#   --build-limit S    seconds the first start may take, installing and building included (2400)
#   --test-limit S     seconds ./test may take (3600)
#
# What it needs: root, debootstrap, git, unshare. Mirrors: MIRROR and SECURITY_MIRROR in the environment, or Debian's own.
# Proxies (environment, apt) and locally added certificate authorities of this machine are handed on where there are any.
#
# Everything runs in mount and process namespaces of its own: when the script ends, for whatever reason, no mount and no
# process is left. The network is the machine's, so both ports must be free.
# Exit status: 0 = all checks passed, 1 = one failed, 2 = wrong usage or the root could not be made.
set -u -o pipefail
export LC_ALL=C.UTF-8

readonly PLACE=/srv/homespun # of the clone, in the root

die() { echo "bare_root: $*" >&2; exit 2; }
say() { echo "[$(date +%H:%M:%S)] $*"; }
now() { echo "$((${EPOCHREALTIME/./} / 1000))"; } # milliseconds
seconds() { printf '%d.%03d s' "$(($1 / 1000))" "$(($1 % 1000))"; }

# shellcheck source=packages/debian_root.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../packages/debian_root.sh"

# ---- inside the namespaces --------------------------------------------------------------------------------------------

answers() { # PORT -> whether /__heartbeat__ says 200
    local line
    line=$( (
        exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
        printf 'GET /__heartbeat__ HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$1" >&3
        IFS= read -r -t 2 line <&3 && echo "$line"
    ) 2>/dev/null) || return 1
    [[ $line == HTTP/1.?\ 200* ]]
}

wait_up() { # PORT PID LIMIT -> 0 when it answers before the process ends and before the limit
    local end=$(($(now) + $3 * 1000))
    until answers "$1"; do
        kill -0 "$2" 2>/dev/null || return 1
        [ "$(now)" -lt "$end" ] || return 1
        sleep 0.02
    done
}

PASSED=0
FAILED=0
SUMMARY=()
check() { # NAME OUTCOME(0 = good) REMARK
    local word=ok
    if [ "$2" -eq 0 ]; then PASSED=$((PASSED + 1)); else FAILED=$((FAILED + 1)); word=FAIL; fi
    SUMMARY+=("$word $1 ($3)")
    say "$word $1 ($3)"
}

# TERM to a server, up to 20 s for it to end; its exit status is left in STATUS.
stop() { # PID
    local pid=$1 end=$(($(now) + 20000))
    kill -TERM "$pid" 2>/dev/null
    while kill -0 "$pid" 2>/dev/null && [ "$(now)" -lt "$end" ]; do sleep 0.02; done
    if kill -0 "$pid" 2>/dev/null; then kill -KILL "$pid"; fi
    wait "$pid"
    STATUS=$?
}

show_end() { echo "--- end of $1"; tail -n 25 "$1"; echo "---"; }

prove_run() { # ROOT LOGS
    local root=$1 logs=$2 t pid second outcome
    for t in "$PORT" "$SECOND_PORT"; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$t") 2>/dev/null; then check "port $t is free" 1 "something listens there"; return 1; fi
    done

    say "./run in the bare root (installs, builds, starts)"
    t=$(now)
    in_root "$root" "$PLACE" ./run >"$logs/run-1.log" 2>&1 </dev/null &
    pid=$!
    wait_up "$PORT" "$pid" "$BUILD_LIMIT"
    outcome=$?
    check "first ./run serves on port $PORT" "$outcome" "$(seconds $(($(now) - t)))"
    if [ "$outcome" -ne 0 ]; then stop "$pid"; show_end "$logs/run-1.log"; return 1; fi
    stop "$pid"
    check "TERM ends it with exit 0" "$STATUS" "exit $STATUS"

    t=$(now)
    in_root "$root" "$PLACE" ./run >"$logs/run-2.log" 2>&1 </dev/null &
    pid=$!
    wait_up "$PORT" "$pid" 60
    outcome=$?
    t=$(($(now) - t))
    if [ "$outcome" -ne 0 ]; then show_end "$logs/run-2.log"; fi
    if [ "$t" -gt 2000 ]; then outcome=1; fi
    check "second ./run is up within two seconds" "$outcome" "$(seconds "$t")"

    t=$(now)
    in_root "$root" "$PLACE" ./run --listen "127.0.0.1:$SECOND_PORT" --data /root/second >"$logs/run-3.log" 2>&1 </dev/null &
    second=$!
    wait_up "$SECOND_PORT" "$second" 60
    outcome=$?
    check "./run --listen --data starts another one beside it" "$outcome" "$(seconds $(($(now) - t)))"
    if [ "$outcome" -ne 0 ]; then show_end "$logs/run-3.log"; fi
    answers "$PORT"
    check "the first one still answers beside it" $? "port $PORT"
    stop "$second"
    check "TERM ends the other one with exit 0" "$STATUS" "exit $STATUS"
    answers "$PORT"
    check "the first one outlives it" $? "port $PORT"
    stop "$pid"
    check "TERM ends the first one with exit 0" "$STATUS" "exit $STATUS"
}

prove_test() { # ROOT LOGS
    local root=$1 logs=$2 t pid status
    say "./test in the bare root"
    t=$(now)
    (in_root "$root" "$PLACE" timeout -k 30 "$TEST_LIMIT" ./test) >"$logs/test.log" 2>&1 </dev/null &
    pid=$!
    wait "$pid"
    status=$?
    check "./test" "$status" "exit $status, $(seconds $(($(now) - t))), last line: $(tail -n 1 "$logs/test.log")"
    if [ "$status" -ne 0 ]; then show_end "$logs/test.log"; fi
}

inside() { # ROOT LOGS
    # As process 1 of its namespace the shell gets no signal it has no trap for; its end ends every other process.
    trap 'exit 130' INT TERM HUP
    mount_root "$1" || die "cannot mount in $1"
    if prove_run "$1" "$2" && [ "$SKIP_TEST" != yes ]; then prove_test "$1" "$2"; fi
    echo
    printf '%s\n' "${SUMMARY[@]}"
    echo "bare_root: $PASSED passed, $FAILED failed"
    [ "$FAILED" -eq 0 ]
}

# ---- outside ----------------------------------------------------------------------------------------------------------

REPOSITORY=
CACHE=
KEEP=
ROOT_ONLY=no
export PORT=${PORT:-5000} SECOND_PORT=${SECOND_PORT:-6001} BUILD_LIMIT=${BUILD_LIMIT:-2400} TEST_LIMIT=${TEST_LIMIT:-3600}
export SKIP_TEST=${SKIP_TEST:-no}

if [ "${1:-}" = --inside ]; then
    inside "$2" "$3"
    exit
fi

while [ $# -gt 0 ]; do
    case $1 in
    --cache | --keep | --port | --second-port | --build-limit | --test-limit)
        [ $# -ge 2 ] || die "$1 needs a value"
        case $1 in
        --cache) CACHE=$2 ;;
        --keep) KEEP=$2 ;;
        --port) PORT=$2 ;;
        --second-port) SECOND_PORT=$2 ;;
        --build-limit) BUILD_LIMIT=$2 ;;
        --test-limit) TEST_LIMIT=$2 ;;
        esac
        shift 2
        ;;
    --root-only) ROOT_ONLY=yes; shift ;;
    --skip-test) SKIP_TEST=yes; shift ;;
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    -*) die "unknown option $1" ;;
    *) REPOSITORY=$1; shift ;;
    esac
done

[ "$(id -u)" -eq 0 ] || die "must be run as root"
for tool in debootstrap git unshare chroot; do command -v "$tool" >/dev/null || die "$tool is not installed"; done
if [ -z "$REPOSITORY" ]; then
    REPOSITORY=$(git -C "$(dirname "$0")" rev-parse --show-toplevel) || die "which repository?"
fi

WORK=$(mktemp -d "${TMPDIR:-/tmp}/bare-root.XXXXXX") || die "no temporary directory"
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
    if [ -n "$KEEP" ]; then
        mkdir -p "$KEEP"
        if [ -d "$WORK/logs" ]; then cp -a "$WORK/logs/." "$KEEP/"; fi
        if [ -d "$WORK/root" ]; then rm -rf --one-file-system "$KEEP/root"; mv "$WORK/root" "$KEEP/root"; fi
    fi
    rm -rf --one-file-system "$WORK"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

PRISTINE=$WORK/pristine
if [ -n "$CACHE" ]; then
    mkdir -p "$CACHE"
    PRISTINE=$CACHE/$SUITE
fi
if [ ! -d "$PRISTINE" ]; then
    make_root "$WORK/making"
    mv "$WORK/making" "$PRISTINE"
    say "the bare root is made: $(du -sh "$PRISTINE" | cut -f 1), $(chroot "$PRISTINE" dpkg-query -f '.\n' -W | wc -l) packages"
else
    say "using the bare root in $PRISTINE"
fi
if [ "$ROOT_ONLY" = yes ]; then exit 0; fi

mkdir "$WORK/logs"
cp -a "$PRISTINE" "$WORK/root" || die "cannot copy the root"
adapt_root "$WORK/root"
git clone --quiet --no-hardlinks "$REPOSITORY" "$WORK/root$PLACE" || die "cannot clone $REPOSITORY"
say "cloned $(git -C "$WORK/root$PLACE" log -1 --format='%h %s' 2>/dev/null || echo 'an empty repository')"

# In the background, so that a signal to this script is acted upon at once.
unshare --mount --pid --fork --kill-child=SIGKILL -- "$BASH" "$0" --inside "$WORK/root" "$WORK/logs" </dev/null &
CHILD=$!
wait "$CHILD"
status=$?
CHILD=
exit "$status"
