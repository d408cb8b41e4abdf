"""What the kernel says about processes: CPU time, memory; and on which CPU they run."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SERVER_CPU = 0
CLIENT_CPU = 1


@contextmanager
def pinned(cpu: int) -> Iterator[None]:
    """What is started inside runs on this CPU only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_open_files(wanted: int) -> None:
    """For this process and what it starts; raises RuntimeError when the hard limit is lower."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise RuntimeError(f"the hard limit of open files is {hard}; {wanted} are needed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for parent in found:
        with suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of all living threads of a process and its descendants, as the scheduler counts it."""
    nanoseconds = 0
    for member in family(pid):
        with suppress(OSError):
            for task in Path(f"/proc/{member}/task").iterdir():
                nanoseconds += int((task / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def anonymous_megabytes(pid: int) -> float:
    """RssAnon, summed over a process and its descendants, in 10^6 bytes."""
    kibibytes = 0
    for member in family(pid):
        for line in Path(f"/proc/{member}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                kibibytes += int(line.split()[1])
    return kibibytes * 1024 / 1e6
