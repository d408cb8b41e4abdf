"""Two servers of one installation: one hands out tokens, both store; and the operator's commands for nodes and users."""

import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from checks import ask_for_token, check, refused
from homespun_server import HomespunServer
from sync_client import SyncStorage, Token, given_token


class Pair:
    """Server `first` with its token server, and `second`, a node that knows the same secrets."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.first = HomespunServer(program, folder / "first")
        self.second = HomespunServer(program, folder / "second")

    def __enter__(self) -> "Pair":
        self.first.start()
        self.second.data.mkdir(mode=0o700)
        shutil.copy2(self.first.data / "secrets.json", self.second.data / "secrets.json")
        self.second.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.second.stop()
        self.first.stop()

    @property
    def node(self) -> str:
        """The second server's URL as a node."""
        return f"{self.second.root}/storage"

    def seed(self) -> dict[str, str]:
        """A new account."""
        return json.loads(self.first.command("seed", "1"))

    def token(self, account: dict[str, str], key_id: str = "") -> Token:
        """A storage token for it."""
        return given_token(ask_for_token(self.first, account, key_id))

    def away(self) -> dict[str, str]:
        """A new account on the second server."""
        self.first.command("node", "set", f"{self.first.root}/storage", "--backoff", "true")
        self.first.command("node", "add", self.node, "--capacity", "100")
        account = self.seed()
        check(self.token(account).endpoint.startswith(self.node), "the only node that takes users was passed over")
        self.first.command("node", "set", f"{self.first.root}/storage", "--backoff", "false")
        return account

    def nodes(self) -> dict[str, dict[str, Any]]:
        """What `homespun node list` says, by URL."""
        return {each["url"]: each for each in json.loads(self.first.command("node", "list", "--json"))}


def put(token: Token) -> None:
    answer = SyncStorage(token).request("PUT", "/storage/col/a", b'{"payload":"kept"}')
    check(answer.status == 200, f"PUT answered {answer.status}")


def users_go_where_there_is_room(program: Path, folder: Path) -> None:
    with Pair(program, folder) as pair:
        at_home = pair.token(pair.seed())
        check(at_home.endpoint.startswith(pair.first.root), f"the only node is our own: {at_home.endpoint}")
        pair.first.command("node", "add", pair.node, "--capacity", "100")
        account = pair.seed()
        away = pair.token(account)
        check(away.endpoint.startswith(pair.node + "/1.5/"), f"an empty node was passed over: {away.endpoint}")
        put(away)
        put(at_home)
        check(pair.nodes()[pair.node]["users"] == 1, f"{pair.nodes()}")

        pair.first.command("node", "down", pair.node)
        check(pair.token(pair.seed()).endpoint.startswith(pair.first.root), "a downed node got a new user")
        check(pair.token(account).endpoint == away.endpoint, "a downed node lost its user")
        pair.first.command("node", "up", pair.node)

        check("1 users" in pair.first.command("node", "drain", pair.node), "drain says nothing")
        back = pair.token(account)
        check(back.endpoint.startswith(pair.first.root), f"not drained: {back.endpoint}")
        pair.first.command("user", "move", account["email"], pair.node)
        check(pair.token(account).endpoint.startswith(pair.node), "the user was not moved")
        rows = json.loads(pair.first.command("user", "show", account["email"], "--json"))["rows"]
        check(len(rows) == 3 and rows[0]["replaced_at_ms"] is None, f"{rows}")
        pair.first.command("node", "remove", pair.node)
        check(pair.node not in pair.nodes(), "the node is still there")
        check(pair.token(account).endpoint.startswith(pair.first.root), "the removed node's user is nowhere")


def replaced_users_end_with_their_data(program: Path, folder: Path) -> None:
    with Pair(program, folder) as pair:
        pair.first.command("node", "add", pair.node, "--capacity", "100")
        account = pair.seed()
        pair.token(account)
        pair.first.command("user", "move", account["email"], pair.node)
        pair.first.command("user", "purge", "--grace", "0")
        away = pair.token(account)
        check(away.endpoint.startswith(pair.node), f"the user was not moved: {away.endpoint}")
        put(away)
        pair.first.command("node", "down", pair.node)
        pair.first.command("user", "move", account["email"], f"{pair.first.root}/storage")
        home = pair.token(account)
        put(home)
        said = pair.first.command("user", "purge")
        check(said.startswith("0 removed, 0 postponed"), f"a row of a minute ago was ended: {said}")
        said = pair.first.command("user", "purge", "--grace", "0")
        check(said.startswith("0 removed, 1 postponed"), f"a downed node was asked: {said}")
        check(SyncStorage(away).ids("col") == {"a"}, "the data went before their time")
        said = pair.first.command("user", "purge", "--grace", "0", "--force")
        check(said.startswith("1 removed"), said)
        check(SyncStorage(away).collections() == {}, "the data are still on the other node")
        check(SyncStorage(home).ids("col") == {"a"}, "the data of the row in force went too")
        pair.first.command("node", "up", pair.node)

        # A node that does not answer: tried again later, and no other row waits for it.
        pair.first.command("user", "move", account["email"], pair.node)
        pair.token(account)
        pair.first.command("user", "move", account["email"], f"{pair.first.root}/storage")
        pair.second.stop()
        said = pair.first.command("user", "purge", "--grace", "0")
        check(said.startswith("1 removed, 1 postponed"), said)
        check(SyncStorage(home).collections() == {}, "the replaced data at home are still there")


def a_removed_user_leaves_nothing(program: Path, folder: Path) -> None:
    with Pair(program, folder) as pair:
        account = pair.seed()
        token = pair.token(account)
        put(token)
        check("--yes" in refused(pair.first, "user", "remove", account["email"]), "no question was asked")
        check(SyncStorage(token).ids("col") == {"a"}, "removed without --yes")
        pair.first.command("user", "remove", account["email"], "--yes")
        check(SyncStorage(token).collections() == {}, "its data are still there")
        answer = ask_for_token(pair.first, account)
        check(answer.status == 401, f"a token after the end: {answer.status}")
        check(account["email"] not in pair.first.command("user", "list"), "the account is still listed")
        pair.first.command("user", "purge", "--grace", "0")
        with sqlite3.connect(pair.first.data / "token.db") as database:
            left = database.execute("select count(*) from users").fetchone()[0]
        check(left == 0, f"{left} rows are left")
        check("no user" in refused(pair.first, "user", "remove", "nobody@example.org", "--yes"), "nobody was removed")


def removing_a_user_can_be_repeated(program: Path, folder: Path) -> None:
    with Pair(program, folder) as pair:
        account = pair.away()
        away = pair.token(account)
        put(away)
        pair.second.stop()
        complaint = refused(pair.first, "user", "remove", account["email"], "--yes")
        check(pair.node in complaint and "repeat" in complaint, complaint)
        check(account["email"] in pair.first.command("user", "list"), "the account went before its data")
        answer = ask_for_token(pair.first, account)
        check(answer.status == 401, f"a token while it is being removed: {answer.status}")
        pair.second.start()
        pair.first.command("user", "remove", account["email"], "--yes")
        check(SyncStorage(away).collections() == {}, "its data are still on the other node")
        check(account["email"] not in pair.first.command("user", "list"), "the account is still listed")


def who_stays_away_from_a_drained_node_is_kept(program: Path, folder: Path) -> None:
    with Pair(program, folder) as pair:
        account = pair.away()
        away = pair.token(account)
        put(away)
        pair.first.command("node", "drain", pair.node)
        said = pair.first.command("user", "purge", "--grace", "0")
        check(said.startswith("0 removed, 0 postponed"), f"the only row of a user was ended: {said}")
        check(SyncStorage(away).ids("col") == {"a"}, "the only data of a user were removed")
        back = pair.token(account)
        check(back.endpoint.startswith(pair.first.root), f"not drained: {back.endpoint}")
        said = pair.first.command("user", "purge", "--grace", "0")
        check(said.startswith("1 removed"), said)
        check(SyncStorage(away).collections() == {}, "the data are still on the drained node")


def revoked_access_ends_tokens(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "alone") as server:
        account = json.loads(server.command("seed", "1"))
        check(ask_for_token(server, account).status == 200, "no token")
        server.command("user", "revoke", account["email"])
        check(ask_for_token(server, account).status == 401, "still a token")
        check("no account" in refused(server, "user", "revoke", "nobody@example.org"), "nobody was revoked")


def mistakes_are_told(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "alone") as server:
        node = "https://sync2.example/storage"
        server.command("node", "add", node, "--capacity", "10", "--available", "3")
        for words, expected in (
            (("node", "add", node, "--capacity", "10"), "already"),
            (("node", "add", "sync3.example", "--capacity", "10"), "https://"),
            (("node", "add", "https://sync3.example/storage"), "capacity"),
            (("node", "set", "https://sync3.example/storage", "--capacity", "10"), "no node"),
            (("node", "set", node, "--capacity", "-1"), "capacity"),
            (("node", "drain", "https://sync3.example/storage"), "no node"),
            (("node", "remove", f"{server.root}/storage"), "itself"),
            (("user", "move", "nobody@example.org", node), "never asked"),
            (("user", "purge", "--grace", "-5"), "--grace"),
        ):
            complaint = refused(server, *words)
            check(expected in complaint, f"{words}: {complaint}")
        listed = server.command("node", "list")
        check(re.search(r"sync2\.example/storage +0 +0 +10 +3 +up$", listed, re.MULTILINE) is not None, listed)
        check("this server" in listed, listed)


CASES = (
    users_go_where_there_is_room,
    replaced_users_end_with_their_data,
    a_removed_user_leaves_nothing,
    removing_a_user_can_be_repeated,
    who_stays_away_from_a_drained_node_is_kept,
    revoked_access_ends_tokens,
    mistakes_are_told,
)
