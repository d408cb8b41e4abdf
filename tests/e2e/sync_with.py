#!/usr/bin/python3
"""Two Firefox profiles against a server that runs already: one signs up and adds a bookmark, the other receives it.

    sync_with.py --root URL

The server must let a first person sign up. Exit status 0 when the bookmark has arrived.
"""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from firefox import Firefox
from person import Person
from scenario import new_email, new_items


def main() -> int:
    """The scenario; its steps are printed with their times."""
    parser = argparse.ArgumentParser(description="Two Firefox profiles against a running server.")
    parser.add_argument("--root", required=True, help="like http://127.0.0.1:5000")
    root = parser.parse_args().root
    begin = time.monotonic()

    def done(step: str) -> None:
        print(f"{time.monotonic() - begin:6.1f} s  {step}", flush=True)

    email, password = new_email("Anna"), "Zwölf Boxkämpfer " + secrets.token_hex(4)
    items = new_items("bookmark of A")
    with tempfile.TemporaryDirectory(prefix="homespun-sync-", ignore_cleanup_errors=True) as folder:
        with Firefox(Path(folder) / "A", root) as firefox:
            a = Person("A", firefox, root)
            a.sign_up(email, password)
            done("A has signed up")
            a.sync()
            a.add(items)
            a.sync()
            a.sync()
            done("A has synced a bookmark, a login and a visit")
        with Firefox(Path(folder) / "B", root) as firefox:
            b = Person("B", firefox, root)
            b.expect_none_of(items)
            b.sign_in(email, password)
            done("B has signed in")
            b.receive(items)
            done("B has the bookmark, the login and the visit")
    return 0


if __name__ == "__main__":
    sys.exit(main())
