# shellcheck shell=bash
# Sourced by what works in a root of its own: tests/e2e/bare_root.sh, tests/e2e/deb_root.sh, deploy/deb/build.
# The caller has die (text; ends the script) and say (text). Mirrors: MIRROR and SECURITY_MIRROR in the environment, or
# Debian's own.

readonly SUITE=bookworm
MIRROR=${MIRROR:-http://deb.debian.org/debian}
SECURITY_MIRROR=${SECURITY_MIRROR:-http://deb.debian.org/debian-security}

# The proxies of this machine's apt, as a configuration of the root's apt.
apt_proxies() {
    apt-config dump 2>/dev/null | grep -iE '^Acquire::(http|https|ftp)::Proxy(::[^ ]+)? "[^"]' || true
}

# A minimal Debian with its security archive, and nothing else.
make_root() { # DIR
    local root=$1
    say "debootstrap $SUITE into $root"
    debootstrap --variant=minbase "$SUITE" "$root" "$MIRROR" >"$root.log" 2>&1 ||
        { tail -n 20 "$root.log" >&2; die "debootstrap failed"; }
    {
        echo "deb $MIRROR $SUITE main"
        echo "deb $MIRROR $SUITE-updates main"
        echo "deb $SECURITY_MIRROR $SUITE-security main"
    } >"$root/etc/apt/sources.list"
    # As in every container image: packages must not start daemons while they are being installed.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
}

# What belongs to this machine, not to Debian; done for every run, never kept in the cache.
adapt_root() { # DIR
    local root=$1 proxies
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    printf '127.0.0.1 localhost %s\n::1 localhost\n' "$(hostname)" >"$root/etc/hosts"
    proxies=$(apt_proxies)
    if [ -n "$proxies" ]; then echo "$proxies" >"$root/etc/apt/apt.conf.d/00proxy"; fi
    if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
        mkdir -p "$root/usr/local/share/ca-certificates"
        cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
    fi
}

# In mount and process namespaces of their own: what a program expects to be there.
mount_root() { # DIR
    local root=$1 node
    mount --make-rprivate /
    mount -t proc proc /proc
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    for node in null zero full random urandom tty; do
        touch "$root/dev/$node"
        mount --bind "/dev/$node" "$root/dev/$node"
    done
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    ln -s /proc/self/fd/0 "$root/dev/stdin"
    ln -s /proc/self/fd/1 "$root/dev/stdout"
    ln -s /proc/self/fd/2 "$root/dev/stderr"
}

# A command in a directory of the root, with nothing of this machine's environment but its proxies. exec: the caller
# puts it in the background, and the process it gets is the command itself.
in_root() { # ROOT DIRECTORY COMMAND...
    local root=$1 place=$2 name keep=()
    shift 2
    for name in http_proxy https_proxy ftp_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY; do
        if [ -n "${!name:-}" ]; then keep+=("$name=${!name}"); fi
    done
    exec chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        LANG=C.UTF-8 TERM=dumb "${keep[@]}" /bin/sh -c "cd $place && exec \"\$@\"" sh "$@"
}

# systemd as process 1 of a root that has it; in mount, process, cgroup, host-name and IPC namespaces of their own, and in a
# cgroup of its own. The root becomes / (a chroot may not make the user namespaces of PrivateUsers=). Never returns.
boot_root() { # ROOT
    local root=$1 node
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount_root "$root"
    # systemd sets owners and modes of devices: they must not be this machine's.
    for node in null zero full random urandom tty; do
        umount "$root/dev/$node" && rm "$root/dev/$node" && cp -a "/dev/$node" "$root/dev/$node" || die "no $root/dev/$node"
    done
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mkdir -p "$root/.outside"
    cd "$root" || die "no directory $root"
    pivot_root . .outside
    exec /usr/bin/env -i container=namespaces PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        /bin/sh -c 'umount -l /.outside && rmdir /.outside && exec /lib/systemd/systemd'
}
