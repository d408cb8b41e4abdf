#!/usr/bin/python3
"""A record through the storage of a server that runs already.

    store_with.py --root URL <ACCOUNT     one line of `homespun seed`

Gets a token, puts a record, gets it back, and demands the same bytes. Exit status 0 when all is well.
"""

import argparse
import json
import secrets
import sys

from sync_client import SyncStorage, ask_for_token, given_token


def main() -> int:
    """0, or an error that says what differed."""
    parser = argparse.ArgumentParser(description="A record through the storage of a running server.")
    parser.add_argument("--root", required=True, help="like http://127.0.0.1:5000")
    root = parser.parse_args().root
    account = json.loads(sys.stdin.readline())
    storage = SyncStorage(given_token(ask_for_token(root, account["access_token"], account["key_id"])))
    payload = secrets.token_hex(20) + "ß"
    put = storage.request("PUT", "/storage/col/a", json.dumps({"payload": payload}).encode())
    if put.status != 200:
        sys.exit(f"PUT answered {put.status} {put.body!r}")
    got = storage.record("col", "a")["payload"]
    if got != payload:
        sys.exit(f"put {payload}, got {got}")
    print(f"{payload} came back")
    return 0


if __name__ == "__main__":
    sys.exit(main())
