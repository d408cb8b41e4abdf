"""The server under test: one started for the run, one of a file's own, or one that runs elsewhere."""

import contextlib
import json
import shlex
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from homespun_server import HomespunServer, ServerError
from processes import tail

from .model import CaseFile


@dataclass
class Target:
    """Where requests go and what can be done besides."""

    root: str
    master: str
    server: HomespunServer | None = None

    @property
    def local(self) -> bool:
        """Whether we have started it."""
        return self.server is not None

    def invite(self) -> str:
        """A code for one new account; empty when this server is not ours."""
        if self.server is None:
            return ""
        return self.server.invite().split("invite=", 1)[1]

    def shift_clock(self, offset: float) -> bool:
        """Sets how far the server's clock is ahead; False when the program has no test control."""
        if self.server is None:
            return False
        try:
            self.server.command("test", "clock", "--offset", f"{offset:g}")
        except ServerError:
            return False
        return True

    def change_token_db(self, statements: str) -> None:
        """Writes to token.db behind the server's back, as operators' tools do."""
        assert self.server is not None
        connection = sqlite3.connect(self.server.data / "token.db", timeout=10, isolation_level=None)
        try:
            connection.executescript(statements)
        finally:
            connection.close()


class Targets:
    """Makes and ends the servers of a run."""

    def __init__(self, program: Path | None, url: str, secret: str, serve: list[str]) -> None:
        self._program = program
        self._url = url
        self._secret = secret
        self._serve = serve
        self._stack = contextlib.ExitStack()
        self._lock = threading.Lock()
        self._common: Target | ServerError | None = None
        self._count = 0

    def __enter__(self) -> "Targets":
        scratch = tempfile.TemporaryDirectory(prefix="homespun-api-", ignore_cleanup_errors=True)
        self._scratch = Path(self._stack.enter_context(scratch))
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @property
    def local(self) -> bool:
        """Whether servers can be started."""
        return self._program is not None

    def common(self) -> Target:
        """The one for all files that do not ask for their own."""
        with self._lock:
            if self._common is None:
                try:
                    self._common = self._start(self._stack, "") if self.local else Target(self._url, self._secret)
                except ServerError as problem:
                    self._common = problem
                    raise
            if isinstance(self._common, ServerError):
                raise ServerError("the common server did not start") from self._common
            return self._common

    @contextlib.contextmanager
    def for_file(self, file: CaseFile) -> Iterator[Target]:
        """The server a file runs against."""
        if not file.server:
            yield self.common()
            return
        with contextlib.ExitStack() as stack:
            yield self._start(stack, "" if file.server == "own" else file.server)

    def _start(self, stack: contextlib.ExitStack, extra: str) -> Target:
        assert self._program is not None
        self._count += 1
        folder = self._scratch / f"server-{self._count}-{threading.get_ident()}"
        server = HomespunServer(self._program, folder, ["--no-arbiter", *self._serve, *shlex.split(extra)])
        try:
            stack.enter_context(server)
        except ServerError as problem:
            raise ServerError(f"{problem}\n{tail(server.log, 12)}") from problem
        return Target(server.root, _master(server), server)


def _master(server: HomespunServer) -> str:
    """The admin socket may be there a moment after the first answer."""
    end = time.monotonic() + 5
    while True:
        try:
            return server.master_secret()
        except (ServerError, json.JSONDecodeError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
