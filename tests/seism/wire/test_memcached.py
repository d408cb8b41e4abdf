"""memcached: what its text protocol says, what libmemcached's tools make of the binary one, before memcached."""

import re
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from real_servers import Server, memcached, run_client
from seism_server import SeismServer, check, connect, ending, receive

SERVER = memcached

STATUSES = {"miss": 1, "too_large": 3, "not_stored": 5, "out_of_memory": 0x82, "error": 0x84, "busy": 0x85, "temporary": 0x86}
GET, SET, QUIT, GETQ, NOOP, SETQ = 0, 1, 7, 9, 10, 0x11


def ask(peer: socket.socket, text: str) -> str:
    """What comes for these lines and a `mn` behind them."""
    peer.sendall(text.encode() + b"mn\r\n")
    came = b""
    while not came.endswith(b"MN\r\n"):
        piece = peer.recv(4096)
        check(piece != b"", f"an end behind {came!r}")
        came += piece
    return came.decode(errors="replace").removesuffix("MN\r\n")


def binary(code: int, key: str = "", value: bytes = b"", opaque: int = 0) -> bytes:
    """A request of the binary protocol."""
    extras = bytes(8) if code in (SET, SETQ) else b""
    body = extras + key.encode() + value
    return struct.pack(">BBHBBHIIQ", 0x80, code, len(key), len(extras), 0, 0, len(body), opaque, 0) + body


def answer(peer: socket.socket) -> tuple[int, int, int, bytes]:
    """Opcode, status, opaque and body of the next answer."""
    head = receive(peer, 24)
    check(len(head) == 24 and head[0] == 0x81, f"{head!r}")
    _, code, _, _, _, status, size, opaque, _ = struct.unpack(">BBHBBHIIQ", head)
    return code, status, opaque, receive(peer, size)


def capabilities(port: int) -> list[str]:
    """What memcapable says of each command; where memcached itself fails its expectations it waits a second for what does not come."""
    done = run_client("memccapable", "-h", "127.0.0.1", "-p", port, "-t", 1)
    return re.findall(r"^((?:ascii|binary) .*?)\s*\[(\w+)\]", done.out + done.errors, re.MULTILINE)


def each_text(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        peer = connect(seism.proxy(server.address, speaks="memcached_error"))
        check(ask(peer, "set there 0 0 2\r\nhi\r\n") == "STORED\r\n", "a value")
        for kind, words, of_get, of_set in (
            ("error", {}, "SERVER_ERROR temporary failure", "SERVER_ERROR temporary failure"),
            ("error", {"state": "ERROR"}, "ERROR", "ERROR"),
            ("error", {"state": "CLIENT_ERROR", "message": "bad data chunk"}, "CLIENT_ERROR bad data chunk", "CLIENT_ERROR bad data chunk"),
            ("miss", {}, "END", "NOT_STORED"),
            ("not_stored", {}, "END", "NOT_STORED"),
            ("out_of_memory", {}, "SERVER_ERROR out of memory storing object", "SERVER_ERROR out of memory storing object"),
            ("too_large", {}, "SERVER_ERROR object too large for cache", "SERVER_ERROR object too large for cache"),
            ("busy", {}, "SERVER_ERROR busy", "SERVER_ERROR busy"),
            ("temporary", {}, "SERVER_ERROR temporary failure", "SERVER_ERROR temporary failure"),
        ):
            with seism.met("memcached_error", kind=kind, match="^(get|set) ", **words):
                said = ask(peer, "get there\r\nset there 0 0 6\r\nget x\n\r\nversion\r\n")
            check(said.startswith(f"{of_get}\r\n{of_set}\r\nVERSION ") and said.count("\r\n") == 3, f"{kind} {words}: {said!r}")
            check(ask(peer, "get there\r\n") == "VALUE there 0 2\r\nhi\r\nEND\r\n", f"{kind}: nothing was stored")
        with seism.met("memcached_error", kind="miss", match="there"):
            check(ask(peer, "mg there v\r\n") == "EN\r\n", "a meta command")
        with seism.met("memcached_error", kind="busy", match="there"):
            check(ask(peer, "set there 0 0 3 noreply\r\nabc\r\n") == "", "noreply gets nothing")
        check(ask(peer, "get there\r\n") == "VALUE there 0 2\r\nhi\r\nEND\r\n", "and is lost")


def after_mode_has_stored_it(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        peer = connect(seism.proxy(server.address, speaks="memcached_error"))
        with seism.met("memcached_error", kind="temporary", mode="after", only_writes=True):
            check(ask(peer, "set ambiguous 0 0 1\r\n7\r\n") == "SERVER_ERROR temporary failure\r\n", "it is told an error")
            check(ask(peer, "incr ambiguous 1\r\n") == "SERVER_ERROR temporary failure\r\n", "again")
            check(ask(peer, "get ambiguous\r\n") == "VALUE ambiguous 0 1\r\n8\r\nEND\r\n", "both were done")


def endings(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for kind, at, said, how in (
            ("too_many", "connect", b"ERROR Too many open connections\r\n", "end"),
            ("too_many", "request", b"ERROR Too many open connections\r\n", "end"),
            ("close", "request", b"", "end"),
            ("reset", "request", b"", "reset"),
        ):
            with seism.met("memcached_error", kind=kind, at=at):
                peer = connect(port)
                if at == "request":
                    peer.sendall(b"get a\r\n")
                check(receive(peer, len(said)) == said, f"{kind} at {at}")
                check(ending(peer) == how, f"{kind} at {at}: no {how}")


def binary_statuses(program: Path, folder: Path, server: Server) -> None:
    """Operation and opaque are those of the request; quiet ones get errors alone; all stays in its place."""
    with SeismServer(program, folder) as seism:
        peer = connect(seism.proxy(server.address, speaks="memcached_error"))
        for kind, status in STATUSES.items():
            with seism.met("memcached_error", kind=kind, match="met"):
                peer.sendall(binary(SET, "met", b"x", 1) + binary(SET, "free", b"y", 2) + binary(GET, "met", b"", 3) + binary(GET, "free", b"", 4))
                came = [answer(peer) for _ in range(4)]
                # A command that stores nothing misses, where one that stores is told that it did not.
                of_get = 1 if kind == "not_stored" else status
                of_set = 5 if kind == "miss" else status
                told = [(code, state, opaque) for code, state, opaque, _ in came]
                check(told[1] == (SET, 0, 2) and told[3] == (GET, 0, 4) and came[3][3].endswith(b"y"), f"{kind}: {came}")
                check(told[0] in ((SET, of_set, 1), (SET, status, 1)), f"{kind}: {told}")
                check(told[2] == (GET, of_get, 3), f"{kind}: {told}")
                peer.sendall(binary(GETQ, "met", b"", 5) + binary(SETQ, "met", b"", 6) + binary(NOOP, opaque=7))
                quiet = [answer(peer)[:3]]
                while quiet[-1][0] != NOOP:
                    quiet.append(answer(peer)[:3])
                check(quiet[-1] == (NOOP, 0, 7), f"{kind}: {quiet}")
                check((SETQ, status, 6) in quiet or (SETQ, of_set, 6) in quiet, f"{kind}: an error is told: {quiet}")
                check(kind not in ("miss", "not_stored") or all(code != GETQ for code, _, _ in quiet), f"{kind}: a miss is silence: {quiet}")


def libmemcached_sees_misses(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        address = f"--servers=127.0.0.1:{seism.proxy(server.address)}"
        value = folder / "value"
        value.write_text("kept")
        for flags in ((), ("--binary",)):
            check(run_client("memccp", address, *flags, value).status == 0, f"{flags}: stored")
            for kind in ("miss", "busy", "temporary"):
                with seism.met("memcached_error", kind=kind, match="value"):
                    said = run_client("memccat", address, *flags, "value")
                    check(said.status != 0 and "kept" not in said.out, f"{kind} {flags}: {said.all}")
            said = run_client("memccat", address, *flags, "value")
            check(said.status == 0 and said.out.strip() == "kept", f"{flags}: {said.all}")


def everything_else_passes(program: Path, folder: Path, server: Server) -> None:
    """memcapable tries every command of both protocols, with Seism as well as without."""
    with SeismServer(program, folder) as seism, memcached(folder) as other:
        port = seism.proxy(server.address, speaks="memcached_error")
        with ThreadPoolExecutor() as both:
            results = list(both.map(capabilities, (other.port, port)))
        check(len(results[0]) > 30, f"{results[0]}")
        check(results[0] == results[1], f"{set(results[0]) ^ set(results[1])}")


CASES = (
    each_text,
    after_mode_has_stored_it,
    endings,
    binary_statuses,
    libmemcached_sees_misses,
    everything_else_passes,
)
