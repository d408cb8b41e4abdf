"""The server under test: one `homespun serve` on a free port of 127.0.0.1 with a data directory of its own."""

import http.client
import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from processes import Child, free_port


class ServerError(Exception):
    """The server or its command line did not do what it should."""


class HomespunServer:
    """Started on entering the context, ended on leaving it; start() and stop() in between as the test likes.

    The port and the data stay the same over restarts. Below `folder`: `data`, and `server.log` with all output.
    """

    def __init__(
        self, program: Path, folder: Path, extra: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        """`folder` must not exist; `extra` are further arguments of `serve`, `environment` further variables."""
        self.program = program
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        folder.mkdir(parents=True)
        self.port = free_port()
        self.root = f"http://127.0.0.1:{self.port}"
        self.extra = list(extra)  # a test may change them before it starts the server again
        self._child: Child | None = None
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("HOMESPUN_")}
        self._environment["HOME"] = str(folder)
        self._environment.update(environment or {})

    def __enter__(self) -> "HomespunServer":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self, limit: float = 20) -> None:
        """Starts it and waits until GET /__heartbeat__ answers 200."""
        command = [str(self.program), "serve", "--listen", f"127.0.0.1:{self.port}", "--data", str(self.data), *self.extra]
        self._child = Child(command, self.log, self._environment)
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if not self._child.alive():
                raise ServerError(f"the server ended while it was starting, with {self._child.terminate()}")
            if self.answers():
                return
            time.sleep(0.05)
        raise ServerError(f"no answer from {self.root}/__heartbeat__ within {limit:.0f} s")

    def stop(self) -> int:
        """Ends it by SIGTERM; its exit status, 0 also when it did not run."""
        child, self._child = self._child, None
        return 0 if child is None else child.terminate(limit=10)

    @property
    def pid(self) -> int:
        """Of the process that was started; the others of the server are in its group."""
        if self._child is None:
            raise ServerError("the server does not run")
        return self._child.pid

    # ---- its command line -------------------------------------------------------------------------------------------

    def command(self, *arguments: str) -> str:
        """Runs `homespun ARGUMENTS --data DIR` and returns what it prints; raises ServerError when it fails."""
        line = [str(self.program), *arguments, "--data", str(self.data)]
        done = subprocess.run(
            line, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
        )
        if done.returncode != 0:
            raise ServerError(f"homespun {' '.join(arguments)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def invite(self) -> str:
        """A new invitation: the address `ROOT/?invite=CODE` with this server's ROOT."""
        for word in self.command("invite").split():
            if "?invite=" in word:
                return f"{self.root}/?{urlsplit(word).query}"
        raise ServerError("homespun invite prints no link")

    def master_secret(self) -> str:
        """The secret with which storage tokens are signed now."""
        return json.loads(self.command("secret", "show", "--json"))["token"][0]

    def storage_user(self, account: str) -> int:
        """The storage user that the token server has given an account (its uid, 32 hex digits)."""
        with sqlite3.connect(f"file:{self.data / 'token.db'}?mode=ro", uri=True, timeout=10) as database:
            rows = database.execute(
                "select uid from users where email like ? and replaced_at is null order by created_at desc", (account + "@%",)
            ).fetchall()
        if not rows:
            raise ServerError(f"token.db knows no account {account}")
        return rows[0][0]

    def answers(self) -> bool:
        """Whether GET /__heartbeat__ is 200 this moment."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/__heartbeat__")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
