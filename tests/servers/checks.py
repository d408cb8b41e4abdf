"""What the cases of several modules use."""

from collections.abc import Sequence
from pathlib import Path

from homespun_server import HomespunServer, ServerError
from sync_client import Answer, request


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


def ask_for_token(server: HomespunServer, account: dict[str, str], key_id: str = "") -> Answer:
    """As a seeded account asks the token server."""
    headers = {"Authorization": f"Bearer {account['access_token']}", "X-KeyID": key_id or account["key_id"]}
    return request("GET", f"{server.root}/token/1.0/sync/1.5", headers)
