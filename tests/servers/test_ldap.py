"""Users of the services of 2010 who are in an LDAP directory: a real slapd, and things that are none."""

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from checks import check, complaint_of_start
from directory import ADMIN, COUNTER, PEOPLE, READER, Directory, person
from homespun_server import HomespunServer
from legacy import ask, basic, create, free_port, user_name
from sync_client import Answer

ANN = person("ann", 7, "ann secret", "mail: ann@example.org")
EVE = "eve@example.org"
EVES_NAME = user_name(EVE)


def collections(server: HomespunServer, name: str, password: str) -> Answer:
    return ask(server, "GET", f"/1.1/{quote(name, safe='')}/info/collections", b"", basic(name, password))


def told(server: HomespunServer, word: str) -> int:
    """How many lines of the log are this event."""
    return server.log.read_text().count(f" {word} ")


def users_of_the_directory_log_in(program: Path, folder: Path) -> None:
    people = (
        ANN
        + person("off", 8, "a secret", "objectClass: dataStore", "account-enabled: No")
        + person("status", 9, "a secret", "objectClass: dataStore", "accountStatus: 2")
        + person("on", 10, "a secret", "objectClass: dataStore", "account-enabled: Yes", "accountStatus: 1", "primaryNode: weave:node.example.org")
        + person("bare", 11, "")
        + person("zero", 0, "a secret")
        + f"dn: cn=guest,{PEOPLE}\nobjectClass: inetOrgPerson\nuid: guest\ncn: guest\nsn: guest\nuserPassword: a secret\n\n"
    )
    with Directory(folder / "directory", people) as directory, HomespunServer(program, folder / "server", directory.settings()) as server:
        path = "/1.1/ann/storage/bookmarks/one"
        login = basic("ann", "ann secret")
        check(collections(server, "ann", "ann secret").status == 200, "ann does not get in")
        check(ask(server, "PUT", path, '{"payload": "hers"}', login).status == 200, "PUT")
        check(ask(server, "GET", path, b"", login).json()["payload"] == "hers", "GET")
        check(ask(server, "GET", "/1.0/ann/info/collections", b"", login).json().keys() == {"bookmarks"}, "1.0")
        check(collections(server, "on", "a secret").body == b"{}", "another user sees her records")
        for name, password in (
            ("ann", "ann secre"), ("ann", ""), ("ann", "Ann Secret"), ("Ann", "ann secret"), ("nobody", "a secret"), ("off", "a secret"),
            ("status", "a secret"), ("bare", "a secret"), ("bare", ""), ("zero", "a secret"), ("guest", "a secret"), ("reader", "reader secret"),
        ):
            answer = collections(server, name, password)
            check(answer.status == 401, f"{name} with {password!r} is {answer.status}")
        for name, exists, node in (("ann", b"1", server.root + "/"), ("on", b"1", "https://node.example.org/"), ("off", b"1", server.root + "/")):
            check(ask(server, "GET", f"/user/1.0/{name}").body == exists, f"{name} does not exist")
            check(ask(server, "GET", f"/user/1.0/{name}/node/weave").body == node.encode(), f"the node of {name}")
        check(ask(server, "GET", "/user/1.0/guest").body == b"0", "guest, who has no number, exists")
        check(told(server, "backend_down") == 0, "an outage out of nothing")
        check("secret" not in server.log.read_text().replace("_secret", ""), "a password is in the log")


def names_are_never_taken_for_filters(program: Path, folder: Path) -> None:
    names = (
        "*", "a*", "*)(uid=*", "ann)(uidNumber=*", "ann)(|(uid=*", "ann\0", "ann\\", "\\61nn", "ann\\00", "(ann)", "&(uid=ann)", "ann,ou=people",
        " ann", "ann ", "ANN", "änn", "ann\r\n", "a" * 300, "a" * 2000,
    )
    with Directory(folder / "directory", ANN) as directory, HomespunServer(program, folder / "server", directory.settings()) as server:
        for name in names:
            segment = quote(name, safe="")
            for path in (f"/user/1.0/{segment}/node/weave", f"/user/1.0/{segment}/password_reset"):
                answer = ask(server, "GET", path)
                check(answer.status in (400, 404), f"{path} is {answer.status} {answer.body!r}")
            check(ask(server, "GET", f"/user/1.0/{segment}").body != b"1", f"{name!r} exists")
            for password in ("ann secret", "*", ""):
                answer = collections(server, name, password)
                check(answer.status in (400, 401, 404), f"{name!r} logs in: {answer.status}")
            answer = ask(server, "POST", f"/user/1.0/{segment}/password", "a new password", {"X-Weave-Password-Reset": "AAAA-AAAA-AAAA-AAAA"})
            check(answer.status in (400, 404), f"{name!r} with a code: {answer.status}")
        for password in ("ann secret\0", "ann secret\0x", "*", "\\61nn secret", "ann secret "):
            check(collections(server, "ann", password).status == 401, f"the password {password!r} is taken")
        check(collections(server, "ann", "ann secret").status == 200, "afterwards ann does not get in")
        check(told(server, "backend_down") == 0, "a name has put the back-end down")


def users_are_made_changed_and_removed(program: Path, folder: Path) -> None:
    with Directory(folder / "directory", ANN) as directory, HomespunServer(program, folder / "server", directory.settings(admin=True)) as server:
        answer = create(server, EVE, "eve secret é")
        check((answer.status, answer.body.decode()) == (200, EVES_NAME), f"{answer}")
        check(create(server, EVE, "eve secret é").body == b"4", "the name is not taken")
        (entry,) = directory.entries(f"(uid={EVES_NAME})")
        for attribute, values in {
            "dn": [f"uid={EVES_NAME},{PEOPLE}"], "objectClass": ["inetOrgPerson", "dataStore"], "cn": [EVES_NAME], "sn": [EVES_NAME],
            "uidNumber": ["1001"], "primaryNode": ["weave:"], "accountStatus": ["1"], "account-enabled": ["Yes"], "mail": [EVE],
        }.items():
            check(entry[attribute] == values, f"{attribute} is {entry[attribute]}")
        check(len(entry["mail-verified"][0]) == 40, "mail-verified is no SHA-1")
        who = directory.tool("ldapwhoami", "-D", entry["dn"][0], "-w", "eve secret é")
        check(entry["dn"][0] in who, f"the directory does not take the password: {who}")

        path = f"/user/1.0/{EVES_NAME}"
        check(ask(server, "PUT", f"/1.1/{EVES_NAME}/storage/tabs/a", '{"payload": "x"}', basic(EVES_NAME, "eve secret é")).status == 200, "PUT")
        check(ask(server, "POST", f"{path}/password", "second secret", basic(EVES_NAME, "eve secret é")).body == b"success", "password")
        check(collections(server, EVES_NAME, "eve secret é").status == 401, "the old password is good")
        check(collections(server, EVES_NAME, "second secret").status == 200, "the new password is not")
        check(ask(server, "POST", f"{path}/email", "eve@new.example", basic(EVES_NAME, "second secret")).status == 200, "email")
        check(directory.entries(f"(uid={EVES_NAME})")[0]["mail"] == ["eve@new.example"], "the address stayed")
        check(ask(server, "POST", "/user/1.0/ann/password", "ann's second", basic("ann", "ann secret")).body == b"success", "ann's password")
        check(collections(server, "ann", "ann's second").status == 200, "ann's new password is not good")

        check(ask(server, "DELETE", path, b"", basic(EVES_NAME, "second secret")).body == b"1", "DELETE")
        check(directory.entries(f"(uid={EVES_NAME})") == [] and ask(server, "GET", path).body == b"0", "eve is still there")
        check(collections(server, EVES_NAME, "second secret").status == 401, "who was removed gets in")
        check(create(server, EVE, "third secret").status == 200, "again")
        check(directory.entries(f"(uid={EVES_NAME})")[0]["uidNumber"] == ["1002"], "a number was used again")
        check(collections(server, EVES_NAME, "third secret").body == b"{}", "the new user has the old one's records")
        check(told(server, "backend_down") == 0, "an outage out of nothing")


def at_once(count: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def a_name_is_made_once_and_numbers_differ(program: Path, folder: Path) -> None:
    with Directory(folder / "directory", "") as directory, contextlib.ExitStack() as stack:
        servers = [stack.enter_context(HomespunServer(program, folder / name, directory.settings(admin=True))) for name in ("a", "b")]
        for number in range(5):
            mail = f"same{number}@example.org"
            answers: list[Answer] = []
            at_once(8, lambda which, mail=mail, answers=answers: answers.append(create(servers[which % 2], mail, f"password of {which}")))  # type: ignore[misc]
            made = [answer for answer in answers if answer.status == 200]
            rest = {(answer.status, answer.body) for answer in answers if answer.status != 200}
            check(len(made) == 1 and rest <= {(400, b"4")}, f"{len(made)} made, {rest}")
            check(len(directory.entries(f"(uid={user_name(mail)})")) == 1, "two entries of a name")
        at_once(16, lambda which: check(create(servers[which % 2], f"user{which}@example.org", "some password").status == 200, f"user{which}"))
        ids = [entry["uidNumber"][0] for entry in directory.entries("(objectClass=dataStore)")]
        check(len(ids) == 21 and len(set(ids)) == 21, f"{sorted(ids)}")


def a_number_is_never_given_twice(program: Path, folder: Path) -> None:
    with Directory(folder / "directory", person("bob", 1001, "") + person("eva", 1002, "")) as directory:
        with HomespunServer(program, folder / "server", directory.settings(admin=True)) as server:
            check(create(server, EVE, "eve secret").status == 200, "the counter is behind")
            check(directory.entries(f"(uid={EVES_NAME})")[0]["uidNumber"] == ["1003"], "a number of somebody else's")
            check(directory.entries("(cn=maxuid)")[0]["uidNumber"] == ["1003"], "the counter")


def what_the_directory_does_not_allow_is_503(program: Path, folder: Path) -> None:
    with Directory(folder / "directory", ANN) as directory:
        def write(server: HomespunServer) -> None:
            ask(server, "PUT", "/1.1/ann/storage/col/a", '{"payload": "kept"}', basic("ann", "ann secret"))

        def keeps_her_records(server: HomespunServer) -> None:
            check(b'"col"' in collections(server, "ann", "ann secret").body, "her records went although she could not leave")

        def refusals(server: HomespunServer) -> None:
            login = basic("ann", "ann secret")
            for answer in (
                create(server, EVE, "eve secret"), ask(server, "POST", "/user/1.0/ann/password", "second secret", login),
                ask(server, "POST", "/user/1.0/ann/email", "x@example.org", login), ask(server, "DELETE", "/user/1.0/ann", b"", login),
            ):
                check(answer.status == 503 and answer.headers["retry-after"] == "30", f"{answer}")
            check(collections(server, "ann", "ann secret").status == 200, "ann does not get in")
            log = server.log.read_text()
            check("backend_down" not in log.replace("reason=backend_down", "") and log.count("reason=backend_refused") == 4, "how it is told")

        with HomespunServer(program, folder / "readonly", directory.settings()) as server:
            write(server)
            refusals(server)
            keeps_her_records(server)
        as_reader = (f"ldap.admin_user={READER}", "ldap.admin_password=reader secret")
        with HomespunServer(program, folder / "reader", directory.settings(*as_reader, admin=True)) as server:
            write(server)
            refusals(server)
            keeps_her_records(server)
        with HomespunServer(program, folder / "login", directory.settings("ldap.admin_password=wrong", admin=True)) as server:
            refusals(server)
        with HomespunServer(program, folder / "first", directory.settings("users.most=2", admin=True)) as server:
            answers = [create(server, mail, "some password").status for mail in (EVE, "bob@example.org")]
            check(answers == [200, 503], f"users.most: {answers}")
        with HomespunServer(program, folder / "anonymous", directory.settings("ldap.bind_user=", "ldap.bind_password=")) as server:
            # This directory shows nothing to nobody, so that its root seems not to be there.
            check(collections(server, "ann", "ann secret").status == 503, "nobody may search")


# ---- outages --------------------------------------------------------------------------------------------------------


class Load:
    """Several threads that log in, rightly and wrongly, until stop(); what came is checked as it comes."""

    def __init__(self, server: HomespunServer, threads: int = 6) -> None:
        self.server = server
        self.answers: list[tuple[float, float, int]] = []  # begin, end, status
        self.faults: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self, number: int) -> None:
        turn = 0
        while not self._stop.is_set():
            turn += 1
            right = (turn + number) % 3 != 0
            begin = time.monotonic()
            try:
                name, password = ("ann", "ann secret") if right else (f"nobody{number}-{turn}", "a secret")
                answer = collections(self.server, name, password)
            except OSError as error:
                self.faults.append(f"{error}")
                continue
            end = time.monotonic()
            self.answers.append((begin, end, answer.status))
            if answer.status == 503:
                if answer.headers.get("retry-after") != "30" or b"crash id" not in answer.body:
                    self.faults.append(f"{answer}")
                time.sleep(0.02)
            elif answer.status != (200 if right else 401):
                self.faults.append(f"{'right' if right else 'wrong'}: {answer}")

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def between(self, begin: float, end: float) -> list[int]:
        """The statuses of requests that lie in this time as a whole."""
        return [status for its_begin, its_end, status in self.answers if begin <= its_begin and its_end <= end]


def recovered(server: HomespunServer, limit: float = 5) -> float:
    """Waits until ann gets in; the moment."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if collections(server, "ann", "ann secret").status == 200:
            return time.monotonic()
        time.sleep(0.05)
    raise AssertionError(f"after {limit:.0f} s ann still does not get in")


def a_directory_killed_under_load_is_503_and_comes_back(program: Path, folder: Path) -> None:
    with Directory(folder / "directory", ANN) as directory, HomespunServer(program, folder / "server", directory.settings()) as server:
        load = Load(server)
        try:
            for outage in (1, 2, 3):
                began = time.monotonic()
                time.sleep(0.7)
                killed = time.monotonic()
                directory.kill(politely=outage == 2)
                dead = time.monotonic()
                time.sleep(1.5)
                check(ask(server, "GET", "/__heartbeat__").status == 503, "the heartbeat does not tell")
                started = time.monotonic()
                directory.start()
                well = recovered(server)
                time.sleep(0.7)
                done = time.monotonic()
                check(set(load.between(began, killed)) == {200, 401}, f"before: {set(load.between(began, killed))}")
                during = load.between(dead, started)
                check(set(during) == {503} and len(during) > 20, f"during: {len(during)} of {set(during)}")
                check(set(load.between(well, done)) == {200, 401}, f"after: {set(load.between(well, done))}")
                check((told(server, "backend_down"), told(server, "backend_up")) == (outage, outage), "not told once each")
        finally:
            load.stop()
        check(load.faults == [], f"{load.faults[:5]}")
        check(ask(server, "GET", "/__heartbeat__").status == 200, "the heartbeat stays down")
        up = [line for line in server.log.read_text().splitlines() if " backend_up " in line]
        check(all("backend=ldap" in line and "since_ms=" in line and "took_ms=" in line for line in up), f"{up}")


def a_directory_that_says_nothing_is_503_in_time(program: Path, folder: Path) -> None:
    with Directory(folder / "directory", ANN) as directory, HomespunServer(program, folder / "server", directory.settings("ldap.timeout_s=1", "ldap.pool_size=3")) as server:
        load = Load(server, threads=8)
        try:
            time.sleep(0.7)
            directory.pause()
            paused = time.monotonic()
            time.sleep(3.5)
            going = time.monotonic()
            directory.go_on()
            well = recovered(server)
            time.sleep(1)
            done = time.monotonic()
        finally:
            directory.go_on()
            load.stop()
        check(load.faults == [], f"{load.faults[:5]}")
        during = load.between(paused, going)
        check(set(during) == {503} and len(during) >= 16, f"during: {len(during)} of {set(during)}")
        longest = max(end - begin for begin, end, _ in load.answers)
        check(longest < 2, f"a request took {longest:.1f} s")
        check(set(load.between(well, done)) == {200, 401}, f"after: {set(load.between(well, done))}")
        check((told(server, "backend_down"), told(server, "backend_up")) == (1, 1), "not told once each")
        check("kind=slow" in server.log.read_text(), "slow is not told as such")


def an_idle_connection_that_broke_is_replaced(program: Path, folder: Path) -> None:
    with Directory(folder / "directory", ANN) as directory, HomespunServer(program, folder / "server", directory.settings("ldap.max_lifetime_s=1")) as server:
        check(collections(server, "ann", "ann secret").status == 200, "before")
        directory.kill()
        directory.start()
        check(collections(server, "ann", "ann secret").status == 200, "the first request after a restart")

        def connections() -> set[str]:
            sockets = Path(f"/proc/{server.pid}/net/tcp").read_text().splitlines()[1:]
            return {line.split()[1] for line in sockets if line.split()[2].endswith(f":{directory.port:04X}") and line.split()[3] == "01"}

        before = connections()
        check(0 < len(before) <= 2, f"{len(before)} connections for one request at a time")
        check(collections(server, "ann", "ann secret").status == 200 and connections() == before, "they are not used again")
        time.sleep(1.1)
        check(collections(server, "ann", "ann secret").status == 200, "with new connections")
        check(not before & connections(), "a connection lives longer than it may")
        at_once(30, lambda _: check(collections(server, "ann", "ann secret").status == 200, "many at once"))
        check(len(connections()) <= 10, f"{len(connections())} connections")
        check(told(server, "backend_down") == 0, "an outage out of nothing")


@contextlib.contextmanager
def listener(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Each connection goes to `talk`, in a thread of its own; the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        def serve(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                connection.settimeout(20)
                talk(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def after_request(answer: bytes, keep: bool = False) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)
        if keep:
            connection.recv(4096)

    return talk


def dribble(connection: socket.socket) -> None:
    for byte in bytes.fromhex("30840000ffff020101") + bytes(1000):
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def endless(connection: socket.socket) -> None:
    """The same entry again and again: `uid=ann` without attributes, in answer to message 1, 2 and 3."""
    entry = b"".join(bytes.fromhex(f"30 10 0201{number:02x} 640b 0407") + b"uid=ann" + bytes.fromhex("3000") for number in (1, 2, 3))
    connection.recv(4096)
    connection.sendall(bytes.fromhex("300c02010161070a010004000400"))
    while True:
        connection.sendall(entry)


def what_is_no_directory_is_503(program: Path, folder: Path) -> None:
    good_bind = bytes.fromhex("300c02010161070a010004000400")
    talks: dict[str, Callable[[socket.socket], None]] = {
        "closes": lambda _connection: None,
        "http": after_request(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "zeros": after_request(bytes(4096)),
        "random": after_request(bytes((number * 167 + 13) % 256 for number in range(4096))),
        "huge": after_request(bytes.fromhex("30847fffffff020101"), keep=True),
        "indefinite": after_request(bytes.fromhex("3080020101"), keep=True),
        "wrong message": after_request(bytes.fromhex("300c02010165070a010004000400"), keep=True),
        "truncated result": after_request(bytes.fromhex("3005020101 6100"), keep=True),
        "cut": after_request(good_bind[:7]),
        "notice of disconnection": after_request(bytes.fromhex("3024020100781f0a013404000400") + b"\x8a\x161.3.6.1.4.1.1466.20036"),
        "then garbage": lambda connection: (after_request(good_bind)(connection), after_request(b"garbage " * 50)(connection)),  # type: ignore[func-returns-value, assignment]
        "dribbles": dribble,
        "endless": endless,
        "silent": lambda connection: connection.recv(1) and time.sleep(10),  # type: ignore[func-returns-value, return-value]
    }
    for tls in (False, True):
        with Directory(folder / f"directory-{tls}", ANN) as directory:
            settings = directory.settings("ldap.timeout_s=1", tls=tls)
        for name, talk in talks.items():
            with listener(talk) as port, HomespunServer(program, folder / f"{name}-{tls}", [*settings, "--set", f"ldap.uri=ldap://127.0.0.1:{port}"]) as server:
                for _ in range(2):
                    begin = time.monotonic()
                    answer = collections(server, "ann", "ann secret")
                    took = time.monotonic() - begin
                    check(answer.status == 503 and answer.headers.get("retry-after") == "30", f"{name}: {answer}")
                    check(took < 2, f"{name}: {took:.1f} s")
                check(told(server, "backend_down") == 1 and told(server, "backend_up") == 0, f"{name} is not told once")
                check(server.stop() == 0, f"{name}: the server ends badly")
    with HomespunServer(program, folder / "nobody", [*settings, "--set", f"ldap.uri=ldap://127.0.0.1:{free_port()}"]) as server:
        begin = time.monotonic()
        answers = [collections(server, "ann", "ann secret").status for _ in range(10)]
        check(answers == [503] * 10 and time.monotonic() - begin < 2, f"nobody listens: {answers}")
        check(told(server, "backend_down") == 1, "told more than once")


# ---- TLS and settings -----------------------------------------------------------------------------------------------


def authority(folder: Path, name: str, host: str) -> tuple[Path, Path, Path]:
    """A certificate authority of its own, and a certificate for `host` with its key."""
    ca, ca_key, key, certificate = (folder / f"{name}-{part}.pem" for part in ("ca", "cakey", "key", "cert"))

    def openssl(*arguments: str | Path) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca_key, "-out", ca, "-days", "2", "-subj", f"/CN={name} authority")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=directory",
            "-addext", f"subjectAltName={host}", "-addext", "basicConstraints=critical,CA:FALSE", "-CA", ca, "-CAkey", ca_key)
    return ca, certificate, key


def connections_are_encrypted_and_the_directory_is_verified(program: Path, folder: Path) -> None:
    ca, certificate, key = authority(folder, "good", "IP:127.0.0.1")
    other_ca = authority(folder, "other", "IP:127.0.0.1")[0]
    cases = [
        ("good", "ldap", (certificate, key), f"ca_file={ca}", True),
        ("ldaps", "ldaps", (certificate, key), f"ca_file={ca}", True),
        ("authority", "ldap", (certificate, key), f"ca_file={other_ca}", False),
        ("system", "ldap", (certificate, key), "ca_file=", False),
        ("host", "ldap", authority(folder, "host", "DNS:elsewhere.example.org")[1:], f"ca_file={folder / 'host-ca.pem'}", False),
        ("ldaps-authority", "ldaps", (certificate, key), f"ca_file={other_ca}", False),
        ("without", "ldap", None, f"ca_file={ca}", False),
    ]
    for name, scheme, files, setting, good in cases:
        with Directory(folder / f"directory-{name}", ANN, files, scheme) as directory, HomespunServer(program, folder / name, directory.settings(setting, tls=True)) as server:
            statuses = [collections(server, "ann", password).status for password in ("ann secret", "wrong")]
            check(statuses == ([200, 401] if good else [503, 503]), f"{name}: {statuses}")
            if name == "good":
                directory.kill()
                check(collections(server, "ann", "ann secret").status == 503, "while it is down")
                directory.start()
                recovered(server)
            check(told(server, "backend_down") == (0 if good and name != "good" else 1), f"{name}: how it is told")


def a_stall_within_tls_is_503_in_time(program: Path, folder: Path) -> None:
    start_tls_done = bytes.fromhex("300c02010178070a010004000400")

    def stall(connection: socket.socket) -> None:
        after_request(start_tls_done)(connection)
        connection.recv(4096)
        connection.sendall(bytes.fromhex("16030300ff02"))  # the head of a record and the first byte of 255
        time.sleep(10)

    def garbage(connection: socket.socket) -> None:
        after_request(start_tls_done)(connection)
        connection.recv(4096)
        connection.sendall(os.urandom(2000))

    for name, talk in (("stall", stall), ("garbage", garbage)):
        with listener(talk) as port:
            values = ["auth.backend=ldap", f"ldap.uri=ldap://127.0.0.1:{port}", "ldap.timeout_s=1", f"ldap.search_root={PEOPLE}"]
            with HomespunServer(program, folder / name, [word for value in values for word in ("--set", value)]) as server:
                begin = time.monotonic()
                check(collections(server, "ann", "ann secret").status == 503, name)
                check(time.monotonic() - begin < 2, f"{name} takes {time.monotonic() - begin:.1f} s")
                begin = time.monotonic()
                check(server.stop() == 0 and time.monotonic() - begin < 3, f"{name}: the server waits for it as it ends")


def settings_of_ldap_are_checked(program: Path, folder: Path) -> None:
    good = ["auth.backend=ldap", "ldap.uri=ldap://127.0.0.1", f"ldap.search_root={PEOPLE}"]
    for number, (words, complaint) in enumerate(
        (
            (["ldap.uri=http://127.0.0.1"], "ldap.uri"),
            (["ldap.uri=ldap://ldap.example.org", "ldap.use_tls=false"], "in the clear"),
            (["ldap.search_root="], "ldap.search_root"),
            (["ldap.search_root=people"], "ldap.search_root"),
            (["ldap.bind_user=reader", "ldap.bind_password=x"], "ldap.bind_user"),
            ([f"ldap.bind_user={READER}"], "ldap.bind_password"),
            ([f"ldap.admin_user={ADMIN}"], "ldap.admin_password"),
            ([f"ldap.users_root={PEOPLE}"], "ldap.next_id_entry"),
            ([f"ldap.users_root={PEOPLE}", f"ldap.next_id_entry={COUNTER}"], "ldap.admin_user"),
        )
    ):
        log = complaint_of_start(program, folder / str(number), [*good, *words])
        check(complaint in log, f"{words}: {log}")


CASES = (
    users_of_the_directory_log_in,
    names_are_never_taken_for_filters,
    users_are_made_changed_and_removed,
    a_name_is_made_once_and_numbers_differ,
    a_number_is_never_given_twice,
    what_the_directory_does_not_allow_is_503,
    a_directory_killed_under_load_is_503_and_comes_back,
    a_directory_that_says_nothing_is_503_in_time,
    an_idle_connection_that_broke_is_replaced,
    what_is_no_directory_is_503,
    connections_are_encrypted_and_the_directory_is_verified,
    a_stall_within_tls_is_503_in_time,
    settings_of_ldap_are_checked,
)
