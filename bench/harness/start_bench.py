"""From exec to the first answer, with data from an earlier run, against nginx."""

import http.client
import os
import signal
import subprocess
import time

from harness.report import Goal, Result, alternate, median_row
from harness.servers import Homespun, Nginx
from harness.setting import Setting

STARTS = 20
PATH = "/__lbheartbeat__"
LOOK_EVERY = 0.0005


def run(setting: Setting) -> Result:
    """Default mode (parent and worker) and without a parent."""
    server = Homespun(setting.homespun, setting.folder("homespun"))
    with server:
        server.master_secret()
    nginx = Nginx(setting.folder("nginx"), "{}")
    environment = {**os.environ, "HOME": str(server.folder)}
    command = [str(server.program), "serve", "--listen", f"127.0.0.1:{server.port}", "--data", str(server.data)]

    def start(line: list[str], port: int) -> dict[str, float]:
        return {"ms": first_answer(line, port, environment, str(setting.scratch / "start.log"))}

    starts = 5 if setting.quick else STARTS
    figures = alternate(
        starts,
        [
            lambda: start(command, server.port),
            lambda: start([*command, "--no-arbiter"], server.port),
            lambda: start(nginx.command, nginx.port),
        ],
    )
    default, alone, baseline = figures
    goal = Goal(50, at_least=False, of_ratio=False, unit="ms")
    return Result(
        "start",
        "nginx, master and worker",
        [
            median_row("first answer", "ms", [default, baseline], "ms", goal),
            median_row("first answer with --no-arbiter", "ms", [alone, baseline], "ms", goal),
        ],
        {"starts": {"default": default, "no_arbiter": alone, "nginx": baseline}},
    )


def first_answer(command: list[str], port: int, environment: dict[str, str], log: str) -> float:
    """Milliseconds until 200 came back; ends the server afterwards."""
    with open(log, "ab") as output:
        begin = time.perf_counter()
        # Without close_fds Python takes vfork, which costs less than a millisecond.
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, close_fds=False)
    try:
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.request("GET", PATH)
                status = connection.getresponse().status
                break
            except ConnectionRefusedError:
                if server.poll() is not None or time.perf_counter() - begin > 10:
                    raise RuntimeError(f"the server does not start; see {log}") from None
                time.sleep(LOOK_EVERY)
            finally:
                connection.close()
        elapsed = time.perf_counter() - begin
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
    if status != 200:
        raise RuntimeError(f"{PATH} was answered with {status}")
    return elapsed * 1000
