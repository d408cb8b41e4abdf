"""Who may sync here: a list, a switch, a maximum."""

import json
from pathlib import Path

from checks import ask_for_token, check
from homespun_server import HomespunServer


def ask(server: HomespunServer, account: dict[str, str]) -> int:
    """The status of a request for a storage token."""
    return ask_for_token(server, account).status


def restart(server: HomespunServer, *settings: str) -> None:
    server.stop()
    server.extra = [word for setting in settings for word in ("--set", setting)]
    server.start()


def users_of_before_stay_when_others_may_not_come(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "alone") as server:
        first, second, third = (json.loads(line) for line in server.command("seed", "3").splitlines())
        check(ask(server, first) == 200, "the first user gets no token")
        restart(server, "users.new=false")
        check((ask(server, first), ask(server, second)) == (200, 403), "users.new=false")
        restart(server, "users.most=2")
        check((ask(server, first), ask(server, second), ask(server, third)) == (200, 200, 403), "users.most=2")
        restart(server, f"users.allow={second['email'].upper()} {third['email'].split('@')[0]}")
        check((ask(server, first), ask(server, second), ask(server, third)) == (403, 200, 200), "users.allow")
        log = server.log.read_text()
        check("reason=not_on_the_list" in log and "reason=new_users_disabled" in log, "the reasons are not logged")


CASES = (users_of_before_stay_when_others_may_not_come,)
