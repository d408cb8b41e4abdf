"""Backups of a running server."""

import os
import threading
import time
from pathlib import Path

from checks import check, refused
from homespun_server import HomespunServer


def a_second_one_at_a_time_is_refused_at_once(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "alone") as server:
        # The secrets are copied last; reading them takes as long as we like.
        secrets = server.data / "secrets.json"
        content = secrets.read_bytes()
        secrets.unlink()
        os.mkfifo(secrets, 0o600)
        first = threading.Thread(target=server.command, args=("backup", str(folder / "first")))
        first.start()
        unblock = threading.Timer(5, secrets.write_bytes, [content])
        try:
            limit = time.monotonic() + 20
            while not (folder / "first.partial" / "accounts.db").exists() and time.monotonic() < limit:
                time.sleep(0.01)
            unblock.start()
            said = refused(server, "backup", str(folder / "second"))
            check("another backup is being made" in said, said)
            check(first.is_alive(), "the first one had to end before the second was answered")
        finally:
            unblock.join()
            first.join()
        check((folder / "first" / "manifest.json").exists(), "the first one came to its end")
        check(not (folder / "second").exists() and not (folder / "second.partial").exists(), "nothing of the second")
        secrets.unlink()
        secrets.write_bytes(content)
        server.command("backup", str(folder / "third"))


def who_may_not_own_the_files_does_not_write_them(program: Path, folder: Path) -> None:
    """A restore by root would leave files that the service cannot open."""
    if os.geteuid() != 0:
        return  # only root can give files away
    nobody = 65534
    with HomespunServer(program, folder / "anothers") as server:
        server.command("backup", str(folder / "copy"))
    os.chown(server.data, nobody, nobody)
    before = sorted(path.name for path in server.data.rglob("*"))
    for words in (("restore", str(folder / "copy"), "--replace"), ("vacuum",)):
        said = refused(server, *words)
        check("belongs to" in said and "sudo -u" in said, f"{words[0]}: {said}")
    check(sorted(path.name for path in server.data.rglob("*")) == before, "something was changed")
    os.chown(server.data, 0, 0)
    server.command("vacuum")


CASES = (a_second_one_at_a_time_is_refused_at_once, who_may_not_own_the_files_does_not_write_them)
