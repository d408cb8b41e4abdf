"""Runs the C++ programs that make the load, and reads the server's clock at the edges of what they measure."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.machine import cpu_seconds, pinned
from harness.servers import check_finished


def measure(command: list[str], server_pid: int | None = None, cpu: int | None = None) -> dict[str, Any]:
    """What the program says, and `server_cpu_seconds` of the stretch it measured. Raises RuntimeError when it fails."""

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    if cpu is None:
        client = start()
    else:
        with pinned(cpu):
            client = start()
    spent = 0.0
    said: dict[str, Any] = {}
    assert client.stdout is not None
    try:
        for line in client.stdout:
            if server_pid is not None and line == "start\n":
                spent = -cpu_seconds(server_pid)
            elif server_pid is not None and line == "stop\n":
                spent += cpu_seconds(server_pid)
            elif line.startswith("{"):
                said = json.loads(line)
        client.wait()
    finally:
        client.kill()
        client.wait()
    check_finished(client)
    said["server_cpu_seconds"] = spent
    return said


def while_holding(command: list[str], look: Callable[[], float]) -> float:
    """What `look` gives while `bench_load hold` keeps its connections open; it checks that none was closed."""
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert client.stdout is not None
        line = client.stdout.readline()
        value = look() if line == "holding\n" else 0.0
        said, _ = client.communicate(timeout=30)
    finally:
        client.kill()
        client.wait()
    check_finished(client)
    if said != "held\n":
        raise RuntimeError("the connections were not held")
    return value


def per_request(said: dict[str, Any]) -> dict[str, float]:
    """Rates and costs of a stretch."""
    return {
        "requests_per_s": said["requests"] / said["seconds"],
        "server_cpu_us": said["server_cpu_seconds"] * 1e6 / said["requests"],
        "server_busy": said["server_cpu_seconds"] / said["seconds"],
        "client_busy": said["client_cpu_seconds"] / said["seconds"],
        "p50_us": said["latency"]["p50_us"],
        "p99_us": said["latency"]["p99_us"],
    }


def program(build: Path, name: str) -> str:
    """A benchmark program in the build directory."""
    return str(build / "bench" / name)
