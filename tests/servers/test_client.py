"""`homespun client`: a person's own records, of today's accounts and of users of 2010, with several devices."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import socket
import socketserver
import sqlite3
import ssl
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from account_client import AccountServer
from between import Between
from checks import check
from homespun_server import HomespunServer
from legacy import ask, basic, create, free_port, user_name
from sync_client import SyncStorage, sign_token

ANN = "ann@example.org"
NAME = user_name(ANN)
PASSWORD = "pässwörd of ann"
OPEN = ["--set", "signup=open"]


class Device:
    """One configuration directory of `homespun client`."""

    def __init__(self, program: Path, folder: Path) -> None:
        folder.mkdir()
        self.program = program
        self.config = folder / "config"
        self.saved = self.config / "homespun" / "client.json"
        self._folder = folder
        self.environment = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": str(self.config), "LC_ALL": "C.UTF-8"}

    def run(self, *words: str, given: str | bytes = "") -> subprocess.CompletedProcess[bytes]:
        """One command."""
        data = given.encode() if isinstance(given, str) else given
        return subprocess.run([self.program, "client", *words], env=self.environment, input=data, capture_output=True, timeout=60, check=False)

    def good(self, *words: str, given: str | bytes = "") -> str:
        """What it prints; it must succeed and complain about nothing."""
        done = self.run(*words, given=given)
        check(done.returncode == 0 and not done.stderr, f"{words}: {done.returncode} {done.stderr.decode()}")
        return done.stdout.decode()

    def refused(self, *words: str, given: str | bytes = "", status: int = 1) -> str:
        """What it complains about; it must fail."""
        done = self.run(*words, given=given)
        check(done.returncode == status and done.stderr != b"", f"{words}: {done.returncode} {done.stdout!r} {done.stderr!r}")
        return done.stderr.decode()

    def secret(self, name: str, text: str) -> str:
        """A file with a secret in it."""
        path = self._folder / name
        path.write_text(text + "\n", encoding="utf-8")
        return str(path)

    def login(self, server: HomespunServer, account: str, password: str, *more: str) -> list[str]:
        """The words of a login."""
        words = [] if "--server" in more else ["--server", server.root]
        return ["login", *words, "--account", account, "--password-file", self.secret("password", password), *more]

    def login_11(self, server: HomespunServer, account: str, password: str, key: str, *more: str) -> list[str]:
        """Of a user of 2010."""
        return self.login(server, account, password, "--protocol", "1.1", "--sync-key-file", self.secret("key", key), *more)

    def put(self, collection: str, name: str, record: object) -> str:
        """Stores a record."""
        return self.good("put", collection, name, given=json.dumps(record))

    def get(self, collection: str, name: str) -> dict:
        """A record, decrypted."""
        return json.loads(self.good("get", collection, name))

    def all(self, *words: str) -> dict[str, dict]:
        """All records, by their places."""
        lines = [json.loads(line) for line in self.good("get", *words, "--all").splitlines()]
        return {f"{line['collection']}/{line['id']}": line for line in lines}


def two_devices_and_records(one: Device, two: Device) -> None:
    """What is the same for both protocols: `one` and `two` are logged in to one account with nothing in it."""
    check("nothing has been synced" in one.refused("get", "bookmarks", "a"), "an empty account")
    check(one.good("list", "bookmarks") == "", "ids of an empty account")
    check(one.put("bookmarks", "aaaaaaaaaaaa", {"title": "Zwölf 😀", "bmkUri": "http://example.org/"}) == "stored bookmarks/aaaaaaaaaaaa\n", "put")
    one.put("passwords", "{5d1c7a3e-7f3f-4f3a-9d2d-000000000001}", {"id": "{5d1c7a3e-7f3f-4f3a-9d2d-000000000001}", "password": "geheiß"})
    check(two.get("bookmarks", "aaaaaaaaaaaa") == {"id": "aaaaaaaaaaaa", "title": "Zwölf 😀", "bmkUri": "http://example.org/"}, "two reads another thing")
    two.put("bookmarks", "aaaaaaaaaaaa", {"id": "aaaaaaaaaaaa", "title": "renamed"})
    check(one.get("bookmarks", "aaaaaaaaaaaa")["title"] == "renamed", "one reads what was before")
    check(two.get("passwords", "{5d1c7a3e-7f3f-4f3a-9d2d-000000000001}")["password"] == "geheiß", "an id with braces")

    # More than one request can name.
    for number in range(60):
        one.put("history", f"visit{number:07}", {"n": number})
    listed = json.loads(two.good("list", "--json"))
    counts = {each["collection"]: each["count"] for each in listed}
    check(counts == {"bookmarks": 1, "crypto": 1, "history": 60, "meta": 1, "passwords": 1}, f"{counts}")
    check(all(abs(each["modified"] - time.time()) < 300 for each in listed), f"{listed}")
    table = two.good("list")
    check(re.search(r"^history +60  20\d\d-", table, re.M) is not None, table)
    check(len(two.good("list", "history").splitlines()) == 60, "ids")
    check(json.loads(two.good("list", "passwords", "--json")) == ["{5d1c7a3e-7f3f-4f3a-9d2d-000000000001}"], "ids as JSON")
    visits = two.all("history")
    check(sorted(line["record"]["n"] for line in visits.values()) == list(range(60)), "not all visits")
    everything = two.all()
    check(len(everything) == 64 and everything["meta/global"]["record"]["storageVersion"] == 5, f"{len(everything)} records")

    # As it is stored, nothing of a record can be read; without a server it is decrypted all the same.
    raw = one.good("get", "passwords", "--all", "--raw")
    check("gehei" not in raw and "ciphertext" in raw, raw)
    check(json.loads(one.good("decrypt", given=raw))["record"]["password"] == "geheiß", "decrypt")
    stored = json.loads(one.good("get", "bookmarks", "aaaaaaaaaaaa", "--raw"))
    del stored["collection"]
    check("--collection" in one.refused("decrypt", given=json.dumps(stored, indent=1)), "a record of nowhere")
    opened = one.good("decrypt", "--collection", "bookmarks", given=json.dumps([stored], indent=1))
    check(json.loads(opened)["record"]["title"] == "renamed", opened)
    moved = one.refused("decrypt", "--collection", "bookmarks", given=json.dumps({**stored, "id": "b"}))
    check("another record" in moved and "1 of 1 records" in moved, moved)
    stored["payload"] = stored["payload"].replace('\\"ciphertext\\":\\"', '\\"ciphertext\\":\\"A').replace('"ciphertext":"', '"ciphertext":"A')
    check("another key, or changed" in one.refused("decrypt", "--collection", "bookmarks", given=json.dumps(stored)), "a change is not noticed")
    check("line 2" in one.refused("decrypt", given=raw + "{\n"), "a broken line")
    check("line 4" in one.refused("decrypt", given="\n \r\n" + raw + "{\n"), "a broken line behind blank ones")
    check(one.good("decrypt", given=f"\n\n{raw}\n{raw}") == 2 * one.good("decrypt", given=raw), "blank lines before the first")
    check("empty" in one.refused("decrypt", given="\n \n"), "nothing but blank lines")

    # A full disk is told, whether the output fits into a buffer or not.
    for words, given in ((["list"], ""), (["get", "--all"], ""), (["decrypt"], raw), (["decrypt"], 1000 * raw)):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run([one.program, "client", *words], env=one.environment, input=given.encode(), stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
        check(done.returncode == 1 and b"cannot be written" in done.stderr, f"{words}: {done.returncode} {done.stderr.decode()}")

    # Nothing that a record holds reaches the terminal as it is.
    wild = {"id": "wild", "title": "\x1b]0;owned\x07 \x9b31m \u202egpj.exe \x7f"}
    one.put("bookmarks", "wild", wild)
    shown = two.good("get", "bookmarks", "wild")
    check(not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown) and json.loads(shown) == wild, f"{shown!r}")
    complaint = two.refused("get", "bookmarks", "no\x1b[31m")
    check("\x1b" not in complaint and "\\u{1b}[31m" in complaint, f"{complaint!r}")

    # What cannot be meant is refused.
    check("JSON object" in one.refused("put", "bookmarks", "a", given="[1]"), "a list")
    check("another id" in one.refused("put", "bookmarks", "a", given='{"id":"b"}'), "another id")
    check("no usable keys" in one.refused("put", "crypto", "keys", given="{}"), "crypto/keys without keys")
    check("--all" in one.refused("get", "bookmarks", status=2), "get without an id")
    check("empty" in one.refused("delete", "bookmarks", "", "--yes", status=2), "an empty id is the whole collection")
    check("empty" in one.refused("get", "", "--all", status=2), "an empty name is every collection")
    one.good("put", "bookmarks", "--", "-begins_like_an_option", given="{}")
    check(one.good("get", "bookmarks", "--", "-begins_like_an_option") == '{"id":"-begins_like_an_option"}\n', "an id with a hyphen")
    one.good("delete", "--yes", "bookmarks", "--", "-begins_like_an_option")
    check("no record bookmarks/none" in one.refused("get", "bookmarks", "none"), "a record that is not there")

    check("nothing deleted" in one.refused("delete", "bookmarks", "wild", given="no\n"), "no is no")
    check("nothing deleted" in one.refused("delete", "bookmarks"), "nobody has said yes")
    check("wild" in one.good("list", "bookmarks"), "it was deleted all the same")
    check(one.good("delete", "bookmarks", "wild", given="yes\n") == "deleted bookmarks/wild\n", "yes is yes")
    check("no record" in two.refused("get", "bookmarks", "wild"), "it is still there")
    two.good("delete", "history", "--yes")
    check("history" not in one.good("list"), "the collection is still there")


def a_user_of_2010_lives_with_two_devices(program: Path, folder: Path) -> None:
    one, two = Device(program, folder / "one"), Device(program, folder / "two")
    with HomespunServer(program, folder / "server", OPEN) as server:
        check("knows no user" in one.refused(*one.login_11(server, ANN, PASSWORD, "x")), "a user that is none")
        check(create(server, ANN, PASSWORD).status == 200, "the user was not made")
        check("password is not that" in one.refused(*one.login_11(server, ANN, "wrong password", "x")), "a wrong password")
        check("letters and digits instead of 26" in one.refused(*one.login_11(server, ANN, PASSWORD, "x")), "no Sync key at all")
        made = one.good(*one.login(server, ANN, PASSWORD, "--protocol", "1.1", "--new-sync-key"))
        key = re.search(r"^Sync key: ([a-km-np-z2-9](-[a-km-np-z2-9]{5}){5})$", made, re.M)
        assert key is not None, made
        # The key as somebody else types it.
        two.good(*two.login_11(server, NAME, PASSWORD, key[1].upper().replace("-", " ")))
        for device in (one, two):
            check(device.saved.stat().st_mode & 0o777 == 0o600, "others can read the login")
        two_devices_and_records(one, two)

        three = Device(program, folder / "three")
        wrong = three.refused(*three.login_11(server, ANN, PASSWORD, "a-aaaaa-aaaaa-aaaaa-aaaaa-aaaaa"))
        check("Sync key does not open" in wrong and not three.saved.exists(), wrong)
        check("already" in three.refused(*three.login(server, ANN, PASSWORD, "--protocol", "1.1", "--new-sync-key")), "a second Sync key")

        answer = ask(server, "POST", f"/user/1.0/{NAME}/password", "another password", basic(NAME, PASSWORD))
        check(answer.body == b"success", f"{answer}")
        check("log in again" in one.refused("list"), "the old password is still good")
        check("login already" in one.refused(*one.login_11(server, ANN, "another password", key[1])), "a second login over the first")
        one.good("logout")
        check(not one.saved.exists() and "nobody is logged in" in one.refused("list"), "not logged out")
        one.good(*one.login_11(server, ANN, "another password", key[1]))
        check(one.get("bookmarks", "aaaaaaaaaaaa")["title"] == "renamed", "the records are gone with the password")

        check(ask(server, "DELETE", f"/user/1.0/{NAME}", b"", basic(NAME, "another password")).body == b"1", "not deleted")
        check("knows no user" in one.refused("list"), "of a deleted user")
        server.stop()
        down = one.refused("list")
        check(str(server.port) in down, down)
        one.good("logout")


def an_account_of_today_lives_with_two_devices(program: Path, folder: Path) -> None:
    one, two = Device(program, folder / "one"), Device(program, folder / "two")
    with HomespunServer(program, folder / "server", OPEN) as server:
        accounts = AccountServer(server.root)
        accounts.create(ANN, PASSWORD)
        account = accounts.sign_in(ANN, PASSWORD)
        check("103" in one.refused(*one.login(server, ANN, "wrong password")), "a wrong password")
        check("103" in one.refused(*one.login(server, "bob@example.org", PASSWORD)), "an account that is none")
        check("no Sync key" in one.refused(*one.login(server, ANN, PASSWORD, "--new-sync-key")), "a Sync key")
        check("nothing has been synced" in one.good(*one.login(server, ANN, PASSWORD)), "of what is there")
        capital = Device(program, folder / "capital")
        capital.good(*capital.login(server, ANN.upper(), PASSWORD))  # as Firefox takes it, too
        check("103" in Device(program, folder / "bad").refused(*capital.login(server, ANN.upper(), "wrong password")), "a wrong password, spelt otherwise")
        capital.good("logout")
        # Questions are answered line by line where nobody sits at a terminal.
        two.good("login", given=f"{server.root}/\n{ANN}\n{PASSWORD}\n")
        check(PASSWORD not in one.saved.read_text() and json.dumps(PASSWORD) not in one.saved.read_text(), "the password is kept")
        check(one.saved.stat().st_mode & 0o777 == 0o600, "others can read the login")
        two_devices_and_records(one, two)

        # What it wrote is what a client of today expects: crypto/keys under the account's key.
        user = server.storage_user(account.uid)
        storage = SyncStorage(sign_token(server.master_secret(), server.root, user))
        check(account.seals(storage.record("crypto", "keys")["payload"]), "crypto/keys is under another key")

        # An export of the server's operator, decrypted by its owner without a server; through a pipe and from a file.
        export = folder / "export.jsonl"
        server.command("export", "--user", ANN, str(export))
        one.good("put", "crypto", "keys", given=one.good("get", "crypto", "keys"))
        server.stop()
        check("sync" in one.refused("list").lower() or str(server.port) in one.refused("list"), "of a server that is down")
        saved = json.loads(one.saved.read_text())
        one.saved.write_text(json.dumps({**saved, "crypto_keys": ""}))  # all that is known is in the export
        for done in (one.run("decrypt", given=export.read_bytes()), subprocess.run([program, "client", "decrypt"], env=one.environment, stdin=export.open(), capture_output=True, check=False)):
            check(done.returncode == 0, done.stderr.decode())
            lines = {f"{line['collection']}/{line['id']}": line["record"] for line in map(json.loads, done.stdout.splitlines())}
            check(lines["bookmarks/aaaaaaaaaaaa"]["title"] == "renamed" and len(lines) == 4, f"{lines}")
        one.saved.write_text(json.dumps(saved))
        one.saved.chmod(0o644)
        check("chmod 600" in one.refused("list"), "a login that others can read")
        one.saved.chmod(0o600)

        server.start()
        token = json.loads(one.saved.read_text())["session_token"]
        one.good("logout")
        one.saved.parent.mkdir(exist_ok=True)
        one.saved.write_text(json.dumps(saved))
        one.saved.chmod(0o600)
        check(token == saved["session_token"] and "401" in one.refused("list"), "the session lasts after logout")
        two.good("list")
        server.stop()
        late = two.refused("logout")
        check("could not be told" in late and not two.saved.exists(), late)


@contextlib.contextmanager
def served_through(program: Path, folder: Path) -> Iterator[tuple[HomespunServer, Between]]:
    """A server that clients reach through something in between only."""
    server = HomespunServer(program, folder, OPEN)
    with Between(server.port) as between:
        server.extra += ["--public-url", between.root]
        with server:
            yield server, between


def sessions(server: HomespunServer) -> int:
    """How many there are on the server."""
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/accounts.db?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM session").fetchone()[0]


def a_first_put_may_be_interrupted(program: Path, folder: Path) -> None:
    with served_through(program, folder / "server") as (server, between):
        root = ["--server", between.root]
        AccountServer(between.root).create(ANN, PASSWORD)
        create(server, ANN, PASSWORD)
        account, user, other = (Device(program, folder / name) for name in ("account", "user", "other"))
        account.good(*account.login(server, ANN, PASSWORD, *root))
        made = user.good(*user.login(server, ANN, PASSWORD, "--protocol", "1.1", "--new-sync-key", *root))
        key = re.search(r"^Sync key: (.*)$", made, re.M)
        assert key is not None, made
        for device in (account, user):
            # What is uploaded of the two that a first put makes, and what not.
            for left in ("crypto", "meta"):
                between.hook = lambda method, target, left=left: 503 if method == "PUT" and f"/storage/{left}/" in target else None
                check("503" in device.refused("put", "forms", "a", given="{}"), "the storage is up")
                between.hook = lambda _method, _target: None
                device.put("forms", "a", {"n": 1})
                check(device.get("forms", "a") == {"id": "a", "n": 1}, "the first record")
                check(device.get("meta", "global")["storageVersion"] == 5, "meta/global")
                before = device.get("meta", "global")["syncID"]
                device.put("forms", "b", {})
                check(device.get("meta", "global")["syncID"] == before, "another put makes meta/global anew")
                for collection in ("forms", "crypto", "meta"):
                    device.good("delete", "--yes", collection)

        # Two at once: one makes the keys, the other one takes them.
        other.good(*other.login_11(server, ANN, PASSWORD, key[1], *root))
        account.good("logout")
        twin = Device(program, folder / "twin")
        for pair in ((user, other), (account, twin)):
            if pair[0] is account:
                for device in pair:
                    device.good(*device.login(server, ANN, PASSWORD, *root))
            for _ in range(2):
                with ThreadPoolExecutor() as pool:
                    list(pool.map(lambda device, name: device.put("forms", name, {"by": name}), pair, "xy"))
                check([pair[0].get("forms", "y")["by"], pair[1].get("forms", "x")["by"]] == ["y", "x"], "they have different keys")
                for collection in ("forms", "crypto", "meta"):
                    pair[0].good("delete", "--yes", collection)


def commands_at_once_leave_one_login(program: Path, folder: Path) -> None:
    with served_through(program, folder / "server") as (server, between):
        accounts = AccountServer(between.root)
        accounts.create(ANN, PASSWORD)
        before = sessions(server)
        device = Device(program, folder / "one")
        words = device.login(server, ANN, PASSWORD, "--server", between.root)
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda _: device.run(*words), range(4)))
        check(sorted(each.returncode for each in done) == [0, 1, 1, 1], f"{done}")
        check(all(b"login already" in each.stderr for each in done if each.returncode), f"{done}")
        check(sessions(server) == before + 1, "a session that nobody uses is left")
        device.put("forms", "a", {})

        # Whoever logs out while another command fetches the keys is logged out.
        one, two = device, Device(program, folder / "two")
        two.good(*two.login(server, ANN, PASSWORD, "--server", between.root))
        two.put("crypto", "keys", two.get("crypto", "keys"))  # encrypted anew, so there is something to remember

        def log_out(method: str, target: str) -> None:
            if method == "GET" and target.endswith("/storage/crypto/keys"):
                between.hook = lambda _method, _target: None
                one.good("logout")

        between.hook = log_out
        one.run("get", "forms", "a")
        check(not one.saved.exists(), "logged in again by the other command")
        check([path.name for path in one.saved.parent.iterdir()] == ["client.json.lock"], "something is left")


def a_login_that_fails_half_way_leaves_no_session(program: Path, folder: Path) -> None:
    with served_through(program, folder / "server") as (server, between):
        AccountServer(between.root).create(ANN, PASSWORD)
        before = sessions(server)
        for number, fails in enumerate(("/account/keys", "/scoped-key-data", "/oauth/token", "/token/1.0/sync/1.5", "/storage/crypto/keys")):
            between.hook = lambda _method, target, fails=fails: 500 if target.endswith(fails) else None
            device = Device(program, folder / f"device{number}")
            check("500" in device.refused(*device.login(server, ANN, PASSWORD, "--server", between.root)), fails)
            check(sessions(server) == before, f"a session is left: {fails}")
            check(not device.saved.exists(), fails)


def a_password_is_typed_without_echo(program: Path, folder: Path) -> None:
    device = Device(program, folder / "one")
    with HomespunServer(program, folder / "server", OPEN) as server:
        AccountServer(server.root).create(ANN, "typed password")
        shown = b""

        def start() -> tuple[int, int]:
            nonlocal shown
            shown = b""
            child, terminal = pty.fork()
            if child == 0:
                signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests may ignore it
                os.execve(program, [str(program), "client", "login", "--server", server.root], device.environment)
            return child, terminal

        def wait_for(text: bytes) -> None:
            nonlocal shown
            end = time.monotonic() + 20
            while text not in shown:
                check(time.monotonic() < end, f"{shown!r} has no {text!r}")
                if select.select([terminal], [], [], 0.5)[0]:
                    shown += os.read(terminal, 4096)

        def echoes() -> bool:
            return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)

        def asked_for_the_password() -> None:
            wait_for(b"Account: ")
            os.write(terminal, f"{ANN}\n".encode())
            wait_for(b"Password: ")
            end = time.monotonic() + 20
            while echoes():
                check(time.monotonic() < end, "the terminal goes on to echo")
                time.sleep(0.01)

        child, terminal = start()
        asked_for_the_password()
        os.write(terminal, b"\x03")  # Ctrl-C
        check(os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGINT, "it was not interrupted")
        check(echoes(), "the terminal stays silent")
        os.close(terminal)

        child, terminal = start()
        asked_for_the_password()
        os.write(terminal, b"typed password\n")
        wait_for(b"logged in")
        check(ANN.encode() in shown and b"typed" not in shown, f"{shown!r}")
        check(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "it failed")
        os.close(terminal)


class TlsProxy:
    """In front of a server on this machine, as an operator would have one; ends with the context."""

    def __init__(self, folder: Path, server: int) -> None:
        self.certificate = folder / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out", self.certificate, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
            check=True, capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "key.pem")

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError), context.wrap_socket(self.request, server_side=True) as client, socket.create_connection(("127.0.0.1", server)) as behind:
                    threading.Thread(target=self.copy, args=(behind, client), daemon=True).start()
                    self.copy(client, behind)

            @staticmethod
            def copy(source: socket.socket, target: socket.socket) -> None:
                with contextlib.suppress(OSError):
                    while data := source.recv(65536):
                        target.sendall(data)
                    target.shutdown(socket.SHUT_WR)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def __enter__(self) -> "TlsProxy":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def tls_is_checked(program: Path, folder: Path) -> None:
    server = HomespunServer(program, folder / "server", OPEN)
    with TlsProxy(folder, server.port) as proxy:
        root = f"https://localhost:{proxy.port}"
        with server:  # that does not know of TLS, and sends its users on to where anybody can listen
            create(server, ANN, PASSWORD)
            device = Device(program, folder / "clear")
            device.environment["SSL_CERT_FILE"] = str(proxy.certificate)
            complaint = device.refused(*device.login(server, ANN, PASSWORD, "--protocol", "1.1", "--new-sync-key", "--server", root))
            check("without TLS: the password is not sent there" in complaint, complaint)
            AccountServer(server.root).create("bob@example.org", PASSWORD)
            before = sessions(server)
            complaint = device.refused(*device.login(server, "bob@example.org", PASSWORD, "--server", root))
            check("without TLS: nothing is sent there" in complaint, complaint)
            check(sessions(server) == before, "a session is left")
        server.extra += ["--public-url", root]
        with server:
            for protocol, account, more in (("1.1", ANN, ["--new-sync-key"]), ("1.5", "bob@example.org", [])):
                device = Device(program, folder / protocol)
                words = ["login", "--protocol", protocol, "--server", root, "--account", account, "--password-file", device.secret("password", PASSWORD), *more]
                complaint = device.refused(*words)
                check("cannot trust" in complaint, complaint)
                device.environment["SSL_CERT_FILE"] = str(proxy.certificate)
                device.good(*words)
                device.put("forms", "a", {"name": "q"})
                check(device.get("forms", "a") == {"id": "a", "name": "q"}, protocol)


def a_server_that_is_none_is_told(program: Path, folder: Path) -> None:
    device = Device(program, folder / "one")
    password = device.secret("password", PASSWORD)
    nobody = f"http://127.0.0.1:{free_port()}"
    for protocol in ("1.5", "1.1"):
        words = ["login", "--protocol", protocol, "--account", ANN, "--password-file", password]
        check(nobody.rpartition(":")[2] in device.refused(*words, "--server", nobody), f"nobody listens: {protocol}")
        check("https://sync.example" in device.refused(*words, "--server", "sync.example"), "no URL")
    check("first line" in device.refused("login", "--server", nobody, "--account", ANN, "--password-file", device.secret("empty", "")), "an empty file")
    check("standard input ended" in device.refused("login", "--server", nobody), "nobody answers")
    check("nobody is logged in" in device.refused("decrypt", given="{}"), "decrypt without keys")
    device.saved.parent.mkdir(parents=True)
    device.saved.write_text("{}")
    device.saved.chmod(0o600)
    check("client login" in device.refused("list"), "a damaged login")


CASES = (
    a_user_of_2010_lives_with_two_devices,
    an_account_of_today_lives_with_two_devices,
    a_first_put_may_be_interrupted,
    commands_at_once_leave_one_login,
    a_login_that_fails_half_way_leaves_no_session,
    a_password_is_typed_without_echo,
    tls_is_checked,
    a_server_that_is_none_is_told,
)
