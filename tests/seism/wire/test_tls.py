"""TLS that ends in the middle: clients that verify Seism's certificate, servers whose certificate Seism verifies, and requests between that are met."""

import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from directory import PEOPLE, ROOT, Directory, person
from real_servers import Certificates, Said, make_certificates, mariadb, nginx, postgres, run_client, run_mariadb, run_psql, share
from seism_server import SeismServer, check, connect, receive


@dataclass(frozen=True)
class Ended:
    """A proxy whose TLS ends in the middle."""

    port: int
    authority: Path  # that clients are to trust
    made: Certificates


@contextmanager
def certificates(folder: Path) -> Iterator[Certificates]:
    """One set for all cases; openssl takes its time."""
    made = make_certificates(folder / "certificates")
    folder.chmod(0o755)
    share(made)
    yield made


SERVER = certificates


def end_tls(seism: SeismServer, folder: Path, made: Certificates, address: str, protocol: str, **setting: str) -> Ended:
    """A proxy before `address`, which must show the test's certificate for localhost."""
    port = seism.proxy(address)
    body = {"protocol": protocol, "tls": "terminate", "server_name": "localhost", "ca_file": str(made.authority), **setting}
    seism.well("PUT", "/seism/v1/proxies/p", body)
    authority = folder / "seism.pem"
    authority.write_bytes(seism.well("GET", "/seism/v1/ca.pem").body)
    return Ended(port, authority, made)


def https(program: Path, folder: Path, made: Certificates) -> None:
    with nginx(folder, made) as server, SeismServer(program, folder) as seism:
        proxy = end_tls(seism, folder, made, server.address, "http")

        def curl(authority: Path, *words: str) -> Said:
            url = f"https://localhost:{proxy.port}/ok"
            return run_client("curl", "-sS", "--max-time", "10", "-w", "\n%{http_code}", "--cacert", authority, *words, url)

        said = curl(proxy.authority)
        check(said.out == '{"well": true}\n200', f"passes: {said.all}")
        check(curl(made.authority).status == 60, "the certificate is not the server's")
        with seism.met("http_error", code=503, match="^/ok"):
            said = curl(proxy.authority, "-d", "x=1")
            check(said.out == "injected\n\n503", f"met: {said.all}")
        for kind, status in (("truncate", 18), ("empty", 52), ("reset", 56)):
            with seism.met("http_error", kind=kind):
                said = curl(proxy.authority)
            check(said.status == status, f"{kind}: not {status}: {said.all}")
        check(curl(proxy.authority).status == 0, "without a fault again")


def a_server_that_nobody_vouches_for(program: Path, folder: Path, made: Certificates) -> None:
    """Nothing is said to it, and the event tells why."""
    with nginx(folder, made) as server, SeismServer(program, folder) as seism:
        for setting in ({"server_name": "other.example"}, {"ca_file": ""}):
            proxy = end_tls(seism, folder, made, server.address, "http", **setting)
            said = run_client("curl", "-sS", "--max-time", "10", "--cacert", proxy.authority, f"https://127.0.0.1:{proxy.port}/ok", "-k")
            check(said.status != 0 and said.out == "", f"{setting}: {said.all}")
            seism.well("DELETE", "/proxies/p")
        events = seism.well("GET", "/seism/v1/events?since=0").body.decode()
        check("certificate" in events, events)
        check("/ok" not in (server.folder / "access.log").read_text(), "it was asked")


def psql_verifies(program: Path, folder: Path, made: Certificates) -> None:
    with postgres(folder, made) as server, SeismServer(program, folder) as seism:
        proxy = end_tls(seism, folder, made, server.address, "postgres")
        # What binds SCRAM to the channel is there to notice somebody in the middle.
        words = {"mode": "verify-full", "host": "localhost", "hostaddr": "127.0.0.1", "channel_binding": "disable"}

        def ask(statements: str, authority: Path = proxy.authority, **more: object) -> Said:
            return run_psql(proxy.port, statements, **{**words, "sslrootcert": authority, **more})

        shown = "select ssl from pg_stat_ssl where pid = pg_backend_pid();\n"
        said = ask(shown)
        check(said.out == "t\n", f"TLS on both sides: {said.all}")
        check("certificate verify failed" in ask(shown, authority=made.authority).errors, "the certificate is not the server's")
        with seism.met("postgres_error", state="40P01", match="^INSERT"):
            said = ask("begin;\ninsert into t values(1);\nselect 1;\n" + "rollback;\n" + shown)
        check("ERROR:  40P01: deadlock detected" in said.errors and "25P02" in said.errors and said.out == "t\n", f"met: {said.all}")
        with seism.met("postgres_error", at="connect"):
            said = ask(shown)
        check("sorry, too many clients already" in said.errors, f"the connection is met: {said.all}")
        check("channel binding check failed" in ask(shown, channel_binding="prefer").errors, "a client that binds")
        said = ask(shown, mode="disable")
        check(said.out == "f\n", f"a client may do without: {said.all}")


def mariadb_verifies(program: Path, folder: Path, made: Certificates) -> None:
    with mariadb(folder, made) as server, SeismServer(program, folder) as seism:
        proxy = end_tls(seism, folder, made, server.address, "mysql")

        def ask(statements: str, authority: Path = proxy.authority) -> Said:
            flags = ("-h", "localhost", f"--ssl-ca={authority}", "--ssl-verify-server-cert", "--force", "--skip-reconnect")
            return run_mariadb(proxy.port, statements, *flags)

        shown = "show status like 'Ssl_version';\n"
        said = ask(shown)
        check(said.out.startswith("Ssl_version\tTLSv1."), f"TLS on both sides: {said.all}")
        check("certificate" in ask(shown, authority=made.authority).errors, "the certificate is not the server's")
        with seism.met("mysql_error", code=1213, match="^INSERT"):
            said = ask("start transaction;\ninsert into t values(1, 1);\nselect @@in_transaction;\n")
        check("ERROR 1213 (40001) at line 2" in said.errors and said.out == "0\n", f"met: {said.all}")
        with seism.met("mysql_error", code=1045, at="connect"):
            said = ask(shown)
        check("ERROR 1045 (28000)" in said.errors, f"the login is met: {said.all}")
        said = run_mariadb(proxy.port, shown, "--skip-ssl")
        check(said.out == "Ssl_version\t\n", f"a client may do without: {said.all}")


def mysql_clients_may_begin_at_once(program: Path, folder: Path, made: Certificates) -> None:
    """The request for TLS and the first message of TLS in one segment."""
    with mariadb(folder, made) as server, SeismServer(program, folder) as seism:
        proxy = end_tls(seism, folder, made, server.address, "mysql")
        peer = connect(proxy.port)
        size = int.from_bytes(receive(peer, 4)[:3], "little")
        check(receive(peer, size)[:1] == b"\x0a", "a greeting")
        context = ssl.create_default_context(cafile=str(proxy.authority))
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")

        def step(work: object, first: bytes = b"") -> object:
            while True:
                try:
                    result = work()  # type: ignore[operator]
                except ssl.SSLWantReadError:
                    result = None
                peer.sendall(first + outgoing.read())
                first = b""
                if result is not None:
                    return result
                data = peer.recv(1 << 16)
                check(data != b"", "an end")
                incoming.write(data)

        tls, protocol_41, secure = 0x800, 0x200, 0x8000
        capabilities = struct.pack("<IIB23x", tls | protocol_41 | secure, 1 << 24, 45)
        request = len(capabilities).to_bytes(3, "little") + b"\1" + capabilities
        step(lambda: session.do_handshake() or True, request)
        login = capabilities + b"root\0\0"
        session.write(len(login).to_bytes(3, "little") + b"\2" + login)
        answer = step(lambda: session.read(100))
        check(isinstance(answer, bytes) and answer[3:5] == b"\3\0", f"OK, number 3: {answer!r}")
        peer.shutdown(socket.SHUT_RDWR)


def ldap_begins_tls(program: Path, folder: Path, made: Certificates) -> None:
    people = person("one", 2000, "secret")
    with Directory(folder / "slapd", people, (made.certificate, made.key)) as directory, SeismServer(program, folder) as seism:
        proxy = end_tls(seism, folder, made, f"127.0.0.1:{directory.port}", "ldap", server_name="127.0.0.1")

        def search(*words: str, authority: Path = proxy.authority) -> Said:
            login = ("-D", f"cn=root,{ROOT}", "-w", "root", "-b", PEOPLE, "(uid=one)", "dn")
            command = ("ldapsearch", "-LLL", "-x", "-H", f"ldap://127.0.0.1:{proxy.port}", *words, *login)
            return run_client(*command, environment={"LDAPTLS_CACERT": str(authority), "LDAPTLS_REQCERT": "demand"})

        check("uid=one" in search("-ZZ").out, search("-ZZ").all)
        said = search("-ZZ", authority=made.authority)
        check(said.status != 0 and said.out == "", f"the certificate is not the server's: {said.all}")
        with seism.met("ldap_error", code=51, match="^search"):
            said = search("-ZZ")
        check(said.status == 51 and said.out == "", f"met: {said.all}")
        with seism.met("ldap_error", kind="disconnect", match="^search"):
            said = search("-ZZ")
        check(said.status != 0 and said.out == "", f"the notice: {said.all}")
        with seism.met("ldap_error", code=52, mode="after", match="^extended"):
            said = search("-ZZ")
        check(said.status != 0 and "unavailable" in said.errors, f"TLS is refused: {said.all}")
        check("uid=one" in search().out, "a client may do without")


def ldaps(program: Path, folder: Path, made: Certificates) -> None:
    """TLS from the first byte, which every protocol may begin with."""
    people = person("one", 2000, "secret")
    with Directory(folder / "slapd", people, (made.certificate, made.key), "ldaps") as directory, SeismServer(program, folder) as seism:
        proxy = end_tls(seism, folder, made, f"127.0.0.1:{directory.port}", "ldap", server_name="127.0.0.1")
        command = ("ldapsearch", "-LLL", "-x", "-H", f"ldaps://127.0.0.1:{proxy.port}", "-D", f"cn=root,{ROOT}", "-w", "root", "-b", PEOPLE, "(uid=one)", "dn")
        environment = {"LDAPTLS_CACERT": str(proxy.authority), "LDAPTLS_REQCERT": "demand"}
        said = run_client(*command, environment=environment)
        check("uid=one" in said.out, said.all)
        with seism.met("ldap_error", code=50, match="^search"):
            said = run_client(*command, environment=environment)
        check(said.status == 50 and said.out == "", f"met: {said.all}")


def stripped(program: Path, folder: Path, made: Certificates) -> None:
    """Both sides could speak TLS, and are asked to do without: requests stay readable, who insists gets nothing."""
    with postgres(folder, made) as server, SeismServer(program, folder) as seism:
        port = seism.proxy(server.address)
        seism.well("PUT", "/seism/v1/proxies/p", {"protocol": "postgres", "tls": "strip"})
        with seism.met("postgres_error", state="40001", match="^select 1"):
            said = run_psql(port, "select 1;\n", mode="prefer")
        check("40001" in said.errors, said.all)
        said = run_psql(port, "select 1;\n", mode="require")
        check("server does not support SSL" in said.errors, said.all)
        seism.well("PUT", "/seism/v1/proxies/p", {"tls": "pass"})
        with seism.met("postgres_error", state="40001", match="^select 1"):
            said = run_psql(port, "select 1;\n", mode="require")
        check(said.out == "1\n", f"passed on as it is: {said.all}")


CASES = (
    https,
    a_server_that_nobody_vouches_for,
    psql_verifies,
    mariadb_verifies,
    mysql_clients_may_begin_at_once,
    ldap_begins_tls,
    ldaps,
    stripped,
)
