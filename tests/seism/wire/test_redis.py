"""Redis: what redis-cli and redis-benchmark make of each fault before redis-server."""

import re
import time
from pathlib import Path

from real_servers import Said, Server, redis, run_client
from seism_server import SeismServer, between, check

SERVER = redis


def cli(port: int, commands: str, *flags: str) -> Said:
    """What redis-cli prints for these commands, a line each, on one connection."""
    return run_client("redis-cli", "-h", "127.0.0.1", "-p", port, *flags, text=commands)


def lines(port: int, commands: str, *flags: str) -> list[str]:
    """The same by lines, without empty ones."""
    return [line for line in cli(port, commands, *flags).out.splitlines() if line]


def each_error_word(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for word, text in (
            ("LOADING", "Redis is loading the dataset in memory"),
            ("OOM", "command not allowed when used memory > 'maxmemory'."),
            ("READONLY", "You can't write against a read only replica."),
            ("MASTERDOWN", "Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
            ("BUSY", "Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."),
            ("CLUSTERDOWN", "The cluster is down"),
            ("MISCONF", "Redis is configured to save RDB snapshots"),
            ("TRYAGAIN", "Multiple keys request during rehashing of slot"),
            ("MOVED", "3999 127.0.0.1:6381"),
            ("NOAUTH", "Authentication required."),
            ("NOSCRIPT", "No matching script. Please use EVAL."),
        ):
            with seism.met("redis_error", state=word, match="^SET error:"):
                said = lines(port, f"set error:{word} 1\nexists error:{word}\nping\n")
            check(said[0].startswith(f"{word} {text}") and said[1:] == ["0", "PONG"], f"{word}: {said}")
        with seism.met("redis_error", state="READONLY", only_writes=True):
            said = lines(port, "get a\nset a 1\nincr a\nexists a\n")
            check([line.split()[0] for line in said] == ["READONLY", "READONLY", "0"], f"writes only: {said}")


def misses(program: Path, folder: Path, server: Server) -> None:
    """In both versions of the protocol; what is there stays there."""
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        cli(port, "set there 1\nhset hash f v\nrpush list a b\n")
        for flags in ((), ("-3",)):
            with seism.met("redis_error", kind="miss", match="there|hash|list"):
                said = cli(port, "get there\nhgetall hash\nlrange list 0 -1\nexists there\nping\n", "--no-raw", *flags).out.splitlines()
            empty = "(empty hash)" if flags else "(empty array)"
            check(said == ["(nil)", empty, "(empty array)", "(integer) 0", "PONG"], f"{flags}: {said}")
            check(lines(port, "get there\n", *flags) == ["1"], "it is there")


def a_transaction_that_met_an_error_is_discarded(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        with seism.met("redis_error", state="OOM", match="tx:b"):
            said = lines(port, "multi\nset tx:a 1\nset tx:b 1\nset tx:c 1\nexec\nexists tx:a tx:b tx:c\nmulti\nset tx:a 2\nexec\n")
        wanted = ["OK", "QUEUED", "OOM command not allowed when used memory > 'maxmemory'.", "QUEUED"]
        wanted += ["EXECABORT Transaction discarded because of previous errors.", "0", "OK", "QUEUED", "OK"]
        check(said == wanted, f"{said}")
        with seism.met("redis_error", kind="miss", match="^EXEC"):
            said = lines(port, "watch tx:a\nmulti\nset tx:a 3\nexec\nget tx:a\n")
        check(said == ["OK", "OK", "QUEUED", "2"], f"as if a watched key had changed: {said}")


def after_mode_has_stored_it(program: Path, folder: Path, server: Server) -> None:
    """The commit that the client cannot know of."""
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        with seism.met("redis_error", state="LOADING", mode="after", match="ambiguous"):
            check(lines(port, "incr ambiguous\n")[0].startswith("LOADING "), "it is told an error")
            check(lines(port, "multi\nincr ambiguous\nexec\n")[1].startswith("LOADING "), "inside MULTI, too")
        check(lines(port, "get ambiguous\n") == ["1"], "the first was done, the transaction was not")
        with seism.met("redis_error", kind="close", mode="after", match="ambiguous"):
            said = cli(port, "incr ambiguous\n")
            check("Server closed the connection" in said.all, said.all)
        check(lines(port, "get ambiguous\n") == ["2"], "done, without an answer")


def before_close_and_the_endings(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        with seism.met("redis_error", state="BUSY", mode="before_close", match="^GET"):
            said = cli(port, "ping\nget a\nping\n")
        check(said.out.startswith("PONG\nBUSY ") and "Server closed the connection" in said.errors, f"the error, then the end: {said.all}")
        for kind, words in (("close", "Server closed the connection"), ("reset", "Connection reset by peer")):
            with seism.met("redis_error", kind=kind, match="^GET"):
                said = cli(port, "get a\n")
            check(words in said.all, f"{kind}: {said.all}")
        with seism.met("redis_error", kind="garbage", match="^GET"):
            said = cli(port, "get a\n")
            check("Protocol error" in said.all, f"garbage: {said.all}")
        with seism.met("redis_error", kind="hang", match="^GET"):
            begin = time.monotonic()
            said = run_client("timeout", "0.5", "redis-cli", "-p", port, "get", "a")
            check(said.status == 124 and said.out == "", f"hang: {said.all}")
            between(time.monotonic() - begin, 0.5, "no answer")


def the_connection_is_met(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        with seism.met("redis_error", kind="max_clients", at="connect"):
            said = cli(port, "ping\n")
        check("max number of clients reached" in said.all, said.all)


def pipelines_stay_aligned(program: Path, folder: Path, server: Server) -> None:
    """What many commands ahead of their answers get: every tenth fails, each other has its own answer."""
    count = 4000
    with SeismServer(program, folder, "-seed", "3") as seism:
        port = seism.proxy(server.address)
        with seism.met("redis_error", state="TRYAGAIN", match="^ECHO n[0-9]*7$"):
            said = lines(port, "".join(f"echo n{n}\n" for n in range(200)))
            wanted = ["TRYAGAIN Multiple keys request during rehashing of slot" if n % 10 == 7 else f"n{n}" for n in range(200)]
            check(said == wanted, f"one by one: {said}")
        cli(port, "del piped\n")
        with seism.met("redis_error", state="OOM", match="^INCR", skip=100, max_bites=50):
            said = cli(port, "incr piped\n" * count, "--pipe")
        check(f"errors: 50, replies: {count}" in said.out, said.all)
        check(lines(port, "get piped\n") == [str(count - 50)], "50 were not done")
        seism.toxic("redis_error", state="OOM", match="never")
        done = run_client("redis-benchmark", "-p", port, "-n", 20_000, "-P", 50, "-c", 8, "-q", "-t", "set,get,incr,lpush,mset")
        tests = re.findall(r"^(\w+).*?: ([\d.]+) requests per second", done.out.replace("\r", "\n"), re.MULTILINE)
        check(done.status == 0 and {"SET", "GET", "INCR", "LPUSH", "MSET"} <= {name for name, _ in tests}, done.all[-800:])


CASES = (
    each_error_word,
    misses,
    a_transaction_that_met_an_error_is_discarded,
    after_mode_has_stored_it,
    before_close_and_the_endings,
    the_connection_is_met,
    pipelines_stay_aligned,
)
