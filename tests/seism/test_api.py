"""The API beyond the transcript: what Seism adds, and what nobody should send."""

import json
import math
import random
import re
import socket
from pathlib import Path
from urllib.parse import quote

from processes import tail
from seism_server import SeismServer, check, connect, echo, receive, refused, round_trip, sends, upstream, wait_until

TOXIPROXY = {
    "latency": ("latency", "jitter"),
    "bandwidth": ("rate",),
    "slow_close": ("delay",),
    "timeout": ("timeout",),
    "reset_peer": ("timeout",),
    "slicer": ("average_size", "size_variation", "delay"),
    "limit_data": ("bytes",),
    "noop": (),
    "packet_loss": ("loss_rate", "correlation"),
}
OTHERS = {
    "limit_time": {"time": 100},
    "slow_open": {"delay": 10},
    "corrupt": {"probability": 0.5},
    "delay": {"latency": 10, "jitter": 5, "distribution": "pareto", "wave": "sine", "amplitude": 2, "period": 100},
    "loss": {"percent": 12.5, "rto": 1},
    "duplicate": {"probability": 1},
    "reorder": {"probability": 1, "wait": 5},
    "garbage": {"bytes": 10},
    "truncate": {"bytes": 10},
    "half_close": {"delay": 1},
    "hang": {"mode": "backpressure"},
    "reset_after": {"bytes": 10},
    "reject": {},
    "blackout": {},
    "refuse": {},
    "connect_timeout": {},
}


def names_may_have_any_letters(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        for name in ("a/b", "..", "%2F", "a b", "ü😀", "?x=1#", "proxies", '"\\', "\n", "x" * 5_000):
            port = server.proxy(address, name)
            round_trip(connect(port))
            path = f"/proxies/{quote(name, '')}"
            if name == "..":  # a path with dots is made clean, so it is out of reach
                check(server.call("GET", "/proxies/..").status == 301, "dots")
                continue
            check(server.well("GET", path).json["name"] == name, name)
            toxic = {"type": "latency", "name": name}
            server.well("POST", f"{path}/toxics", toxic)
            check(server.well("GET", f"{path}/toxics/{quote(name, '')}").json["name"] == name, name)
            server.well("DELETE", f"{path}/toxics/{quote(name, '')}")
            server.well("DELETE", path)
            check(refused(port), name)
        check([*server.well("GET", "/proxies").json] == [".."], "the others are gone")


def paths_are_made_clean(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server:
        for path, clean in (("//proxies", "/proxies"), ("/a/../proxies?x=1", "/proxies?x=1"), ("/./version", "/version"), ("//evil.example/", "/evil.example/")):
            answer = server.call("GET", path)
            check((answer.status, answer.headers.get("location")) == (301, clean), f"{path}: {answer}")
        for path in ("/", "/proxies/", "/proxies//toxics/", "/proxies/a/b", "/proxies/a/toxics/b/c", "/proxies/%zz", "/metrics", "/version/"):
            answer = server.call("GET", path)
            check(answer.status in (301, 404), f"{path}: {answer}")


def ports_that_are_taken(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        for listen in (address, f"127.0.0.1:{port}", f"127.0.0.1:{server.port}"):
            answer = server.call("POST", "/proxies", {"name": "q", "listen": listen, "upstream": address})
            check(answer.status == 500 and answer.error == f"listen tcp {listen}: bind: address already in use", str(answer))
            check(server.call("GET", "/proxies/q").status == 404, "nothing is left of it")
        answer = server.call("POST", "/proxies/p", {"listen": address})
        check(answer.status == 500, str(answer))
        check(server.well("GET", "/proxies/p").json["enabled"] is False, "as in Toxiproxy it is down then")
        server.well("POST", "/proxies/p", {"listen": f"127.0.0.1:{port}", "enabled": True})
        round_trip(connect(port))


def hostile_bodies_do_no_harm(program: Path, folder: Path) -> None:
    bodies: list[bytes] = [
        b"[" * 1_000_000,
        b'{"a":' * 300_000,
        b'{"name":"' + b"x" * 3_000_000,
        b"\x00",
        b"\xff\xfe{\x00}\x00",
        b'{"name":"\xff\xfe","upstream":"\xc3"}',
        b'{"name":"\\ud800","upstream":"\\udfff\\u0000"}',
        b'{"name":"n","upstream":"u:1","listen":"\\u0000"}',
        b'{"name":"m","upstream":"u:1","listen":"' + b"9" * 10_000 + b'"}',
        b'{"type":"latency","attributes":{"latency":' + b"9" * 100_000 + b"}}",
        b'{"type":"latency","toxicity":1e999999}',
        b'{"type":"latency","toxicity":-1e-999999}',
        b'{"type":"' + b"a" * 100_000 + b'"}',
        b'{"type":"latency","attributes":[[[[]]]]}',
        b'{"name":"d","name":null,"name":"e","upstream":["u"]}',
        b"-",
        b'"',
        b"{}" * 100_000,
        b"[null,5,{}]",
    ]
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        server.proxy(address, "q")
        for body in bodies:
            for method, path in (("POST", "/proxies"), ("POST", "/populate"), ("PATCH", "/proxies/q"), ("POST", "/proxies/p/toxics")):
                status = server.call(method, path, body).status
                check(status in (200, 201, 400, 500), f"{path} {body[:60]!r}: {status}")
        check(server.call("POST", "/proxies", b" " * 5_000_000).status == 413, "a body that is too large")
        server.well("POST", "/reset")
        round_trip(connect(port))


def attributes_of_any_value(program: Path, folder: Path) -> None:
    dice = random.Random(4)
    numbers = [0, 1, -1, 2, 10, 1000, 1 << 31, 1 << 53, (1 << 63) - 1, -(1 << 63), 1 << 63, 0.5, 1e308, -0.0, True, None, "", "1", "sine", [], {}]

    def value() -> object:
        return dice.choice(numbers) if dice.random() < 0.7 else dice.randint(-100, 5_000)

    known = {**TOXIPROXY, **{kind: tuple(attributes) for kind, attributes in OTHERS.items()}}
    taken = 0
    with SeismServer(program, folder, "-seed", "1") as server, upstream() as address:
        port = server.proxy(address)
        for _ in range(400):
            kind = dice.choice([*known])
            body = {
                "type": kind,
                "stream": dice.choice(["upstream", "downstream"]),
                "toxicity": dice.choice([0.5, 1, 1, -3, 9]),
                "attributes": {name: value() for name in known[kind] if dice.random() < 0.8},
            }
            if dice.random() < 0.3:
                name = f"{kind}_{body['stream']}"
                status = server.call("PATCH", f"/proxies/p/toxics/{name}", body).status
            else:
                status = server.call("POST", "/proxies/p/toxics", body).status
            check(status in (200, 400, 404, 409, 500), f"{body}: {status}")
            taken += status == 200
            try:
                with connect(port, 0.03) as peer:
                    peer.sendall(b"x" * 3_000)
                    peer.settimeout(0.002)
                    peer.recv(1 << 16)
            except OSError:
                pass  # that is what the toxics are for
            if dice.random() < 0.2:
                server.well("POST", "/reset")
        check(taken > 100, f"{taken} were taken")
        server.well("POST", "/reset")
        round_trip(connect(port), b"x" * 100_000)


def wrong_attributes_are_refused_by_name(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        for kind, attributes, name in (
            ("bandwidth", {"rate": -1}, "rate"),
            ("packet_loss", {"loss_rate": 1.5}, "loss_rate"),
            ("hang", {"mode": "sideways"}, "mode"),
            ("delay", {"period": 0}, "period"),
        ):
            answer = server.call("POST", "/proxies/p/toxics", {"type": kind, "attributes": attributes})
            check(answer.status == 400 and answer.error.startswith(f"invalid attribute: {name}"), str(answer))
            toxic = server.toxic(kind)
            before = server.well("GET", f"/proxies/p/toxics/{toxic}").json
            answer = server.call("PATCH", f"/proxies/p/toxics/{toxic}", {"attributes": attributes, "toxicity": 0.5})
            check(answer.status == 400, str(answer))
            check(server.well("GET", f"/proxies/p/toxics/{toxic}").json == before, "a refused change changes nothing")
            server.remove(toxic)
        round_trip(connect(port))


def every_type_can_be_set_and_taken_away(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        for kind, attributes in {**{kind: {} for kind in TOXIPROXY}, **OTHERS}.items():
            for stream in ("upstream", "downstream"):
                name = server.toxic(kind, stream, **attributes)
                shown = server.well("GET", f"/proxies/p/toxics/{name}").json["attributes"]
                check(all(shown[each] == value for each, value in attributes.items()), f"{kind}: {shown}")
                server.remove(name)
        round_trip(connect(port), b"x" * 10_000)


def types_of_our_own_work(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream(sends(b"x" * 1000)) as address:
        port = server.proxy(address)
        name = server.toxic("truncate", bytes=10)
        check(receive(connect(port), 1000) == b"x" * 10, "truncate")
        server.remove(name)
        name = server.toxic("garbage", bytes=7)
        check(len(receive(connect(port), 1007)) == 1007, "garbage comes first")
        server.remove(name)
        name = server.toxic("blackout")
        check(receive(connect(port), 1) == b"", "blackout")
        server.remove(name)
        name = server.toxic("reject")
        try:
            check(receive(connect(port), 1) == b"", "reject")
            raise AssertionError("reject: FIN, not RST")
        except ConnectionResetError:
            server.remove(name)
        check(receive(connect(port), 1000) == b"x" * 1000, "all is well afterwards")


def populate_takes_toxics(program: Path, folder: Path) -> None:
    def body(**more: object) -> list[dict[str, object]]:
        return [{"name": "p", "listen": f"127.0.0.1:{port}", "upstream": address, **more}]

    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        peer = connect(port)
        server.toxic("latency")
        kept = server.well("POST", "/populate", body(enabled=False)).json["proxies"][0]
        check(kept["enabled"] is True and len(kept["toxics"]) == 1, f"one that is there is left alone: {kept}")
        for toxics in ([{"type": "slicer"}, {"type": "noop", "stream": "upstream"}], []):
            now = server.well("POST", "/populate", body(toxics=toxics)).json["proxies"][0]["toxics"]
            check([each["type"] for each in now] == [each["type"] for each in toxics[::-1]], str(now))
            round_trip(peer)
        answer = server.call("POST", "/populate", [{"name": "new", "upstream": "u:1"}, *body(toxics=[{"type": "nope"}])])
        check(answer.status == 400 and answer.json["proxies"] is None and answer.error == "invalid toxic type", str(answer))
        check(server.call("GET", "/proxies/new").status == 404, "nothing was made")


def a_file_has_proxies_to_begin_with(program: Path, folder: Path) -> None:
    with upstream() as address:
        config = folder / "proxies.json"
        config.write_text(json.dumps([{"name": "p", "listen": "localhost:0", "upstream": address, "toxics": [{"type": "latency"}]}]))
        with SeismServer(program, folder, "-config", str(config)) as server:
            proxy = server.well("GET", "/proxies/p").json
            check(len(proxy["toxics"]) == 1, str(proxy))
            round_trip(connect(int(proxy["listen"].rsplit(":", 1)[1])))
    for i, text in enumerate(("no json", '[{"name":"p"}]', None)):
        place = folder / str(i)
        place.mkdir()
        config = place / "bad.json"
        if text is not None:
            config.write_text(text)
        with SeismServer(program, place, f"--config={config}") as server:
            check(server.well("GET", "/proxies").json == {}, "it starts all the same")
            check(" error seism_config_bad " in tail(server.log, 9), tail(server.log, 9))


def metrics_count_while_bytes_move(program: Path, folder: Path) -> None:
    with SeismServer(program, folder, "-proxy-metrics") as server, upstream() as address:
        port = server.proxy(address, 'p"\\')
        peer = connect(port)
        round_trip(peer, b"x" * 1000)
        wait_until(lambda: server.bytes_moved() == 2000, "both ways are counted while the connection is open")
        text = server.well("GET", "/metrics").body.decode()
        line = rf'toxiproxy_proxy_received_bytes_total{{direction="upstream",listener="127.0.0.1:{port}",proxy="p\"\\",upstream="{address}"}} 1000'
        check(line in text.splitlines(), text)
        check("# HELP toxiproxy_proxy_sent_bytes_total \n" in text, text)
        check("process_" not in text, "process metrics were not asked for")


def it_ends_while_connections_are_open(program: Path, folder: Path) -> None:
    with upstream() as address:
        with SeismServer(program, folder) as server:
            peer = connect(server.proxy(address))
            round_trip(peer)
            idle = socket.create_connection(("127.0.0.1", server.port))
            server.toxic("timeout")
        try:
            check(peer.recv(1) == b"", "closed")
        except ConnectionResetError:
            pass
        idle.close()
        check(re.search(r"panic|abort|Sanitizer", tail(server.log, 50)) is None, tail(server.log, 50))


def toxicity_is_a_float32(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream(echo) as address:
        server.proxy(address)
        for given, shown in ((0.123456789, b"0.12345679"), (1.0, b"1"), (1e-9, b"1e-9"), (1 / 3, b"0.33333334"), (3e20, b"300000000000000000000")):
            body = {"type": "noop", "name": f"n{given}", "toxicity": given}
            came = server.well("POST", "/proxies/p/toxics", body).body
            check(came.endswith(b'"toxicity":' + shown + b"}") and math.isfinite(json.loads(came)["toxicity"]), f"{given}: {came!r}")


CASES = (
    names_may_have_any_letters,
    paths_are_made_clean,
    ports_that_are_taken,
    hostile_bodies_do_no_harm,
    attributes_of_any_value,
    wrong_attributes_are_refused_by_name,
    every_type_can_be_set_and_taken_away,
    types_of_our_own_work,
    populate_takes_toxics,
    a_file_has_proxies_to_begin_with,
    metrics_count_while_bytes_move,
    it_ends_while_connections_are_open,
    toxicity_is_a_float32,
)
