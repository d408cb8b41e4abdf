"""What the cases of several modules use, of tests/load and tests/mozilla too."""

from collections.abc import Sequence
from pathlib import Path

import sync_client
from homespun_server import HomespunServer, ServerError


def check(holds: bool, text: str) -> None:
    """Raises AssertionError with `text` when it does not hold."""
    if not holds:
        raise AssertionError(text)


def refused(server: HomespunServer, *words: str) -> str:
    """What the command complains about; it must fail."""
    try:
        server.command(*words)
    except ServerError as error:
        return str(error)
    raise AssertionError(f"{words} did not fail")


def complaint_of_start(program: Path, folder: Path, settings: Sequence[str]) -> str:
    """The log of a server that must not start with these settings."""
    server = HomespunServer(program, folder, [word for setting in settings for word in ("--set", setting)])
    try:
        server.start(5)
    except ServerError:
        return server.log.read_text()
    finally:
        server.stop()
    raise AssertionError(f"{settings} were taken")


def ask_for_token(server: HomespunServer, account: dict[str, str], key_id: str = "") -> sync_client.Answer:
    """As an account of `homespun seed` asks the token server."""
    return sync_client.ask_for_token(server.root, account["access_token"], key_id or account["key_id"])
