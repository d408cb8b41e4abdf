"""MariaDB: what its client says of each fault before mariadbd."""

import time
from pathlib import Path

from real_servers import Said, Server, mariadb, run_client, run_mariadb
from seism_server import SeismServer, between, check

SERVER = mariadb

# Code, SQLSTATE as the client prints it, the text that the real server says.
ERRORS = (
    (1021, "HY000", "Disk full"),
    (1040, "08004", "Too many connections"),
    (1045, "28000", "Access denied for user"),
    (1047, "08S01", "WSREP has not yet prepared node for application use"),
    (1114, "HY000", "The table 'x' is full"),
    (1203, "42000", "User x already has more than 'max_user_connections' active connections"),
    (1205, "HY000", "Lock wait timeout exceeded; try restarting transaction"),
    (1213, "40001", "Deadlock found when trying to get lock; try restarting transaction"),
    (1290, "HY000", "The MySQL server is running with the --read-only option so it cannot execute this statement"),
    (1317, "70100", "Query execution was interrupted"),
    (3024, "HY000", "Query execution was interrupted, maximum statement execution time exceeded"),
)


def sql(port: int, statements: str, *flags: str) -> Said:
    """The client without TLS; goes on behind an error."""
    return run_mariadb(port, statements, "--skip-ssl", "--force", "--skip-reconnect", *flags)


def rows(server: Server, number: int) -> int:
    """How many rows `a = number` the table has, as the server itself says."""
    return int(sql(server.port, f"select count(*) from t where a = {number}").out)


def each_code(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for code, state, text in ERRORS:
            with seism.met("mysql_error", code=code, match="^INSERT"):
                said = sql(port, f"insert into t values({code}, 1);\nselect 'alive';\n")
            check(f"ERROR {code} ({state}) at line 1: {text}" in said.errors, f"{code}: {said.all}")
            check(said.out == "alive\n", f"{code}: the session goes on: {said.all}")
            check(rows(server, code) == 0, f"{code}: the server has not seen it")
        with seism.met("mysql_error", code=1053, match="^select 'met"):
            said = sql(port, "select 'met';\nselect 'gone';\n")
        check("ERROR 1053 (08S01) at line 1: Server shutdown in progress" in said.errors, said.all)
        check("gone" not in said.out and "(HY000) at line 2" in said.errors, f"1053 ends the connection: {said.all}")
        with seism.met("mysql_error", code=1205, mode="before_close", match="^select 'met"):
            said = sql(port, "select 'met';\nselect 'gone';\n")
        check("ERROR 1205 (HY000) at line 1" in said.errors and "gone" not in said.out, f"before_close: {said.all}")
        with seism.met("mysql_error", code=4711, state="45000", message="a wording of ours", match="^select 'met"):
            said = sql(port, "select 'met';\nselect 'alive';\n")
        check("ERROR 4711 (45000) at line 1: a wording of ours" in said.errors and said.out == "alive\n", said.all)


def lost_connections(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for kind in ("close", "reset"):
            with seism.met("mysql_error", kind=kind, match="^SELECT"):
                said = sql(port, "select 1;\n")
            check("ERROR 2013 (HY000)" in said.errors, f"{kind}: {said.all}")
        with seism.met("mysql_error", kind="garbage", match="^SELECT"):
            said = sql(port, "select 1;\n")
        check("ERROR 2013 (HY000)" in said.errors and said.out == "", f"garbage: {said.all}")
        with seism.met("mysql_error", kind="close", bytes=5000, match="^SELECT"):
            said = sql(port, "select seq, repeat('x', 100) from seq_1_to_1000;\n")
        check("ERROR 2013 (HY000)" in said.errors, f"amid the rows: {said.all[-300:]}")
        with seism.met("mysql_error", kind="hang", match="^SELECT"):
            begin = time.monotonic()
            said = run_client("timeout", "0.6", "mariadb", "--no-defaults", "--skip-ssl", "-h127.0.0.1", f"-P{port}", "-e", "select 1")
        check(said.status == 124, f"hang: {said.all}")
        between(time.monotonic() - begin, 0.6, "no answer")


def a_deadlock_takes_the_transaction(program: Path, folder: Path, server: Server) -> None:
    """The real server has rolled back, too; with 1205 it has not, as in truth."""
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        transaction = "start transaction;\ninsert into t values({0}, 1);\ninsert into t values({1}, 1);\nselect @@in_transaction;\ncommit;\n"
        with seism.met("mysql_error", code=1213, match="values.11,"):
            said = sql(port, transaction.format(10, 11))
        check("ERROR 1213 (40001) at line 3" in said.errors and said.out == "0\n", said.all)
        check((rows(server, 10), rows(server, 11)) == (0, 0), "the whole transaction is gone")
        with seism.met("mysql_error", code=1205, match="values.13,"):
            said = sql(port, transaction.format(12, 13))
        check("ERROR 1205 (HY000) at line 3" in said.errors and said.out == "1\n", said.all)
        check((rows(server, 12), rows(server, 13)) == (1, 0), "the statement alone is not done")


def after_mode_has_stored_it(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        with seism.met("mysql_error", code=1205, mode="after", match="^INSERT"):
            said = sql(port, "insert into t values(20, 1);\nselect count(*) from t where a = 20;\n")
        check("ERROR 1205" in said.errors and said.out == "1\n", f"told an error, and it is there: {said.all}")
        with seism.met("mysql_error", kind="close", mode="after", match="^COMMIT"):
            said = sql(port, "start transaction;\ninsert into t values(21, 1);\ncommit;\n")
        check("ERROR 2013 (HY000) at line 3" in said.errors, said.all)
        check(rows(server, 21) == 1, "the commit was done")
        with seism.met("mysql_error", code=1317, mode="after", match="^select seq"):
            said = sql(port, "select seq, repeat('x', 1000) from seq_1_to_1000;\nselect 'alive';\n")
        check("ERROR 1317 (70100)" in said.errors and said.out == "alive\n", f"a large answer is swallowed: {said.all[-300:]}")


def the_connection_is_met(program: Path, folder: Path, server: Server) -> None:
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        for code, state, text in (
            (1040, ("HY000", "08004"), "Too many connections"),
            (1203, ("HY000", "42000"), "User x already has more than 'max_user_connections'"),
            (1045, ("28000",), "Access denied for user"),
        ):
            with seism.met("mysql_error", code=code, at="connect"):
                said = sql(port, "select 1;\n")
            check(any(f"ERROR {code} ({word}): {text}" in said.errors for word in state), f"{code}: {said.all}")
        with seism.met("mysql_error", code=1040, at="connect"):
            said = run_mariadb(port, "select 1;\n", "--ssl-verify-server-cert")
        check("ERROR 2002 (HY000)" in said.errors, f"a client that insists on TLS wraps it: {said.all}")
        with seism.met("mysql_error", kind="close", at="connect"):
            said = sql(port, "select 1;\n")
        check("ERROR 2013 (HY000): Lost connection" in said.errors, said.all)


def prepared_statements(program: Path, folder: Path, server: Server) -> None:
    """PREPARE in SQL; that of the protocol has no client here."""
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        with seism.met("mysql_error", code=1213, match="^EXECUTE"):
            said = sql(port, "prepare p from 'select 42';\nexecute p;\nselect 'alive';\n")
        check("ERROR 1213 (40001) at line 2" in said.errors and said.out == "alive\n", said.all)
        said = sql(port, "prepare p from 'select 42';\nexecute p;\n")
        check(said.out == "42\n", said.all)


def everything_else_passes(program: Path, folder: Path, server: Server) -> None:
    """Statements with several results, rows of more than a packet, local files; the default client offers compression, too."""
    data = folder / "rows.csv"
    data.write_text("".join(f"{n},{n}\n" for n in range(1000, 3000)))
    with SeismServer(program, folder) as seism:
        port = seism.proxy(server.address, speaks="mysql_error")
        said = sql(port, "select length(repeat('x', 1));\nselect repeat('y', 15 * 1024 * 1024);\nselect 'alive';\n", "--max-allowed-packet=64M")
        check(said.out.endswith("\nalive\n") and said.out.count("y") == 15 * 1024 * 1024, f"{len(said.out)} {said.errors}")
        said = sql(port, f"load data local infile '{data}' into table t fields terminated by ',';\nselect count(*) from t where a >= 1000;\n", "--local-infile=1")
        check(said.out == "2000\n", said.all)
        said = sql(port, "delimiter //\nbegin not atomic select 1; select 2; end//\nselect 'alive'//\n")
        check(said.out == "1\n2\nalive\n", said.all)
        said = sql(port, "select 'packed';\n", "--compress")
        check(said.out == "packed\n", f"compressed is opaque: {said.all}")


CASES = (
    each_code,
    lost_connections,
    a_deadlock_takes_the_transaction,
    after_mode_has_stored_it,
    the_connection_is_met,
    prepared_statements,
    everything_else_passes,
)
