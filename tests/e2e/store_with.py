#!/usr/bin/python3
"""A record through the storage of a server that runs already.

    store_with.py --root URL <ACCOUNT     one line of `homespun seed`

Gets a token, puts a record, gets it back, and demands the same bytes. Exit status 0 when all is well.
"""

import argparse
import json
import secrets
import sys

from sync_client import SyncStorage, Token, request


def main() -> int:
    """0, or an error that says what differed."""
    parser = argparse.ArgumentParser(description="A record through the storage of a running server.")
    parser.add_argument("--root", required=True, help="like http://127.0.0.1:5000")
    root = parser.parse_args().root
    account = json.loads(sys.stdin.readline())
    headers = {"Authorization": f"Bearer {account['access_token']}", "X-KeyID": account["key_id"]}
    answer = request("GET", f"{root}/token/1.0/sync/1.5", headers)
    if answer.status != 200:
        sys.exit(f"no token: {answer.status} {answer.body!r}")
    storage = SyncStorage(Token(*(answer.json()[name] for name in ("id", "key", "api_endpoint"))))
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
