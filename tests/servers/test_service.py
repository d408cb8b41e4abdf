"""What a service manager hears: systemd's notifications, taken from a real socket, and whether they are true."""

import os
import re
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from checks import check
from homespun_server import HomespunServer

WATCHDOG_S = 0.25
REPOSITORY = Path(__file__).resolve().parents[2]


class Manager:
    """Starts `homespun serve` as a service manager does, and hears what it says."""

    def __init__(self, program: Path, folder: Path, address: str, extra: tuple[str, ...]) -> None:
        self.server = HomespunServer(program, folder / "alone", extra)
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, watchdog: bool = False) -> None:
        """WATCHDOG_PID can only be known by the process itself: a shell that becomes the program."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HOMESPUN_")}
        environment |= {"NOTIFY_SOCKET": self._address, "STATE_DIRECTORY": str(self.server.data)}
        script = 'exec "$@"'
        if watchdog:
            environment["WATCHDOG_USEC"] = str(int(WATCHDOG_S * 1e6))
            script = 'export WATCHDOG_PID=$$; exec "$@"'
        words = [str(self.server.program), "serve", "--listen", f"127.0.0.1:{self.server.port}", *self.server.extra]
        with self.server.log.open("ab") as log:
            self.process = subprocess.Popen(["/bin/sh", "-c", script, "sh", *words], stdout=log, stderr=log, env=environment)

    def hear(self, limit: float) -> dict[str, str] | None:
        """The assignments of the next notification, or None when none comes in time."""
        if not select.select([self._socket], [], [], limit)[0]:
            return None
        lines = self._socket.recv(4096).decode().split("\n")
        return dict(line.split("=", 1) for line in lines)

    def hear_until(self, name: str, limit: float = 20) -> dict[str, str]:
        """Skips what does not assign `name`."""
        end = time.monotonic() + limit
        while (heard := self.hear(max(0.0, end - time.monotonic()))) is not None:
            if name in heard:
                return heard
        raise AssertionError(f"no {name} within {limit} s")

    def worker(self) -> int:
        """The one child of the process."""
        assert self.process is not None
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        children = path.read_text().split()
        check(len(children) == 1, f"{len(children)} workers")
        return int(children[0])

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(25)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._socket.close()


@contextmanager
def manager(program: Path, folder: Path, address: str = "", extra: tuple[str, ...] = ()) -> Iterator[Manager]:
    one = Manager(program, folder, address or str(folder / "notify"), extra)
    try:
        yield one
    finally:
        one.close()


def says_the_truth(program: Path, folder: Path, address: str, extra: tuple[str, ...]) -> None:
    """READY=1 once the heartbeat is 200 and not before; STOPPING=1 at TERM while it still finishes a request."""
    with manager(program, folder, address, extra) as one:
        one.start()
        first = one.hear(20)
        check(first is not None and first.get("READY") == "1", f"the first thing said: {first}")
        check(one.server.answers(), "ready, but the heartbeat is not 200")
        check(first["STATUS"] == f"Serving {one.server.root}", f"{first}")
        check(one.hear(0.3) is None, "more was said than there was to say")
        # A request that is half there keeps it from ending at once.
        half = socket.create_connection(("127.0.0.1", one.server.port))
        half.sendall(b"GET /__heartbeat__ HTTP/1.1\r\n")
        time.sleep(0.1)
        one.process.send_signal(signal.SIGTERM)
        stopping = one.hear_until("STOPPING")
        check(stopping["STOPPING"] == "1", f"{stopping}")
        check(one.process.poll() is None, "it was over before it was said")
        half.close()
        check(one.process.wait(20) == 0, "TERM did not end it with 0")
        check(one.hear(0) is None, "something was said after the end")


def the_worker_behind_the_arbiter_is_told_of(program: Path, folder: Path) -> None:
    says_the_truth(program, folder, "", ())


def a_process_alone_tells_of_itself(program: Path, folder: Path) -> None:
    says_the_truth(program, folder, f"@homespun-test-{os.getpid()}", ("--no-arbiter",))


def a_start_that_fails_is_never_ready(program: Path, folder: Path) -> None:
    for number, extra in enumerate(((), ("--no-arbiter",))):
        place = folder / str(number)
        place.mkdir()
        with manager(program, place, "", (*extra, "--set", "limits.max_total_records=50")) as one:
            one.start()
            check(one.process.wait(20) == 1, "it did not fail")
            check(one.hear(0) is None, "it said something, though it never served")


def another_worker_is_told_of(program: Path, folder: Path) -> None:
    with manager(program, folder) as one:
        one.start()
        one.hear_until("READY")
        worker = one.worker()
        os.kill(worker, signal.SIGKILL)
        crashed = one.hear_until("STATUS")["STATUS"]
        check(crashed.startswith(f"worker {worker} was ended by signal 9"), crashed)
        check(one.hear_until("STATUS")["STATUS"] == f"Serving {one.server.root}", "the new one does not serve")
        check(one.server.answers() and one.worker() != worker, "there is no new worker")


def signs_of_life(one: Manager, seconds: float) -> int:
    """How many WATCHDOG=1 came within the time."""
    count = 0
    end = time.monotonic() + seconds
    while (heard := one.hear(max(0.0, end - time.monotonic()))) is not None:
        count += heard.get("WATCHDOG") == "1"
    return count


def a_worker_that_hangs_gives_no_sign_of_life(program: Path, folder: Path) -> None:
    cases: tuple[tuple[str, tuple[str, ...], Callable[[Manager], int]], ...] = (
        ("arbiter", (), Manager.worker),
        ("alone", ("--no-arbiter",), lambda one: one.process.pid),
    )
    for name, extra, who in cases:
        (folder / name).mkdir()
        with manager(program, folder / name, "", extra) as one:
            one.start(watchdog=True)
            one.hear_until("READY")
            heard = signs_of_life(one, 5 * WATCHDOG_S)
            check(heard >= 5, f"{name}: {heard} signs of life in the time of five")
            os.kill(who(one), signal.SIGSTOP)
            signs_of_life(one, WATCHDOG_S)  # what was on its way
            heard = signs_of_life(one, 3 * WATCHDOG_S)
            os.kill(who(one), signal.SIGCONT)
            check(heard == 0, f"{name}: {heard} signs of life of a stopped process")
            check(signs_of_life(one, 5 * WATCHDOG_S) >= 3, f"{name}: no sign of life after it went on")


def nobody_waits_for_another_process(program: Path, folder: Path) -> None:
    """WATCHDOG_USEC that was inherited, with the number of another process, is not for us."""
    with manager(program, folder) as one:
        os.environ["WATCHDOG_USEC"], os.environ["WATCHDOG_PID"] = "100000", "1"
        try:
            one.start()
        finally:
            del os.environ["WATCHDOG_USEC"], os.environ["WATCHDOG_PID"]
        one.hear_until("READY")
        check(signs_of_life(one, 0.5) == 0, "signs of life for nobody")


def the_shipped_configuration_is_the_template(program: Path, _folder: Path) -> None:
    shipped = REPOSITORY / "deploy" / "homespun.toml"
    template = subprocess.run([program, "config", "--template"], capture_output=True, text=True, check=True).stdout
    check(shipped.read_text() == template, f"{shipped} is old: homespun config --template > deploy/homespun.toml")
    shown = subprocess.run([program, "config", "--config", shipped], capture_output=True, text=True, check=False)
    check(shown.returncode == 0, f"the program does not take its own template: {shown.stderr}")


def commands(program: Path, *above: str) -> Iterator[tuple[str, ...]]:
    """All commands and sub-commands, as --help lists them; not those of test builds."""
    text = subprocess.run([program, *above, "--help"], capture_output=True, text=True, check=True).stdout
    _, _, below = text.partition("Subcommands:")
    for name in re.findall(r"^  (\S+)", below, re.MULTILINE):
        if (*above, name) != ("test",):
            yield (*above, name)
            yield from commands(program, *above, name)


def the_manual_names_every_command(program: Path, _folder: Path) -> None:
    manual = (REPOSITORY / "docs" / "man" / "homespun.1").read_text()
    entries = {line.removeprefix(".It Cm ").replace(" Cm ", " ") for line in manual.splitlines() if line.startswith(".It Cm ")}
    every = list(commands(program))
    check(("user", "list") in every and ("serve",) in every, f"--help lists {every}")
    for words in every:
        said = " ".join(words)
        has = any(f"{entry} ".startswith(f"{said} ") for entry in entries)
        check(has, f"docs/man/homespun.1 has no entry .It Cm {said}")


CASES = (
    the_worker_behind_the_arbiter_is_told_of,
    a_process_alone_tells_of_itself,
    a_start_that_fails_is_never_ready,
    another_worker_is_told_of,
    a_worker_that_hangs_gives_no_sign_of_life,
    nobody_waits_for_another_process,
    the_shipped_configuration_is_the_template,
    the_manual_names_every_command,
)
