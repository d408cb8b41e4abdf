"""Child processes of the tests: always in a process group of their own, always ended."""

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def free_port() -> int:
    """A TCP port of 127.0.0.1 on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Child:
    """A program running as leader of a process group, its output in a file.

    The owner calls terminate() in every case. When this process is killed so hard that it cannot, the kernel kills the
    child itself (setpriv --pdeathsig); the child's own children are up to the child.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        output: Path | None = None,
        keep: Sequence[int] = (),
    ) -> None:
        """Starts it. What it prints is appended to `log`, or its standard output alone to `output` when that is given.

        `keep` are descriptors it gets as they are, beside the usual three.

        Raises OSError when it cannot be started.
        """
        with log.open("ab") as errors, (output or log).open("ab") as text:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=text,
                stderr=errors,
                env=None if environment is None else dict(environment),
                start_new_session=True,
                pass_fds=keep,
            )

    @property
    def pid(self) -> int:
        """Of the program."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether the program still runs."""
        return self._process.poll() is None

    def wait(self, limit: float) -> int | None:
        """Its exit status as soon as it ends by itself, or None after `limit` seconds."""
        try:
            return self._process.wait(limit)
        except subprocess.TimeoutExpired:
            return None

    def terminate(self, limit: float = 5) -> int:
        """SIGTERM to the program, SIGKILL after `limit` seconds, then to what is left of its group; its exit status."""
        if self.alive():
            self._process.send_signal(signal.SIGTERM)
        status = self.wait(limit)
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # nothing left
        return self._process.wait() if status is None else status


def tail(path: Path, lines: int) -> str:
    """The last lines of a text file; empty when there is none."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
