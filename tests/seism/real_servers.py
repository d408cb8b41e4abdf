"""Debian's servers for seism to stand before, each on a free port with a folder of its own, and what their clients say."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from processes import Child, free_port, tail
from seism_server import PATIENCE, check, wait_until


@dataclass(frozen=True)
class Said:
    """How a client ended and what it printed."""

    status: int
    out: str
    errors: str

    @property
    def all(self) -> str:
        """Both streams, for messages."""
        return f"status {self.status}, out {self.out!r}, errors {self.errors!r}"


def run_client(*command: object, text: str = "", environment: Mapping[str, str] | None = None) -> Said:
    """Runs a client to its end, with `text` as its standard input."""
    done = subprocess.run(
        [str(word) for word in command],
        input=text.encode(),
        capture_output=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, "LC_ALL": "C", **(environment or {})},
    )
    return Said(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def as_user(user: str, folder: Path, command: Sequence[str]) -> list[str]:
    """The command for a server that does not run as root: as `user`, to whom `folder` is given. Unchanged for others than root."""
    if os.getuid() != 0:
        return list(command)
    owner = pwd.getpwnam(user)
    for place in (folder, *folder.rglob("*")):
        os.chown(place, owner.pw_uid, owner.pw_gid)
    for parent in folder.parents:
        if parent.stat().st_uid == 0 and parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o011)
    words = [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups", "--pdeathsig", "KILL"]
    return ["setpriv", *words, "--", *command]


def takes_connections(port: int) -> bool:
    """Whether somebody listens."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(command: Sequence[str], log: Path, port: int) -> Iterator[None]:
    """The server as long as the block lasts; it must take connections on the port."""
    child = Child(command, log)
    try:
        wait_until(lambda: takes_connections(port) or not child.alive(), f"{command[0]} listens: {tail(log, 5)}")
        check(child.alive(), f"{command} has ended: {tail(log, 10)}")
        yield
    finally:
        child.terminate()


@dataclass(frozen=True)
class Certificates:
    """An authority of the test, and a certificate by it for `localhost`."""

    authority: Path
    authority_key: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path) -> Certificates:
    """With openssl; for 127.0.0.1, too."""
    folder.mkdir()
    made = Certificates(folder / "ca.pem", folder / "ca.key", folder / "server.pem", folder / "server.key")
    request, extensions = folder / "server.csr", folder / "extensions"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for words in (
        ("req", "-x509", *new_key, "-keyout", made.authority_key, "-out", made.authority, "-subj", "/CN=test authority", "-days", "2"),
        ("req", *new_key, "-keyout", made.key, "-out", request, "-subj", "/CN=localhost"),
        ("x509", "-req", "-in", request, "-CA", made.authority, "-CAkey", made.authority_key, "-out", made.certificate, "-days", "2", "-extfile", extensions),
    ):
        done = run_client("openssl", *words)
        check(done.status == 0, done.all)
    return made


@dataclass(frozen=True)
class Server:
    """Where a real server is."""

    port: int
    folder: Path

    @property
    def address(self) -> str:
        """For a proxy's upstream."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def redis(folder: Path) -> Iterator[Server]:
    """redis-server, which keeps nothing."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with running(command, folder / "redis.log", port):
        yield Server(port, folder)


@contextmanager
def memcached(folder: Path) -> Iterator[Server]:
    """memcached, which speaks both of its protocols."""
    port = free_port()
    command = ["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", *(["-u", "nobody"] if os.getuid() == 0 else [])]
    with running(command, folder / "memcached.log", port):
        yield Server(port, folder)


NGINX = """\
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log {folder}/access.log; root {folder}/pages;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}{tls}; location /ok {{ return 200 "{{\\"well\\": true}}"; }} location /post {{ return 201 "made\\n"; }} }}
}}
"""


@contextmanager
def nginx(folder: Path, certificates: Certificates | None = None, http2: bool = False) -> Iterator[Server]:
    """nginx, that speaks HTTP/2 alone if asked to, with /ok, /post and a page of 100,000 bytes, `/large`; its access.log tells what it has seen."""
    port = free_port()
    (folder / "pages").mkdir()
    (folder / "pages" / "large").write_text("0123456789" * 10_000)
    tls = " http2" if http2 else f" ssl; ssl_certificate {certificates.certificate}; ssl_certificate_key {certificates.key}" if certificates else ""
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, tls=tls))
    folder.chmod(0o755)
    command = ["/usr/sbin/nginx", "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    with running(command, folder / "nginx.log", port):
        yield Server(port, folder)


@contextmanager
def mariadb(folder: Path, certificates: Certificates | None = None) -> Iterator[Server]:
    """mariadbd whose users may do anything; it has a database `shop` with a table `t(a int primary key, b int)`."""
    port, data = free_port(), folder / "data"
    (data / "mysql").mkdir(parents=True)
    words = f"--datadir={data} --port={port} --bind-address=127.0.0.1 --socket={data}/socket --pid-file={data}/pid --skip-grant-tables"
    words += " --innodb-log-file-size=4M --innodb-buffer-pool-size=8M --innodb-flush-method=nosync --innodb-flush-log-at-trx-commit=0"
    words += " --skip-log-bin --local-infile=1"
    if certificates:
        words += f" --ssl-cert={certificates.certificate} --ssl-key={certificates.key} --ssl-ca={certificates.authority}"
        share(certificates)
    command = ["/usr/sbin/mariadbd", "--no-defaults", *words.split(), *(["--user=root"] if os.getuid() == 0 else [])]
    with running(command, folder / "mariadb.log", port):
        made = run_mariadb(port, "create database shop; create table shop.t(a int primary key, b int) engine=innodb", "--skip-ssl", database="")
        check(made.status == 0, made.all)
        yield Server(port, folder)


def run_mariadb(port: int, statements: str, *flags: str, database: str = "shop") -> Said:
    """Debian's client; each statement's failure is told and the next one done, with `--force` among the flags."""
    words = ("--no-defaults", "--protocol=TCP", "-h", "127.0.0.1", "-P", port, "-u", "root", "--batch", "--skip-column-names")
    return run_client("mariadb", *words, *flags, *([database] if database else []), text=statements)


def share(certificates: Certificates) -> None:
    """Lets servers of other users read the keys of the test."""
    certificates.authority.parent.chmod(0o755)
    for path in certificates.authority.parent.iterdir():
        path.chmod(0o644)


@contextmanager
def postgres(folder: Path, certificates: Certificates | None = None) -> Iterator[Server]:
    """postgres with the user `tester`, whose password is `secret`, and a table `t(a int primary key)`."""
    home = max(Path("/usr/lib/postgresql").iterdir(), key=lambda path: int(path.name)) / "bin"
    port, data, password = free_port(), folder / "data", folder / "password"
    data.mkdir()
    password.write_text("secret")
    initdb = [f"{home}/initdb", "-D", str(data), "-A", "scram-sha-256", "-U", "tester", "--no-sync", "--no-instructions", f"--pwfile={password}"]
    done = run_client(*as_user("postgres", folder, initdb))
    check(done.status == 0, done.all)
    settings = f"port={port} listen_addresses=127.0.0.1 unix_socket_directories={folder} fsync=off shared_buffers=8MB logging_collector=off"
    if certificates:
        shutil.copy(certificates.certificate, folder / "tls.pem")
        shutil.copy(certificates.key, folder / "tls.key")
        (folder / "tls.key").chmod(0o600)
        settings += f" ssl=on ssl_cert_file={folder}/tls.pem ssl_key_file={folder}/tls.key"
    command = [f"{home}/postgres", "-D", str(data), *(word for setting in settings.split() for word in ("-c", setting))]
    with running(as_user("postgres", folder, command), folder / "postgres.log", port):
        wait_until(lambda: run_psql(port, "select 1").status == 0, f"postgres answers: {tail(folder / 'postgres.log', 5)}")
        made = run_psql(port, "create table t(a int primary key)")
        check(made.status == 0, made.all)
        yield Server(port, folder)


def run_psql(port: int, statements: str, *flags: str, mode: str = "disable", **settings: object) -> Said:
    """Debian's client, which says SQLSTATEs; `settings` of libpq. One connection; after an error the next statement is done."""
    words = {"host": "127.0.0.1", "port": port, "user": "tester", "password": "secret", "dbname": "postgres", "sslmode": mode, **settings}
    told = " ".join(f"{name}={value}" for name, value in words.items())
    return run_client("psql", told, "-X", "-q", "-A", "-t", "-v", "VERBOSITY=verbose", *flags, text=statements)
