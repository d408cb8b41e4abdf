"""PostgreSQL: what psql says of each fault before postgres."""

import time
from pathlib import Path

from real_servers import Server, postgres, run_client, run_psql
from seism_server import SeismServer, between, check

SERVER = postgres

# SQLSTATE and the text that the real server says.
ERRORS = (
    ("40001", "could not serialize access due to concurrent update"),
    ("40P01", "deadlock detected"),
    ("57014", "canceling statement due to statement timeout"),
    ("55P03", "canceling statement due to lock timeout"),
    ("25006", "cannot execute INSERT in a read-only transaction"),
    ("53100", "could not extend file"),
    ("53200", "out of memory"),
    ("26000", 'prepared statement "x" does not exist'),
    ("XX000", "internal error"),
)


def rows(server: Server, number: int) -> int:
    """How many rows `a = number` the table has, as the server itself says."""
    return int(run_psql(server.port, f"select count(*) from t where a = {number}").out)


def each_state(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for number, (state, text) in enumerate(ERRORS):
            with seism.met("postgres_error", state=state, match="^INSERT"):
                said = run_psql(port, f"insert into t values({number});\nselect 'alive';\n")
            check(f"ERROR:  {state}: {text}" in said.errors, f"{state}: {said.all}")
            check(said.out == "alive\n", f"{state}: the session goes on: {said.all}")
            check(rows(server, number) == 0, f"{state}: the server has not seen it")
        with seism.met("postgres_error", state="45000", message="a wording of ours", match="'met'"):
            said = run_psql(port, "select 'met';\nselect 'alive';\n")
        check("ERROR:  45000: a wording of ours" in said.errors and said.out == "alive\n", said.all)


def fatal_errors_end_the_connection(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for words, text in (
            ({"state": "57P01"}, "FATAL:  57P01: terminating connection due to administrator command"),
            ({"state": "40001", "mode": "before_close"}, "ERROR:  40001: could not serialize access"),
        ):
            with seism.met("postgres_error", match="'met'", **words):
                said = run_psql(port, "select 'met';\nselect 'gone';\n")
            check(text in said.errors and "server closed the connection unexpectedly" in said.errors, f"{words}: {said.all}")
            check("gone" not in said.out and said.status == 2, f"{words}: {said.all}")


def the_transaction_status_is_true(program: Path, folder: Path, server: Server) -> None:
    """psql's %x in its prompt, the server's own refusal of what follows, and what a commit has come to."""
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        with seism.met("postgres_error", state="40P01", match="values.11\\)"):
            said = run_psql(port, "begin;\ninsert into t values(10);\ninsert into t values(11);\nselect 'not done';\ncommit;\nselect 'alive';\n")
        check("ERROR:  40P01: deadlock detected" in said.errors, said.all)
        check("ERROR:  25P02: current transaction is aborted" in said.errors and said.out == "alive\n", f"the server agrees: {said.all}")
        check((rows(server, 10), rows(server, 11)) == (0, 0), "commit was a rollback")
        with seism.met("postgres_error", state="40001", match="values.13\\)"):
            said = run_psql(port, "begin;\ninsert into t values(12);\nsavepoint s;\ninsert into t values(13);\nrollback to s;\ncommit;\n")
        check(said.errors.count("ERROR") == 1, f"a savepoint saves it: {said.all}")
        check((rows(server, 12), rows(server, 13)) == (1, 0), "what was before the savepoint")
        with seism.met("postgres_error", state="40001", match="^commit"):
            said = run_psql(port, "begin;\ninsert into t values(14);\ncommit;\nselect 'open';\nrollback;\n")
        check("25P02" in said.errors and rows(server, 14) == 0, f"a commit that failed: {said.all}")


def after_mode_has_stored_it(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        with seism.met("postgres_error", state="57014", mode="after", match="^INSERT"):
            said = run_psql(port, "insert into t values(20);\nselect count(*) from t where a = 20;\n")
        check("ERROR:  57014" in said.errors and said.out == "1\n", f"told an error, and it is there: {said.all}")
        with seism.met("postgres_error", kind="close", mode="after", match="^COMMIT"):
            said = run_psql(port, "begin;\ninsert into t values(21);\ncommit;\n")
        check("server closed the connection unexpectedly" in said.errors and rows(server, 21) == 1, f"the commit was done: {said.all}")
        with seism.met("postgres_error", state="40001", mode="after", match="values.23\\)"):
            said = run_psql(port, "begin;\ninsert into t values(22);\ninsert into t values(23);\nselect 'not done';\ncommit;\n")
        check("25P02" in said.errors and (rows(server, 22), rows(server, 23)) == (0, 0), f"inside a transaction it fails, too: {said.all}")
        with seism.met("postgres_error", state="53200", mode="after", match="repeat"):
            said = run_psql(port, "select repeat('x', 1000) from generate_series(1, 2000);\nselect 'alive';\n")
        check("53200" in said.errors and said.out == "alive\n", f"a large answer is swallowed: {said.all[-300:]}")


def the_connection_is_met(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for state, text in (
            ("", "sorry, too many clients already"),
            ("53300", "sorry, too many clients already"),
            ("57P03", "the database system is starting up"),
            ("28P01", "password authentication failed for user"),
        ):
            for mode in ("disable", "prefer"):
                with seism.met("postgres_error", state=state, at="connect"):
                    said = run_psql(port, "select 1", mode=mode)
                check(said.status == 2 and f"FATAL:  {text}" in said.errors, f"{state} {mode}: {said.all}")
        with seism.met("postgres_error", at="connect", mode="after"):
            said = run_psql(port, "select 1")
        check("sorry, too many clients" in said.errors, f"in place of what the server says to the password: {said.all}")
        with seism.met("postgres_error", at="connect", mode="after"):
            said = run_psql(port, "select 1", password="wrong")
        check("password authentication failed" in said.errors, f"a real refusal stays: {said.all}")
        check(run_psql(port, "select 'well'").out == "well\n", "without a fault")


def lost_connections(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for kind, text in (
            ("close", "server closed the connection unexpectedly"),
            ("reset", "server closed the connection unexpectedly"),
            ("garbage", "unexpected response from server"),
        ):
            with seism.met("postgres_error", kind=kind, match="'met'"):
                said = run_psql(port, "select 'met';\n")
            lost = text in said.errors or "Connection reset by peer" in said.errors or "lost synchronization" in said.errors
            check(said.status == 2 and lost, f"{kind}: {said.all}")
        with seism.met("postgres_error", kind="close", bytes=3000, match="repeat"):
            said = run_psql(port, "select repeat('x', 100) from generate_series(1, 1000);\n")
        check("server closed the connection unexpectedly" in said.errors, f"amid the rows: {said.all[-300:]}")
        with seism.met("postgres_error", kind="hang", match="'met'"):
            begin = time.monotonic()
            address = f"host=127.0.0.1 port={port} user=tester password=secret dbname=postgres sslmode=disable"
            said = run_client("timeout", "0.6", "psql", address, "-X", "-c", "select 'met'")
        check(said.status == 124, f"hang: {said.all}")
        between(time.monotonic() - begin, 0.6, "no answer")


def the_extended_protocol(program: Path, folder: Path, server: Server) -> None:
    """pgbench prepares its statements and sends them in pipelines; it retries what may be retried, as an application would."""
    script, pipeline = folder / "script.sql", folder / "pipeline.sql"
    script.write_text("begin;\nupdate counted set n = n + 1;\nselect n from counted;\ncommit;\n")
    pipeline.write_text("\\startpipeline\nselect 1;\nselect 2;\nselect 3;\n\\endpipeline\n")
    environment = {"PGPASSWORD": "secret", "PGSSLMODE": "disable"}
    with SeismServer(program, folder, "-seed", "4") as seism:
        port = seism.proxy(server.address)
        check(run_psql(port, "create table counted(n int);\ninsert into counted values(0);\n").status == 0, "a table")
        connection = ("-n", "-h", "127.0.0.1", "-p", port, "-U", "tester")
        for mode in ("extended", "prepared"):
            with seism.met("postgres_error", state="40001", match="^UPDATE", toxicity=0.2):
                words = ("-c", 1, "-t", 100, "-M", mode, "--max-tries=50", "-f", script, "postgres")
                said = run_client("pgbench", *connection, *words, environment=environment)
            check(said.status == 0 and "actually processed: 100/100" in said.out, f"{mode}: {said.all}")
            retried = [line for line in said.out.splitlines() if line.startswith("number of transactions retried")]
            check(len(retried) == 1 and not retried[0].startswith("number of transactions retried: 0 "), f"{mode}: {said.all}")
        check(run_psql(port, "select n from counted").out == "200\n", "each was counted once")
        with seism.met("postgres_error", state="40001", match="^select 3", max_bites=1):
            said = run_client("pgbench", *connection, "-c", 1, "-t", 2, "-M", "extended", "-f", pipeline, "postgres", environment=environment)
        check("actually processed: 1/2" in said.out and "failed transactions: 1 " in said.out, f"a pipeline: {said.all}")
        said = run_client("pgbench", *connection, "-c", 1, "-t", 20, "-M", "prepared", "-f", pipeline, "postgres", environment=environment)
        check(said.status == 0 and "actually processed: 20/20" in said.out, f"without a fault: {said.all}")


def everything_else_passes(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address, speaks="postgres_error")
        said = run_psql(port, "create table copied(a int);\ncopy copied from stdin;\n1\n2\n\\.\ncopy copied to stdout;\nselect 'a' \\; select 'b';\n")
        check(said.out == "1\n2\na\nb\n", said.all)
        said = run_psql(port, "listen l;\nnotify l;\nselect length(repeat('x', 20000000));\nselect repeat('y', 5000000);\n")
        check("Asynchronous notification" in said.out and said.out.count("y") > 5_000_000, said.all[-300:])


CASES = (
    each_state,
    fatal_errors_end_the_connection,
    the_transaction_status_is_true,
    after_mode_has_stored_it,
    the_connection_is_met,
    lost_connections,
    the_extended_protocol,
    everything_else_passes,
)
