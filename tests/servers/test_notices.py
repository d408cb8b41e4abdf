"""What the operator tells all clients, and settings that cannot be."""

import json
from pathlib import Path

from checks import check, complaint_of_start, refused
from homespun_server import HomespunServer
from sync_client import SyncStorage, sign_token


def every_client_is_told(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "alone") as server:
        storage = SyncStorage(sign_token(server.master_secret(), server.root, 7))

        def told() -> dict[str, str]:
            return storage.request("GET", "/info/collections").headers

        check(not {"x-weave-backoff", "x-weave-alert"} & set(told()), "told before anything was said")
        server.command("notice", "--backoff", "600", "--alert", "back at noon")
        headers = told()
        check(600 <= int(headers["x-weave-backoff"]) <= 630, f"{headers}")
        check(headers["x-backoff"] == headers["x-weave-backoff"], f"{headers}")
        check(headers["x-weave-alert"] == "back at noon", f"{headers}")
        missing = storage.request("GET", "/storage/col/none")
        check(missing.status == 404 and "x-weave-backoff" in missing.headers, "an error without the notice")
        server.stop()
        server.start()
        check("x-weave-alert" in told(), "a restart made the server forget")
        server.command("notice", "--alert", "")
        check("x-weave-alert" not in told() and "x-weave-backoff" in told(), "the alert was not taken back")
        said = json.loads(server.command("notice", "--clear", "--json"))
        check(said == {"backoff_s": 0, "retry_after_s": 0, "alert": ""}, f"{said}")
        check("x-weave-backoff" not in told(), "the back-off was not taken back")
        for words in (["--backoff", "-1"], ["--backoff", "99999999"], ["--alert", "grün"], ["--alert", "x" * 2000]):
            complaint = refused(server, "notice", *words)
            check("must be" in complaint, complaint)


def impossible_limits_stop_the_start(program: Path, folder: Path) -> None:
    for number, (setting, expected) in enumerate(
        (
            ("limits.max_request_bytes=2000000", "limits.max_request_bytes (2000000) must be at least limits.max_post_bytes (2621440) and"),
            ("limits.max_total_records=50", "a whole batch"),
            ("limits.max_record_payload_bytes=3000000", "could not be posted"),
            ("limits.collections=x:y=5", "no limit of a collection"),
            ("limits.max_post_records=0", "limits.max_post_records"),
        )
    ):
        log = complaint_of_start(program, folder / str(number), [setting])
        check(expected in log, f"{setting}: {log}")


CASES = (every_client_is_told, impossible_limits_stop_the_start)
