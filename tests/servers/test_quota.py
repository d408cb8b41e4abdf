"""A bound for the whole record store."""

import json
from pathlib import Path

from checks import check, complaint_of_start
from homespun_server import HomespunServer
from sync_client import SyncStorage, request, sign_token


def a_full_store_takes_nothing_more_until_there_is_room(program: Path, folder: Path) -> None:
    settings = ["--set", "quota.total_mb=4", "--set", "quota.total_soft_mb=2", "--set", "shards=1"]
    with HomespunServer(program, folder / "alone", settings) as server:
        secret = server.master_secret()
        body = json.dumps({"payload": "x" * 300_000}).encode()

        def put(user: int, record: int) -> int:
            storage = SyncStorage(sign_token(secret, server.root, user))
            return storage.request("PUT", f"/storage/col/{record}", body).status

        statuses = [put(1, record) for record in range(30)]
        stored = statuses.count(200)
        check(statuses == [200] * stored + [403] * (30 - stored), f"{statuses}")
        check(9 <= stored <= 15, f"{stored} records of 300 kB in a store of 4 MiB")
        check(put(2, 1) == 403, "another user still finds room")
        check("store_nearly_full" in server.log.read_text(), "nobody was warned")
        refused = SyncStorage(sign_token(secret, server.root, 2)).request("PUT", "/storage/col/1", body)
        check((refused.status, refused.body) == (403, b"14"), f"{refused.status} {refused.body!r}")
        # What is left is told to users with a bound of their own, when they have written.
        check("x-weave-quota-remaining" not in refused.headers, f"{refused.headers}")
        check(SyncStorage(sign_token(secret, server.root, 1)).ids("col") == {str(n) for n in range(stored)}, "lost")
        check(request("GET", f"{server.root}/__heartbeat__").status == 200, "a full quota is no illness")
        SyncStorage(sign_token(secret, server.root, 1)).request("DELETE", "/storage/col?ids=0,1,2,3,4,5,6,7")
        check(put(2, 1) == 200, "there is room again")


def soft_bounds_need_hard_ones(program: Path, folder: Path) -> None:
    for number, (settings, complaint) in enumerate(
        (
            (["quota.user_soft_mb=5"], "quota.user_soft_mb warns of quota.user_mb: set that, too"),
            (["quota.user_mb=5", "quota.user_soft_mb=6"], "quota.user_soft_mb (6) is above quota.user_mb (5)"),
            (["quota.total_mb=5", "quota.total_soft_mb=6"], "quota.total_soft_mb (6) is above quota.total_mb (5)"),
        )
    ):
        log = complaint_of_start(program, folder / str(number), settings)
        check(complaint in log, log)


CASES = (a_full_store_takes_nothing_more_until_there_is_room, soft_bounds_need_hard_ones)
