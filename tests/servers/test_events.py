"""The event log of a real server: what the operator does is told, and every line is as docs/events.md says."""

import json
import re
from pathlib import Path
from typing import Any

from checks import ask_for_token, check
from homespun_server import HomespunServer
from sync_client import request

TOP = Path(__file__).resolve().parents[2]


def described() -> dict[str, set[str]]:
    """The fields of each event in docs/events.md."""
    page = (TOP / "docs" / "events.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| [a-z, ]+ \|([^|]*)\|", page, re.MULTILINE)
    return {word: set(re.findall(r"`(\w+)`", fields)) for word, fields in rows}


def lines(server: HomespunServer) -> list[dict[str, Any]]:
    """All events of the log so far; what a person is told at the start stands between them."""
    return [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]


def server_secret(server: HomespunServer) -> str:
    """The token secret as it lies on the disk, since the server has ended."""
    return json.loads((server.data / "secrets.json").read_text())["token"][0]


def what_the_operator_does_is_told(program: Path, folder: Path) -> None:
    server = HomespunServer(program, folder / "alone", ["--set", "log_format=json", "--set", "access_log=true"])
    with server:
        account = json.loads(server.command("seed", "1"))
        check(ask_for_token(server, account).status == 200, "a token")
        check(request("GET", f"{server.root}/storage/1.5/1/info/collections").status == 401, "without a token")
        server.command("invite")
        server.command("secret", "rotate")
        server.command("notice", "--backoff", "7")
        server.command("node", "add", "https://other.example/storage", "--capacity", "5")
        server.command("node", "down", "https://other.example/storage")
        server.command("backup", str(folder / "copy"))
        server.command("user", "revoke", account["email"])
        server.command("user", "remove", account["email"], "--yes")
    told = lines(server)
    known = described()
    for line in told:
        facts = line.keys() - {"time", "level", "event"}
        check(line["event"] in known and facts <= known[line["event"]], f"not as described: {line}")
    events = [line["event"] for line in told if line["event"] not in ("request", "refused")]
    wanted = [
        "config_read",
        "store_opened",
        "serving",
        "accounts_seeded",
        "storage_user_created",
        "invite_made",
        "secret_rotated",
        "notices_changed",
        "node_changed",
        "node_changed",
        "backup_made",
        "access_revoked",
        "account_removed",
        "user_removed",
        "stopping",
        "stopped",
    ]
    check([event for event in events if event in wanted] == wanted, f"{events}")
    facts = {line["event"]: line for line in told}
    check(set(facts["config_read"]["set"].split()) >= {"access_log", "listen", "log_format"}, f"{facts['config_read']}")
    check(facts["secret_rotated"]["accepted"] == 2, f"{facts['secret_rotated']}")
    check(facts["notices_changed"]["backoff_s"] == 7, f"{facts['notices_changed']}")
    check(len(facts["account_removed"]["uid"]) == 32, f"{facts['account_removed']}")
    check(facts["refused"]["reason"] == "no_authorization", f"{facts['refused']}")
    text = server.log.read_text()
    for secret in (account["access_token"], server_secret(server)):
        check(secret not in text, "a secret is in the log")


CASES = (what_the_operator_does_is_told,)
