"""Seism's own API: what Toxiproxy's has no words for."""

import socket
import ssl
import stat
import urllib.request
from pathlib import Path

from seism_server import SeismServer, check, connect, round_trip, upstream, wait_until
from test_command_line import run


def status_and_counts(program: Path, folder: Path) -> None:
    with SeismServer(program, folder, "-seed", "7") as server, upstream() as address:
        peer = connect(server.proxy(address))
        round_trip(peer)
        status = server.call("GET", "/seism/v1/status").json
        check(status["seed"] == 7 and status["proxies"] == 1 and status["connections"] == 1, f"{status}")
        counts = server.call("GET", "/seism/v1/proxies").json["p"]["counts"]
        check(counts["upstream_bytes"] == 4 and counts["downstream_bytes"] == 4, f"while they pass: {counts}")


def bites_are_events(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        peer = connect(server.proxy(address))
        name = server.toxic("latency", latency=1)
        round_trip(peer)
        events = server.call("GET", "/seism/v1/events").json["events"]
        check([(e["type"], e["proxy"], e["toxic"]) for e in events] == [("perturbation.bite", "p", name)], f"{events}")
        later = server.call("GET", f"/seism/v1/events?since={events[-1]['number']}").json["events"]
        check(later == [], f"nothing since: {later}")
        check(server.call("GET", "/seism/v1/events?since=x").status == 400, "no number")


def a_dead_server_is_an_event(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server:
        port = server.proxy("127.0.0.1:9")
        for _ in range(3):
            connect(port).recv(1)
        wait_until(lambda: bool(server.call("GET", "/seism/v1/events").json["events"]), "an event")
        kinds = [e["type"] for e in server.call("GET", "/seism/v1/events").json["events"]]
        check(kinds == ["backend.down"], f"once an outage: {kinds}")


def settings_are_checked(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server:
        server.proxy("127.0.0.1:9")
        path = "/seism/v1/proxies/p"
        check(server.call("GET", path).json["protocol"] == "tcp", "unknown at first")
        check(server.well("PUT", path, {"protocol": "redis"}).json["protocol"] == "redis", "set")
        check(server.well("PUT", path, {"tls": "strip"}).json["protocol"] == "redis", "what is not given stays")
        for body in ({"protocol": "gopher"}, {"tls": "maybe"}, {"tls": 1}, {"colour": "red"}, [], b"{", {"tls": "terminate", "ca_file": "/nowhere"}):
            answer = server.call("PUT", path, body)
            check(answer.status == 400 and bool(answer.error), f"{body}: {answer.status}")
        check(server.call("GET", path).json["tls"] == "strip", "a refusal changes nothing")
        check(server.call("GET", "/seism/v1/proxies/nobody").status == 404, "nobody")
        check(server.call("GET", "/seism/v1/status", headers={"User-Agent": "Mozilla/5.0"}).status == 403, "a browser")
        check(server.call("POST", "/seism/v1/status").status == 405, "wrong method")
        check("protocol" not in server.call("GET", "/proxies/p").json, "Toxiproxy's clients see nothing new")


def what_is_exported_can_be_loaded(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server:
        server.proxy("127.0.0.1:9")
        server.toxic("latency", latency=5, jitter=2)
        server.toxic("redis_error", state="OOM", match="^SET")
        exported = server.call("GET", "/seism/v1/export").body
        before = server.call("GET", "/proxies").json
    (folder / "kept.json").write_bytes(exported)
    (folder / "again").mkdir()
    with SeismServer(program, folder / "again", "-config", str(folder / "kept.json")) as server:
        check(server.call("GET", "/proxies").json == before, "the same proxies and toxics")


def _redis(peer: socket.socket) -> None:
    while peer.recv(100):
        peer.sendall(b"+PONG\r\n")


def a_connection_that_is_there_meets_faults_when_the_protocol_is_known(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream(_redis) as address:
        port = server.proxy(address)
        done = run(program, "set", "--protocol", "redis", "p", url=server.url)
        check(done.returncode == 0 and "protocol=redis" in done.stdout, done.stdout + done.stderr)
        peer = connect(port)
        peer.sendall(b"PING\r\n")
        check(peer.recv(100) == b"+PONG\r\n", "the real answer")
        server.toxic("redis_error", state="LOADING")
        peer.sendall(b"PING\r\n")
        check(peer.recv(100).startswith(b"-LOADING "), "met on the same connection")


def the_authority_is_kept(program: Path, folder: Path) -> None:
    kept = folder / "authority.pem"
    seen = []
    for start in ("first", "second"):
        (folder / start).mkdir()
        with SeismServer(program, folder / start, "-ca", str(kept)) as server:
            seen.append(urllib.request.urlopen(f"{server.url}/seism/v1/ca.pem").read())
    check(seen[0] == seen[1] and b"PRIVATE" not in seen[0], "the same certificate, without its key")
    check(stat.S_IMODE(kept.stat().st_mode) == 0o600, "nobody else reads the key")
    ssl.create_default_context(cadata=seen[0].decode())


CASES = (
    status_and_counts,
    bites_are_events,
    a_dead_server_is_an_event,
    settings_are_checked,
    what_is_exported_can_be_loaded,
    a_connection_that_is_there_meets_faults_when_the_protocol_is_known,
    the_authority_is_kept,
)
