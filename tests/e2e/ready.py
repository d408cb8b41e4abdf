#!/usr/bin/python3
"""A service manager's ear: binds a datagram socket, prints what it hears, ends with 0 at READY=1.

    ready.py SOCKET SECONDS
"""

import socket
import sys
import time
from pathlib import Path


def main() -> int:
    """0 when READY=1 came in time."""
    path, limit = Path(sys.argv[1]), float(sys.argv[2])
    path.unlink(missing_ok=True)
    end = time.monotonic() + limit
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(path))
        while (left := end - time.monotonic()) > 0:
            ear.settimeout(left)
            try:
                heard = ear.recv(4096).decode()
            except TimeoutError:
                break
            print(heard, flush=True)
            if "READY=1" in heard.split("\n"):
                return 0
    print(f"no READY=1 within {limit:.0f} s")
    return 1


if __name__ == "__main__":
    sys.exit(main())
