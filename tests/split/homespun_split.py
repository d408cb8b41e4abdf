#!/usr/bin/python3
"""Stands in for `homespun` where the cases of tests/api run: its `serve` is four programs behind one nginx.

SPLIT_PROGRAM names the real program. `serve --listen HOST:PORT --data DIR …` runs, each with a data directory of its own:
accounts, token server and storage in DIR; user API in DIR.user; storage 1.1 in DIR.weave; the key exchange in DIR.kex. The users of
the services of 2010 are in one file, DIR.users. `test clock` goes to all of them, every other command to the program in DIR.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from processes import free_port  # noqa: E402

PROGRAM = os.environ["SPLIT_PROGRAM"]
PARTS = {"": "accounts,token,storage", ".user": "user", ".weave": "storage-1.1", ".kex": "keyexchange"}
NGINX = """daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    large_client_header_buffers 8 32k;
    proxy_http_version 1.1;
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_set_header Host $http_host;
    proxy_set_header Connection "";
    proxy_set_header X-Forwarded-For {forwarded};
    server {{
        listen {listen};
        location / {{ proxy_pass http://unix:{data}.sock; }}
        location ~ ^/(user|misc)/ {{ proxy_pass http://unix:{data}.user.sock; }}
        location ~ ^/weave- {{ proxy_pass http://unix:{data}.user.sock; }}
        location ~ ^/1(\\.[01])?/ {{ proxy_pass http://unix:{data}.weave.sock; }}
        location ~ ^/(keyexchange|jpake) {{ proxy_pass http://{kex}; }}
    }}
}}
"""


def taken(words: list[str], name: str) -> str:
    """The value of an option, which is taken out of the words."""
    at = words.index(name)
    value = words[at + 1]
    del words[at : at + 2]
    return value


def answers(place: str) -> bool:
    """Whether somebody takes connections there: HOST:PORT or unix:PATH."""
    with socket.socket(socket.AF_UNIX if place.startswith("unix:") else socket.AF_INET) as its:
        host, _, rest = place.partition(":")
        return its.connect_ex(rest if host == "unix" else (host, int(rest))) == 0


def wait_for(place: str, child: subprocess.Popen[bytes]) -> None:
    """Until it answers there."""
    end = time.monotonic() + 20
    while not answers(place) and time.monotonic() < end and child.poll() is None:
        time.sleep(0.02)


def of_key_exchange(words: list[str]) -> list[str]:
    """It judges people by their address, which only nginx knows; and it knows no users."""
    mine = [word for word in words if not word.startswith("auth.backend=")]
    mine = [word for at, word in enumerate(mine) if word != "--set" or (mine[at + 1 :] and "=" in mine[at + 1])]
    return mine if any("trusted_proxies" in word for word in mine) else [*mine, "--set", "trusted_proxies=127.0.0.1"]


def serve(words: list[str]) -> int:
    """Until SIGTERM; ends with the first part that ends."""
    listen, data = taken(words, "--listen"), taken(words, "--data")
    folder = Path(data + ".nginx")
    folder.mkdir(mode=0o700, parents=True)
    children: list[subprocess.Popen[bytes]] = []
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for child in reversed(children):
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    kex = f"127.0.0.1:{free_port()}"
    # A case about proxies comes by another one in front of nginx; else the client is who calls nginx.
    forwarded = "$proxy_add_x_forwarded_for" if any("trusted_proxies" in word for word in words) else "$remote_addr"
    if "--public-url" not in words:
        words = [*words, "--public-url", f"http://{listen}"]
    for suffix, services in PARTS.items():
        place = kex if suffix == ".kex" else f"unix:{data}{suffix}.sock"
        own = of_key_exchange(words) if suffix == ".kex" else words
        more = ["--listen", place, "--data", data + suffix, "--only", services, "--set", f"auth.database={data}.users"]
        children.append(subprocess.Popen([PROGRAM, "serve", *own, *more]))
        wait_for(place, children[-1])
    configuration = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # the sockets are the programs' own
    configuration.write_text(NGINX.format(user=user, kex=kex, forwarded=forwarded, folder=folder, listen=listen, data=data))
    children.append(subprocess.Popen(["/usr/sbin/nginx", "-e", str(folder / "nginx.log"), "-c", str(configuration)]))
    while not stopping and all(child.poll() is None for child in children):
        time.sleep(0.05)
    stop()
    return max(child.wait() for child in children)


def main() -> int:
    """As the program would."""
    words = sys.argv[1:]
    if words[:1] == ["serve"]:
        return serve(words[1:])
    if words[:2] == ["test", "clock"]:
        data = taken(words, "--data")
        return max(subprocess.run([PROGRAM, *words, "--data", data + suffix], check=False).returncode for suffix in PARTS)
    os.execv(PROGRAM, [PROGRAM, *words])


if __name__ == "__main__":
    sys.exit(main())
