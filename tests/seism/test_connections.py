"""Connections, ports and upstreams: what must hold whatever is done to a proxy while it works."""

import hashlib
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from processes import free_port
from seism_server import (
    SeismServer,
    check,
    connect,
    cpu_seconds,
    ending,
    many_descriptors,
    receive,
    refused,
    round_trip,
    sends,
    upstream,
    wait_until,
)

MANY = 2_000


@contextmanager
def hanging() -> Iterator[str]:
    """The address of a server that neither takes nor refuses connections: the queue before its accept is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        yield f"127.0.0.1:{address[1]}"
        for filler in fillers:
            filler.close()


def half_close_keeps_the_other_half(program: Path, folder: Path) -> None:
    def answers_at_the_end(peer: socket.socket) -> None:
        question = b""
        while data := peer.recv(1 << 16):
            question += data
        time.sleep(0.1)
        peer.sendall(question[::-1])

    with SeismServer(program, folder) as server, upstream(answers_at_the_end) as address:
        port = server.proxy(address)
        for toxic in (None, "latency", "slicer", "slow_close"):
            if toxic:
                server.toxic(toxic)
            peer = connect(port)
            peer.sendall(b"question")
            peer.shutdown(socket.SHUT_WR)
            check(receive(peer, 9) == b"noitseuq", f"with {toxic}: no answer")


def nothing_is_lost_while_toxics_come_and_go(program: Path, folder: Path) -> None:
    data = random.Random(1).randbytes(8_000_000)
    with SeismServer(program, folder) as server, upstream(sends(data)) as address:
        peer = connect(server.proxy(address))
        digest = hashlib.sha256()
        done = threading.Event()

        def read() -> None:
            left = len(data)
            while left and (piece := peer.recv(1 << 14)):
                digest.update(piece)
                left -= len(piece)
                time.sleep(0.0005)
            done.set()

        threading.Thread(target=read, daemon=True).start()
        changes = 0
        while not done.is_set() or changes < 10:
            kind, attributes = (
                ("latency", {"latency": 5}),
                ("bandwidth", {"rate": 5_000}),
                ("slicer", {"average_size": 3_000, "size_variation": 1_000}),
                ("slow_close", {"delay": 10}),
            )[changes % 4]
            server.remove(server.toxic(kind, **attributes))
            changes += 1
        check(digest.digest() == hashlib.sha256(data).digest(), f"the bytes differ after {changes} changes")


def connections_live_through_changes(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        peer = connect(port)
        for listen in (f"localhost:{port}", f"127.0.0.1:{port}"):
            answer = server.well("POST", "/proxies/p", {"listen": listen, "enabled": True})
            check(answer.json["listen"] == f"127.0.0.1:{port}", str(answer.json))
            round_trip(peer)
        name = server.toxic("latency", latency=1)
        round_trip(peer)
        server.well("POST", "/reset")
        round_trip(peer)
        check(server.call("GET", f"/proxies/p/toxics/{name}").status == 404, "reset removes toxics")
        everywhere = server.well("POST", "/proxies", {"name": "all", "listen": "0.0.0.0:0", "upstream": address}).json
        number = int(everywhere["listen"].rsplit(":", 1)[1])
        check(everywhere["listen"] == f"[::]:{number}", str(everywhere))
        other = connect(number)
        round_trip(other)
        server.well("POST", "/proxies/all", {"listen": f"0.0.0.0:{number}"})
        round_trip(other)


def another_upstream_ends_connections(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as one, upstream(sends(b"other")) as other:
        port = server.proxy(one)
        server.toxic("latency", latency=1)
        peer = connect(port)
        round_trip(peer)
        changed = server.well("POST", "/proxies/p", {"upstream": other}).json
        check(changed["listen"] == f"127.0.0.1:{port}" and len(changed["toxics"]) == 1, str(changed))
        check(ending(peer) == "end", "FIN")
        check(receive(connect(port), 5) == b"other", "the new one")
        moved = server.well("POST", "/proxies/p", {"listen": "localhost:0"}).json
        check(refused(port), "the old port")
        check(receive(connect(int(moved["listen"].rsplit(":", 1)[1])), 5) == b"other", "the new port")


def disabled_means_refused_and_the_port_stays(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        peer = connect(port)
        round_trip(peer)
        for _ in range(20):
            server.well("POST", "/proxies/p", {"enabled": False})
            check(refused(port), "disabled")
            server.well("POST", "/proxies/p", {"enabled": True})
            round_trip(connect(port))
        check(ending(peer) == "end", "connections end with FIN")


def refuse_refuses_but_keeps_connections(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        peer = connect(port)
        round_trip(peer)
        never = server.toxic("refuse", toxicity=0)
        check(not refused(port), "with toxicity 0")
        server.remove(never)
        name = server.toxic("refuse")
        check(refused(port), "refused")
        round_trip(peer)
        check(server.well("GET", "/proxies/p").json["enabled"] is True, "it is enabled")
        before = cpu_seconds(server.pid)
        time.sleep(1)
        check(cpu_seconds(server.pid) - before < 0.5, "it spins")
        server.remove(name)
        round_trip(connect(port))


def connect_timeout_hangs_and_recovers(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        name = server.toxic("connect_timeout")
        for _ in range(2):
            try:
                connect(port, 0.4).close()
            except TimeoutError:
                continue
            raise AssertionError("a connection was taken")
        waits = socket.socket()
        waits.setblocking(False)
        waits.connect_ex(("127.0.0.1", port))
        server.remove(name)
        round_trip(connect(port))
        waits.settimeout(20)
        round_trip(waits)  # its connect is answered when the kernel tries again


def an_upstream_that_refuses_ends_the_connection(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server:
        port = server.proxy(f"127.0.0.1:{free_port()}")
        for bad in ("x", "no-such-host.invalid:1", "127.0.0.1:99999", "[::1]", ":0"):
            check(ending(connect(port)) == "end", f"before {bad}: taken, then FIN")
            server.well("POST", "/proxies/p", {"upstream": bad})
        check(ending(connect(port)) == "end", "FIN")


def an_upstream_that_hangs_blocks_nothing(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, hanging() as address:
        times = []
        for _ in range(5):
            port = server.proxy(address)
            peer = connect(port)
            time.sleep(0.05)
            begin = time.monotonic()
            server.well("DELETE", "/proxies/p")
            times.append(time.monotonic() - begin)
            check(ending(peer) == "end", "FIN")
            check(refused(port), "the port is closed")
        check(min(times) < 0.05, f"DELETE took {min(times) * 1000:.0f} ms at best")


def a_toxic_is_removed_from_broken_connections(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream(lambda peer: peer.sendall(b"x" * 100_000)) as address:
        port = server.proxy(address)
        for kind, attributes in (("bandwidth", {"rate": 0}), ("latency", {"latency": 60_000}), ("slicer", {"average_size": 1, "delay": 1_000_000})):
            name = server.toxic(kind, **attributes)
            for _ in range(10):
                connect(port).close()
            begin = time.monotonic()
            server.remove(name)
            check(time.monotonic() - begin < 1, f"{kind}: {time.monotonic() - begin:.2f} s")
        check(len(receive(connect(port), 100_000)) == 100_000, "all is well afterwards")


def a_cut_a_thousand_times_under_traffic(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        stop = threading.Event()
        wrong: list[str] = []
        trips = [0] * 4

        def traffic(which: int) -> None:
            peer = connect(port)
            try:
                while not stop.is_set():
                    round_trip(peer, b"x" * 20_000)
                    trips[which] += 1
            except (OSError, AssertionError) as problem:
                wrong.append(repr(problem))

        threads = [threading.Thread(target=traffic, args=(which,)) for which in range(4)]
        for thread in threads:
            thread.start()
        slowest = 0.0
        for _ in range(1_000):
            name = server.toxic("bandwidth", rate=0)
            begin = time.monotonic()
            server.remove(name)
            slowest = max(slowest, time.monotonic() - begin)
        after = list(trips)
        wait_until(lambda: all(now > then for now, then in zip(trips, after, strict=True)) or bool(wrong), "traffic goes on")
        stop.set()
        for thread in threads:
            thread.join(20)
        check(not wrong, str(wrong))
        check(slowest < 2, f"a DELETE took {slowest:.2f} s")


def toxicity_0_never_bites(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        server.toxic("latency", toxicity=0, latency=30_000)
        for kind in ("reset_peer", "timeout", "limit_data", "reject", "blackout"):
            server.toxic(kind, "upstream", toxicity=0)
        server.toxic("bandwidth", toxicity=-1)
        for _ in range(100):
            with connect(port) as peer:
                round_trip(peer)


def bitten(program: Path, folder: Path, seed: int) -> list[bool]:
    """Which of many connections a toxic of toxicity 0.5 met."""
    folder.mkdir()
    with SeismServer(program, folder, f"--seed={seed}") as server, upstream() as address:
        port = server.proxy(address)
        server.toxic("limit_data", toxicity=0.5, bytes=1)
        met = []
        for _ in range(60):
            with connect(port) as peer:
                peer.sendall(b"two")
                met.append(len(receive(peer, 3)) == 1)
        return met


def the_same_seed_bites_the_same(program: Path, folder: Path) -> None:
    one, again, other = (bitten(program, folder / str(i), seed) for i, seed in enumerate((7, 7, 8)))
    check(one == again, "the same seed, other connections")
    check(one != other, "another seed, the same connections")
    check(10 <= sum(one) <= 50, f"{sum(one)} of 60 at toxicity 0.5")


def thousands_are_reset_at_once(program: Path, folder: Path) -> None:
    many_descriptors()
    with SeismServer(program, folder, "-runtime-metrics") as server, upstream() as address:
        port = server.proxy(address)
        peers = []
        for _ in range(MANY):
            peers.append(connect(port))
            peers[-1].sendall(b"x")
        for peer in peers:
            check(receive(peer, 1) == b"x", "an echo")
        server.toxic("reset_peer", "upstream")
        for peer in peers:
            peer.sendall(b"x")
        ends = [ending(peer) for peer in peers]
        check(ends.count("reset") == MANY, f"{ends.count('reset')} of {MANY} were reset")
        server.well("POST", "/reset")
        round_trip(connect(port))

        def descriptors() -> float:
            line = next(each for each in server.well("GET", "/metrics").body.decode().splitlines() if each.startswith("process_open_fds "))
            return float(line.split()[1])

        wait_until(lambda: descriptors() < 100, "descriptors are given back")
        for peer in peers:
            peer.close()


def a_port_can_be_used_again_at_once(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        for _ in range(50):
            round_trip(connect(port))
            server.well("DELETE", "/proxies/p")
            server.well("POST", "/proxies", {"name": "p", "listen": f"127.0.0.1:{port}", "upstream": address})
        round_trip(connect(port))


CASES = (
    half_close_keeps_the_other_half,
    nothing_is_lost_while_toxics_come_and_go,
    connections_live_through_changes,
    another_upstream_ends_connections,
    disabled_means_refused_and_the_port_stays,
    refuse_refuses_but_keeps_connections,
    connect_timeout_hangs_and_recovers,
    an_upstream_that_refuses_ends_the_connection,
    an_upstream_that_hangs_blocks_nothing,
    a_toxic_is_removed_from_broken_connections,
    a_cut_a_thousand_times_under_traffic,
    toxicity_0_never_bites,
    the_same_seed_bites_the_same,
    thousands_are_reset_at_once,
    a_port_can_be_used_again_at_once,
)
