"""HTTP: what curl makes of each fault before nginx."""

import time
from pathlib import Path

from real_servers import Said, Server, nginx, run_client
from seism_server import SeismServer, between, check, wait_until

SERVER = nginx


def curl(port: int, *words: object, path: str = "/ok", limit: float = 10) -> Said:
    """What it prints: the body, then on a line of its own status, and Retry-After."""
    tail = ("-w", "\n%{http_code} %header{retry-after}")
    return run_client("curl", "-sS", "--max-time", limit, *tail, *words, f"http://127.0.0.1:{port}{path}")


def seen(server: Server, path: str) -> int:
    """How many requests for this path nginx has answered."""
    return (server.folder / "access.log").read_text().count(f" {path} HTTP/")


def statuses_with_retry_after(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for code, retry_after in ((500, -1), (501, -1), (502, -1), (503, 1), (504, -1), (429, 7), (408, -1)):
            toxic = seism.toxic("http_error", code=code, retry_after=retry_after)
            path = f"/ok?{code}"
            said = curl(port, path=path)
            wanted = f"injected\n\n{code} {retry_after if retry_after >= 0 else ''}"
            check(said.status == 0 and said.out == wanted, f"{code}: {said.all}")
            check(seen(server, path) == 0, f"{code}: nginx has seen it")
            seism.remove(toxic)
        said = curl(port)
        check(said.status == 0 and said.out == '{"well": true}\n200 ', f"without a fault: {said.all}")


def broken_answers(program: Path, folder: Path, server: Server) -> None:
    """The rows of what is no answer, with curl's exit codes."""
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for kind, status, words in (
            ("truncate", 18, {}),
            ("broken_chunk", 18, {}),
            ("empty", 52, {}),
            ("reset", 56, {}),
            ("garbage", 1, {}),
            ("wrong_length", 18, {"bytes": 20}),
        ):
            toxic = seism.toxic("http_error", kind=kind, **words)
            said = curl(port)
            check(said.status == status, f"{kind}: not {status}: {said.all}")
            seism.remove(toxic)


def no_answer(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        seism.toxic("http_error", kind="hang")
        begin = time.monotonic()
        said = curl(port, limit=0.5)
        check(said.status == 28, said.all)
        between(time.monotonic() - begin, 0.5, "curl waits as long as it may")


def odd_answers(program: Path, folder: Path, server: Server) -> None:
    """What is an answer, but none that the client expects."""
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        toxic = seism.toxic("http_error", kind="empty_json")
        check(curl(port).out == "{}\n200 ", "empty JSON")
        seism.remove(toxic)
        with seism.met("http_error", kind="double_length"):
            check(curl(port, "-i").out.lower().count("content-length:") == 2, "two lengths, which curl does not mind")
        with seism.met("http_error", kind="wrong_length"):
            check(curl(port).out == "inje\n200 ", "half of the body")
        toxic = seism.toxic("http_error", kind="stale_date", mode="after")
        said = curl(port, "-i")
        check('{"well": true}' in said.out and "1970" in said.out, f"a stale date in the real answer: {said.all}")
        seism.remove(toxic)
        toxic = seism.toxic("http_error", kind="huge_head")
        said = curl(port, "-i")
        check(said.status == 0 and len(said.out) > 64 * 1024, f"a huge head: {said.status} {len(said.out)}")
        seism.remove(toxic)
        seism.toxic("http_error", kind="drip", interval=5)
        begin = time.monotonic()
        said = curl(port)
        check(said.status == 0 and said.out.endswith("\n200 "), f"dripped: {said.all}")
        between(time.monotonic() - begin, 0.2, "a head of more than 40 bytes, 5 ms each")


def after_mode_has_done_it(program: Path, folder: Path, server: Server) -> None:
    """The client is told that it failed, and nginx says that it was done; of a page, so much as was asked passes."""
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        toxic = seism.toxic("http_error", code=502, mode="after")
        said = curl(port, "-d", "x=1", path="/post?after")
        check(said.status == 0 and said.out.endswith("\n502 "), said.all)
        wait_until(lambda: seen(server, "/post?after") == 1, "nginx has done it")
        seism.remove(toxic)
        seism.toxic("http_error", kind="truncate", mode="after", bytes=4321)
        said = curl(port, path="/large")
        check(said.status == 18 and said.out.startswith("0123456789" * 432 + "0\n200"), f"{said.status} {len(said.out)}")


def large_uploads_are_answered(program: Path, folder: Path, server: Server) -> None:
    """The answer reaches a client that still sends, also one that asked whether it may."""
    body = folder / "body"
    body.write_bytes(b"x" * 5_000_000)
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        seism.toxic("http_error", code=503, retry_after=1)
        for expect in ("Expect:", "Expect: 100-continue"):
            said = curl(port, "--data-binary", f"@{body}", "-H", expect, path="/post")
            check(said.out == "injected\n\n503 1", f"{expect}: {said.all}")
        check(curl(port, "-I").out.endswith("\n503 1"), "HEAD")
        check("injected" not in curl(port, "-I").out, "HEAD has no body")


def requests_are_picked(program: Path, folder: Path, server: Server) -> None:
    """By path, method, header, number, and share; in a connection that is kept."""
    with SeismServer(program, folder, "-seed", "5") as seism:
        port = seism.proxy(server.address)
        url = f"http://127.0.0.1:{port}"

        for attributes, wanted in (
            ({"match": "^/ok\\?b"}, "200 503 200 "),
            ({"match": "^GET /ok\\?c"}, "200 200 503 "),
            ({"skip": 1}, "200 503 503 "),
            ({"max_bites": 1}, "503 200 200 "),
            ({"skip": 1, "max_bites": 1}, "200 503 200 "),
            ({"only_writes": True}, "200 200 200 "),
        ):
            toxic = seism.toxic("http_error", **attributes)
            # Three requests on one connection, in the order of the command line.
            args = [w for letter in "abc" for w in ("-o", "/dev/null", f"{url}/ok?{letter}")]
            said = run_client("curl", "-sS", "--max-time", "10", "-w", "%{http_code} ", *args).out
            check(said == wanted, f"{attributes}: {said}")
            seism.remove(toxic)
        toxic = seism.toxic("http_error", match_header="^X-Break: yes")
        check(curl(port, "-H", "X-Break: yes").out.endswith("503 "), "with the header")
        check(curl(port, "-H", "X-Break: no").out.endswith("200 "), "without")
        seism.remove(toxic)
        toxic = seism.toxic("http_error", only_writes=True)
        check(curl(port, "-d", "x", path="/post").out.endswith("503 "), "a POST writes")
        seism.remove(toxic)
        seism.toxic("http_error", toxicity=0.5)
        args = [w for i in range(40) for w in ("-o", "/dev/null", f"{url}/ok?{i}")]
        share = run_client("curl", "-sS", "--max-time", "10", "-w", "%{http_code} ", *args).out.split()
        check(len(share) == 40 and 8 <= share.count("503") <= 32, f"half of them: {share}")


def what_is_not_http_1_passes(program: Path, folder: Path, server: Server) -> None:
    with nginx(folder, http2=True) as other, SeismServer(program, folder) as seism:
        port = seism.proxy(other.address)
        seism.toxic("http_error", code=503)
        said = curl(port, "--http2-prior-knowledge")
        check(said.out == '{"well": true}\n200 ', f"HTTP/2 is not read: {said.all}")


def the_connection_is_met(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for kind, wanted in (("empty", (52,)), ("reset", (56, 7)), ("error", (0,))):  # 7: reset before curl saw it connected
            toxic = seism.toxic("http_error", kind=kind, at="connect")
            said = curl(port)
            check(said.status in wanted, f"{kind}: {said.all}")
            check(kind != "error" or said.out.endswith("503 "), said.all)
            seism.remove(toxic)


CASES = (
    statuses_with_retry_after,
    broken_answers,
    no_answer,
    odd_answers,
    after_mode_has_done_it,
    large_uploads_are_answered,
    requests_are_picked,
    what_is_not_http_1_passes,
    the_connection_is_met,
)
