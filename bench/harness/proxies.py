"""Proxies before one server: HAProxy and Seism's engine; and the server and the clients of bench_peers."""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from processes import Child, free_port

from harness.machine import SERVER_CPU, pinned


def move(pid: int, cpu: int) -> None:
    """A running process, with all its threads, to this CPU."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {cpu})


def wait_for(port: int, what: str) -> None:
    """Until something listens on the port; raises RuntimeError after ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"{what} does not listen")


class Talker:
    """A program of ours that says `listening` and then answers each line of its input with one."""

    def __init__(self, command: list[str], cpu: int) -> None:
        with pinned(cpu):
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._input: IO[str] = self._process.stdin  # type: ignore[assignment]
        self._output: IO[str] = self._process.stdout  # type: ignore[assignment]
        if self._output.readline() != "listening\n":
            raise RuntimeError(f"{Path(command[0]).name} does not listen")
        self.pid = self._process.pid

    def ask(self, line: str) -> str:
        """What it says to a line."""
        self._input.write(line + "\n")
        self._input.flush()
        answer = self._output.readline()
        if not answer:
            raise RuntimeError(f"no answer to: {line}")
        return answer.strip()

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(10)


class HAProxy:
    """`mode tcp`, one thread; nothing logged. Splices when `splice`."""

    def __init__(self, folder: Path, upstream: int, splice: bool = False) -> None:
        folder.mkdir(parents=True)
        self.port = free_port()
        (folder / "haproxy.cfg").write_text(
            f"""global
    nbthread 1
    maxconn 4096
defaults
    mode tcp
    {"option splice-auto" if splice else "no option splice-auto"}
    timeout connect 5s
    timeout client 600s
    timeout server 600s
listen bench
    bind 127.0.0.1:{self.port}
    server peer 127.0.0.1:{upstream}
"""
        )
        with pinned(SERVER_CPU):
            self._child = Child(["/usr/sbin/haproxy", "-db", "-f", str(folder / "haproxy.cfg")], folder / "haproxy.log")
        wait_for(self.port, f"haproxy (see {folder}/haproxy.log)")
        self.pid = self._child.pid

    def stop(self) -> None:
        """Ends it."""
        self._child.terminate()


class Seism:
    """The engine with one proxy. Toxics are set through its input; a server with the HTTP API would take them there."""

    def __init__(self, program: str, upstream: int) -> None:
        self.port = free_port()
        self._talker = Talker([program, str(self.port), str(upstream)], SERVER_CPU)
        self.pid = self._talker.pid

    def add(self, name: str, kind: str, **attributes: int) -> float:
        """A toxic for what comes from the server; microseconds until it worked."""
        words = [f"{attribute}={value}" for attribute, value in attributes.items()]
        return float(self._talker.ask(" ".join(["add", name, kind, "downstream", *words])))

    def remove(self, name: str) -> float:
        """Microseconds until it was gone."""
        return float(self._talker.ask(f"remove {name}"))

    def stop(self) -> None:
        """Ends it."""
        self._talker.stop()


def while_open(command: list[str], cpu: int, look: Callable[[], float]) -> float:
    """What `look` gives while `bench_peers hold` or `flood` keeps its connections open."""
    with pinned(cpu):
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert client.stdout is not None
        value = look() if client.stdout.readline() == "holding\n" else 0.0
        said, _ = client.communicate(timeout=30)
    finally:
        client.kill()
        client.wait()
    if said != "held\n":
        raise RuntimeError("the connections were not held")
    return value
