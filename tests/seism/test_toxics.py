"""What each of Toxiproxy's toxics does to the bytes of a connection, new or already there."""

import socket
import time
from pathlib import Path

from seism_server import (
    SeismServer,
    between,
    check,
    connect,
    ending,
    is_quiet,
    receive,
    round_trip,
    sends,
    upstream,
)


def latency_delays_the_direction_it_is_for(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        peer = connect(server.proxy(address))
        for stream in ("upstream", "downstream"):
            name = server.toxic("latency", stream, latency=150)
            between(round_trip(peer), 0.15, stream)
            server.remove(name)
        server.toxic("latency", "upstream", latency=150)
        server.toxic("latency", "downstream", latency=100)
        between(round_trip(peer), 0.25, "both ways")


def jitter_goes_both_ways(program: Path, folder: Path) -> None:
    with SeismServer(program, folder, "-seed", "1") as server, upstream() as address:
        peer = connect(server.proxy(address))
        server.toxic("latency", latency=60, jitter=50)
        took = [round_trip(peer) for _ in range(30)]
        check(min(took) >= 0.009 and min(took) < 0.06, f"the quickest: {min(took)}")
        check(max(took) > 0.06, f"the slowest: {max(took)}")


def chunks_wait_side_by_side(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        peer = connect(server.proxy(address))
        server.toxic("latency", latency=400)
        begin = time.monotonic()
        for byte in b"abcde":
            peer.sendall(bytes([byte]))
            time.sleep(0.02)
        check(receive(peer, 5) == b"abcde", "in their order")
        between(time.monotonic() - begin, 0.48, "five chunks, 20 ms apart", 1.2)


def latencies_add_up(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        peer = connect(server.proxy(address))
        server.toxic("latency", latency=200)
        server.well("POST", "/proxies/p/toxics", {"type": "latency", "name": "second", "attributes": {"latency": 300}})
        between(round_trip(peer), 0.5, "200 ms and 300 ms")


def a_change_holds_for_connections_that_are_there(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        peer = connect(server.proxy(address))
        round_trip(peer)
        name = server.toxic("latency", latency=30_000)
        peer.sendall(b"x")
        time.sleep(0.1)
        begin = time.monotonic()
        server.well("PATCH", f"/proxies/p/toxics/{name}", {"attributes": {"latency": 100}})
        check(receive(peer, 1) == b"x", "what waited is let go")
        check(time.monotonic() - begin < 10, "at once")
        between(round_trip(peer), 0.1, "changed")
        server.remove(name)
        check(min(round_trip(peer) for _ in range(5)) < 0.1, "removed")


def bandwidth_lets_so_much_a_second_pass(program: Path, folder: Path) -> None:
    data = bytes(range(250)) * 400
    with SeismServer(program, folder) as server, upstream(sends(data)) as address:
        port = server.proxy(address)
        server.toxic("bandwidth", rate=100)
        begin = time.monotonic()
        peer = connect(port)
        first = receive(peer, 10_000)
        between(time.monotonic() - begin, 0.09, "the first tenth")
        check(first + receive(peer, 90_000) == data, "all of it, unchanged")
        between(time.monotonic() - begin, 0.99, "100 kB at 100 kB/s")


def latency_and_bandwidth_together(program: Path, folder: Path) -> None:
    data = b"x" * 50_000
    with SeismServer(program, folder) as server, upstream(sends(data)) as address:
        port = server.proxy(address)
        server.toxic("latency", latency=200)
        server.toxic("bandwidth", rate=100)
        begin = time.monotonic()
        check(receive(connect(port), len(data)) == data, "all of it")
        between(time.monotonic() - begin, 0.65, "200 ms, then 50 kB at 100 kB/s")


def no_bandwidth_holds_everything(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        peer = connect(server.proxy(address))
        round_trip(peer)
        name = server.toxic("bandwidth", rate=0)
        peer.sendall(b"held")
        check(is_quiet(peer, 0.3), "nothing passes")
        server.remove(name)
        check(receive(peer, 4) == b"held", "it was only held")


def slow_close_delays_the_end_alone(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream(lambda peer: peer.sendall(b"bye")) as address:
        port = server.proxy(address)
        server.toxic("slow_close", delay=400)
        peer = connect(port)
        begin = time.monotonic()
        check(receive(peer, 3) == b"bye", "the data")
        data_came = time.monotonic() - begin
        check(ending(peer) == "end", "a clean end")
        end_came = time.monotonic() - begin
        between(end_came, 0.4, "the end")
        check(data_came < end_came - 0.2, f"data after {data_came:.3f} s, the end after {end_came:.3f} s")


def timeout_swallows_and_closes(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        name = server.toxic("timeout", timeout=300)
        peer = connect(port)
        begin = time.monotonic()
        peer.sendall(b"swallowed")
        check(receive(peer, 1) == b"", "closed without a byte")
        between(time.monotonic() - begin, 0.3, "from the last chunk")
        server.remove(name)
        round_trip(connect(port))


def timeout_0_holds_until_it_is_removed(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        old = connect(server.proxy(address))
        round_trip(old)
        name = server.toxic("timeout", "upstream", timeout=0)
        old.sendall(b"swallowed")
        check(is_quiet(old, 0.3), "neither data nor an end")
        begin = time.monotonic()
        server.remove(name)
        check(receive(old, 1) == b"", "closed")
        check(time.monotonic() - begin < 10, "at once")


def reset_resets_both_sides(program: Path, folder: Path) -> None:
    ends: list[str] = []

    def watch(peer: socket.socket) -> None:
        peer.sendall(b"hello")  # what a reset downstream waits for
        ends.append(ending(peer))

    with SeismServer(program, folder) as server, upstream(watch) as address:
        port = server.proxy(address)
        for stream in ("upstream", "downstream"):
            for timeout in (0, 100):
                name = server.toxic("reset_peer", stream, timeout=timeout)
                begin = time.monotonic()
                peer = connect(port)
                if stream == "upstream":
                    check(receive(peer, 5) == b"hello", "the server is there")
                    peer.sendall(b"x")
                check(ending(peer) == "reset", f"{stream} {timeout}: no ECONNRESET")
                between(time.monotonic() - begin, timeout / 1000, f"reset after {timeout} ms")
                server.remove(name)
        deadline = time.monotonic() + 10
        while len(ends) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        check(ends == ["reset"] * 4, f"the server saw {ends}")


def reset_works_on_connections_that_are_there(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        peer = connect(server.proxy(address))
        round_trip(peer)
        server.toxic("reset_peer")
        peer.sendall(b"x")
        check(ending(peer) == "reset", "no ECONNRESET")


def reset_waits_for_bytes(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        server.toxic("reset_peer", timeout=0)
        peer = connect(port)
        check(is_quiet(peer, 0.3), "nothing came, nothing is reset")
        peer.sendall(b"x")
        check(ending(peer) == "reset", "no ECONNRESET")


def slicer_cuts_into_pieces(program: Path, folder: Path) -> None:
    data = bytes(range(200)) * 20
    with SeismServer(program, folder) as server, upstream() as address:
        peer = connect(server.proxy(address))
        server.toxic("slicer", average_size=200, size_variation=0, delay=5_000)
        begin = time.monotonic()
        peer.sendall(data)
        came, reads = b"", 0
        while len(came) < len(data):
            piece = peer.recv(1 << 16)
            check(piece != b"", "an end")
            came, reads = came + piece, reads + 1
        check(came == data, "the bytes are the same")
        check(5 <= reads <= 64, f"{reads} reads of some 20 pieces")
        between(time.monotonic() - begin, 0.05, "pieces of at most 400 bytes, 5 ms after each")


def slicer_takes_any_sizes(program: Path, folder: Path) -> None:
    data = b"abc" * 10_000
    with SeismServer(program, folder) as server, upstream() as address:
        peer = connect(server.proxy(address))
        for attributes in (
            {},
            {"average_size": 1},
            {"average_size": 100, "size_variation": 5_000},
            {"average_size": 1 << 50, "size_variation": 1 << 53},
            {"size_variation": 10},
        ):
            name = server.toxic("slicer", **attributes)
            round_trip(peer, data)
            server.remove(name)


def limit_data_passes_exactly_so_many_bytes(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        port = server.proxy(address)
        name = server.toxic("limit_data", bytes=100)
        exact, more, less, pieces = (connect(port) for _ in range(4))
        exact.sendall(b"x" * 100)
        check(receive(exact, 101) == b"x" * 100, "100 bytes and the end, though no more came")
        more.sendall(b"y" * 150)
        check(receive(more, 151) == b"y" * 100, "100 of 150 bytes and the end")
        less.sendall(b"z" * 99)
        check(receive(less, 99) == b"z" * 99 and is_quiet(less, 0.2), "99 bytes and no end")
        less.sendall(b"z")
        check(receive(less, 2) == b"z", "the 100th and the end")
        for _ in range(9):
            round_trip(pieces, b"0123456789")
        pieces.sendall(b"0123456789012")
        check(receive(pieces, 13) == b"0123456789", "the tenth piece and the end")
        server.remove(name)
        server.toxic("limit_data", "upstream", bytes=0)
        nothing = connect(port)
        nothing.sendall(b"x")
        check(receive(nothing, 1) == b"", "not a byte")


def noop_does_nothing(program: Path, folder: Path) -> None:
    with SeismServer(program, folder) as server, upstream() as address:
        peer = connect(server.proxy(address))
        server.toxic("noop")
        round_trip(peer, b"x" * 200_000)


CASES = (
    latency_delays_the_direction_it_is_for,
    jitter_goes_both_ways,
    chunks_wait_side_by_side,
    latencies_add_up,
    a_change_holds_for_connections_that_are_there,
    bandwidth_lets_so_much_a_second_pass,
    latency_and_bandwidth_together,
    no_bandwidth_holds_everything,
    slow_close_delays_the_end_alone,
    timeout_swallows_and_closes,
    timeout_0_holds_until_it_is_removed,
    reset_resets_both_sides,
    reset_works_on_connections_that_are_there,
    reset_waits_for_bytes,
    slicer_cuts_into_pieces,
    slicer_takes_any_sizes,
    limit_data_passes_exactly_so_many_bytes,
    noop_does_nothing,
)
