"""`homespun pair`: two processes and a server; versions, mistakes, people who give up, and connections that are cut."""

import contextlib
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from checks import check
from cutting_proxy import PLACES, Cut, CuttingProxy, Exchange, never
from homespun_server import HomespunServer
from sync_client import request

ACCOUNT = {
    "account": "jäne@example.org",
    "password": ' pä"ss\\wörd 密码 \U0001f511\t',
    "synckey": "q7ynpwq7vsc9m34hankbyi3s3i",
    "serverURL": "https://sync.example/",
}
WRONG_PIN, FAILED, USAGE, INTERRUPTED = 3, 1, 2, 130
RECEIVERS_STEPS, SENDERS_STEPS = 7, 6  # channel and three times PUT and GET; three times GET and PUT
AT_ONCE = 20


@dataclass
class Side:
    """One `homespun pair` process. What it says is collected while it runs."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)
    out: str = ""

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stderr or ():
            self.said.append(line)

    def wait_for(self, pattern: str, limit: float = 20) -> str:
        """The first line that fits, blanks left out."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            ended = self.process.poll() is not None
            if ended:
                self._reader.join(limit)
            for line in list(self.said):
                if found := re.fullmatch(pattern, line.replace(" ", "").strip()):
                    return found[0]
            if ended:
                break
            time.sleep(0.02)
        raise AssertionError(f"no line {pattern} in {self.text!r}")

    def pin(self) -> str:
        """As soon as it is shown."""
        return self.wait_for("(?:[2-9a-km-np-z]{4}-){2}[2-9a-km-np-z]{4}")

    def end(self, limit: float = 40) -> int:
        """Its exit status, when it ends."""
        try:
            status = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it has not ended after {limit} s: {self.text}") from None
        self._reader.join(limit)
        self.out = self.process.stdout.read() if self.process.stdout else ""
        return status

    @property
    def text(self) -> str:
        """All it said."""
        return "".join(self.said)


@dataclass
class Desk:
    """Starts sides in a folder of their own, and ends what is left of them."""

    program: Path
    folder: Path
    sides: list[Side] = field(default_factory=list)

    def start(self, *words: str, stdin: str | None = None) -> Side:
        """`homespun pair WORDS`, polling often."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HOMESPUN_")}
        side = Side(
            subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", str(self.program), "pair", *words, "--poll", "0.1"],
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment | {"HOME": str(self.folder)},
            )
        )
        self.sides.append(side)
        if stdin is not None and side.process.stdin:
            side.process.stdin.write(stdin)
            side.process.stdin.close()
        return side

    def receive(self, server: str, *more: str) -> Side:
        """A receiver that keeps what it gets in `got.json`."""
        return self.start("receive", "--server", server, "--save", str(self.folder / "got.json"), *more)

    def send(self, server: str, pin: str, *more: str) -> Side:
        """A sender of ACCOUNT."""
        saved = self.folder / "account.json"
        saved.write_text(json.dumps(ACCOUNT))
        return self.start("send", "--server", server, "--credentials", str(saved), *more, stdin=pin + "\n")

    def got(self) -> dict[str, str] | None:
        """What the receiver kept."""
        path = self.folder / "got.json"
        return json.loads(path.read_bytes()) if path.exists() else None


@contextlib.contextmanager
def desk(program: Path, folder: Path) -> Iterator[Desk]:
    """A new folder and the processes in it."""
    folder.mkdir(parents=True)
    made = Desk(program, folder)
    try:
        yield made
    finally:
        for side in made.sides:
            side.process.kill()
            side.end()


def url(port: int) -> str:
    """Of the key exchange at that port."""
    return f"http://127.0.0.1:{port}/keyexchange/"


def ended(side: Side, status: int, word: str, limit: float = 40) -> None:
    """It must end with that status and say so."""
    got = side.end(limit)
    check(got == status and word in side.text, f"exit {got}, not {status}, or no {word!r}: {side.text}")


def all_well(desk: Desk, receiver: Side, sender: Side) -> None:
    """Both end well, and every byte has come over."""
    ends = (sender.end(), receiver.end())
    check(ends == (0, 0), f"receiver: {receiver.text}\nsender: {sender.text}")
    check(desk.got() == ACCOUNT, f"{desk.got()}")


def wait_until_it_polls(line: CuttingProxy) -> None:
    """The side that asks over this line is on the channel, and waits for the other one."""
    end = time.monotonic() + 20
    while not any(exchange.status == 304 for exchange in line.seen):
        check(time.monotonic() < end, f"it does not poll: {line.seen}")
        time.sleep(0.02)


def other_pin(pin: str) -> str:
    """With another first letter."""
    return ("b" if pin[0] == "a" else "a") + pin[1:]


# ---- versions ----------------------------------------------------------------------------------------------------------


def hands_over(program: Path, folder: Path, server: HomespunServer, versions: tuple[int, int]) -> None:
    """A pairing of a receiver and a sender of these versions."""
    with desk(program, folder) as here:
        receiver = here.receive(url(server.port), "--protocol", str(versions[0]))
        sender = here.send(url(server.port), receiver.pin(), "--protocol", str(versions[1]))
        all_well(here, receiver, sender)
        mode = stat.S_IMODE((here.folder / "got.json").stat().st_mode)
        check(mode == 0o600, f"others may read it: {mode:o}")


def every_mix_of_versions_hands_over_every_byte(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "server") as server:
        mixes = [(one, two) for one in (1, 2, 3) for two in (1, 2, 3)]
        in_parallel([(hands_over, program, folder / f"{one}{two}", server, (one, two)) for one, two in mixes])
        for word in (ACCOUNT["password"], ACCOUNT["synckey"], ACCOUNT["account"]):
            check(word not in server.log.read_text(), "the server's log has secrets")


def without_server_it_is_this_machines(program: Path, folder: Path) -> None:
    moved = ["--set", "mount.keyexchange=/jpake"]
    with HomespunServer(program, folder / "server", moved) as server, desk(program, folder / "desk") as here:
        (here.folder / "password").write_text(ACCOUNT["password"] + "\n")
        (here.folder / "key").write_text("Q-7YNPW-Q7VSC-9M34H-ANKBY-I3S3I\n")
        words = ["--account", ACCOUNT["account"], "--url", ACCOUNT["serverURL"], "--data", str(server.data)]
        words += ["--password-file", str(here.folder / "password"), "--sync-key-file", str(here.folder / "key")]
        for shown in (True, False):
            receiver = here.start("receive", "--data", str(server.data), *(["--show"] if shown else []))
            sender = here.start("send", *words, stdin=receiver.pin().upper().replace("-", " ") + "\n")
            check((receiver.end(), sender.end()) == (0, 0), f"{receiver.text}{sender.text}")
            check(f"http://127.0.0.1:{server.port}/jpake/" in receiver.text, receiver.text)
            check(all(ACCOUNT[name] in receiver.out for name in ("account", "serverURL")), receiver.out)
            for name in ("password", "synckey"):
                check((ACCOUNT[name] in receiver.out) == shown, f"{name}: {receiver.out}")
                check(ACCOUNT[name] not in receiver.text + sender.text + sender.out, f"{name} is told")


def a_pin_among_the_arguments_is_warned_of(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "server") as server:
        for named in (True, False):
            with desk(program, folder / f"desk{named}") as here:
                receiver = here.receive(url(server.port))
                saved = here.folder / "account.json"
                saved.write_text(json.dumps(ACCOUNT))
                words = ["send", "--server", url(server.port), "--credentials", str(saved)]
                sender = here.start(*words, receiver.pin()) if named else here.start(*words, stdin=receiver.pin())
                all_well(here, receiver, sender)
                check(("list of processes" in sender.text) == named, sender.text)
        with desk(program, folder / "nobody") as here:
            saved = here.folder / "account.json"
            saved.write_text(json.dumps(ACCOUNT))
            ended(here.start("send", "--server", url(server.port), "--credentials", str(saved)), USAGE, "no PIN was given")


def over_tls_it_works_and_trust_is_checked(program: Path, folder: Path) -> None:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test".split()
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with HomespunServer(program, folder / "server") as server, desk(program, folder / "desk") as here:
        with CuttingProxy(server.port, tls=context) as front, CuttingProxy(server.port, tls=context) as back:
            trust = ["--set", f"ca_file={certificate}"]
            receiver = here.receive(url(front.port).replace("http:", "https:"), *trust)
            sender = here.send(url(back.port).replace("http:", "https:"), receiver.pin(), *trust)
            all_well(here, receiver, sender)
            stranger = here.receive(url(front.port).replace("http:", "https:"), "--protocol", "1")
            ended(stranger, FAILED, "cannot trust 127.0.0.1")


# ---- mistakes, and people who give up ----------------------------------------------------------------------------------


def a_wrong_pin_is_told_to_both(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "server") as server, desk(program, folder / "desk") as here:
        receiver = here.receive(url(server.port))
        pin = receiver.pin()
        sender = here.send(url(server.port), other_pin(pin))
        ended(sender, WRONG_PIN, "jpake.error.keymismatch")
        check("not the one that the other device shows" in sender.text and "Begin again" in sender.text, sender.text)
        ended(receiver, FAILED, "jpake.error.nodata")
        check("a wrong PIN was typed" in receiver.text, receiver.text)
        check(here.got() is None, "something was kept")
        ended(here.send(url(server.port), pin), FAILED, "jpake.error.nodata")
        for typed, word in (("abcd-efgh-ijk", "11 characters instead of 12"), ("abcd-efgh-ijk1", "occurs in no PIN")):
            ended(here.send(url(server.port), typed), USAGE, word)


def what_cannot_be_meant_is_refused_at_once(program: Path, folder: Path) -> None:
    with desk(program, folder / "desk") as here:
        (here.folder / "key").write_text("q7ynp")
        (here.folder / "bytes").write_bytes(b"\xff\xfe")
        (here.folder / "empty").write_text("\n")
        url_words = ["--server", "http://127.0.0.1:9/", "--account", "jane", "--url", "https://sync.example/"]
        key = ["--sync-key-file", str(here.folder / "key")]
        for words, word in (
            (["send", "abcdefghijkm"], "--account is missing"),
            (["send", *url_words, *key, "--password-file", str(here.folder / "empty")], "is empty"),
            (["send", *url_words, *key, "--password-file", str(here.folder / "key")], "5 characters instead of 26"),
            (["send", "--credentials", str(here.folder / "key")], "no JSON"),
            (["send", "--credentials", str(here.folder / "nowhere")], "nowhere"),
            (["receive", "--server", "ftp://sync.example/"], "ftp"),
            (["receive", "--save", str(here.folder / "no" / "such")], "--save"),
            (["receive", "--save", str(here.folder)], "is a directory"),
        ):
            ended(here.start(*words), USAGE, word)
        (here.folder / "key").write_text(ACCOUNT["synckey"])
        ended(here.start("send", *url_words, *key, "--password-file", str(here.folder / "bytes")), USAGE, "not UTF-8")
        ended(here.start("receive", "--data", str(here.folder)), FAILED, "name a key exchange with --server")
        ended(here.receive("http://127.0.0.1:9/", "--protocol", "1"), FAILED, "jpake.error.network")


def a_channel_that_has_expired_is_named(program: Path, folder: Path) -> None:
    short = ["--set", "keyexchange.ttl=1"]
    with HomespunServer(program, folder / "server", short) as server, desk(program, folder / "desk") as here:
        receiver = here.receive(url(server.port))
        pin = receiver.pin()
        ended(receiver, FAILED, "jpake.error.nodata")
        check("it took too long" in receiver.text and "wrong PIN" not in receiver.text, receiver.text)
        ended(here.send(url(server.port), pin), FAILED, "They name the channel")


def who_gives_up_tells_the_other(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "server") as server:
        with desk(program, folder / "receiver") as here:
            receiver = here.receive(url(server.port))
            pin = receiver.pin()
            receiver.process.send_signal(signal.SIGINT)
            ended(receiver, INTERRUPTED, "jpake.error.userabort", 8)
            ended(here.send(url(server.port), pin), FAILED, "jpake.error.nodata")
        with desk(program, folder / "sender") as here, CuttingProxy(server.port) as line:
            receiver = here.receive(url(server.port))
            pin = receiver.pin()
            receiver.process.send_signal(signal.SIGSTOP)  # so that the sender waits for it
            sender = here.send(url(line.port), pin)
            wait_until_it_polls(line)
            sender.process.send_signal(signal.SIGINT)
            ended(sender, INTERRUPTED, "jpake.error.userabort", 8)
            receiver.process.send_signal(signal.SIGCONT)
            ended(receiver, FAILED, "jpake.error.nodata", 8)
        with desk(program, folder / "mute") as here, socket.create_server(("127.0.0.1", 0)) as mute:
            receiver = here.receive(url(mute.getsockname()[1]))
            connection, _ = mute.accept()
            with connection:
                connection.recv(65536)  # the request is under way, and no answer will come
                receiver.process.send_signal(signal.SIGINT)
                time.sleep(0.5)
                check(receiver.process.poll() is None, "it does not wait for the answer")
                receiver.process.send_signal(signal.SIGINT)
                check(receiver.end(8) == INTERRUPTED, receiver.text)


def who_is_not_there_is_not_waited_for(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "server") as server, desk(program, folder / "desk") as here:
        receiver = here.receive(url(server.port))
        pin = receiver.pin()
        receiver.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        ended(here.send(url(server.port), pin), FAILED, "jpake.error.timeout")
        waited = time.monotonic() - begun
        check(8 < waited < 20, f"ten seconds are given, not {waited:.1f}")
        receiver.process.send_signal(signal.SIGCONT)
        ended(receiver, FAILED, "jpake.error.nodata")


def a_third_device_ends_it(program: Path, folder: Path) -> None:
    def peek(server: HomespunServer, pin: str) -> int:
        return request("GET", url(server.port) + pin[-4:], {"X-KeyExchange-Id": "c" * 256}).status

    with HomespunServer(program, folder / "server") as server:
        with desk(program, folder / "before") as here:
            receiver = here.receive(url(server.port))
            pin = receiver.pin()
            check(peek(server, pin) == 200, "the second on the channel")
            ended(here.send(url(server.port), pin), FAILED, "a third device")
            ended(receiver, FAILED, "jpake.error.nodata")
        with desk(program, folder / "after") as here, CuttingProxy(server.port) as line:
            receiver = here.receive(url(server.port))
            pin = receiver.pin()
            receiver.process.send_signal(signal.SIGSTOP)
            sender = here.send(url(line.port), pin)
            wait_until_it_polls(line)
            check(peek(server, pin) == 400, "the third on the channel")
            ended(sender, FAILED, "jpake.error.nodata")
            receiver.process.send_signal(signal.SIGCONT)
            ended(receiver, FAILED, "jpake.error.nodata")


# ---- connections that are cut ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """One pairing in which one side's connection is cut: the first of a step, or the one that delivers a message."""

    versions: tuple[int, int]
    side: str
    place: str
    step: int
    delivery: bool = False

    def cut(self, done: list[Exchange]) -> Cut:
        """Says yes once."""

        def cut(exchange: Exchange) -> bool:
            wanted = exchange.status == 200 if self.delivery else exchange.number == 0
            return not done and exchange.step == self.step and wanted

        return cut


def trials(*versions: tuple[int, int]) -> list[Trial]:
    """Every request and every response of either side."""
    made = []
    for pair in versions:
        for side, steps in (("receiver", RECEIVERS_STEPS), ("sender", SENDERS_STEPS)):
            for place in PLACES:
                made += [Trial(pair, side, place, step) for step in range(steps)]
            polls = range(2, steps, 2) if side == "receiver" else range(0, steps, 2)
            made += [Trial(pair, side, place, step, True) for place in PLACES[1:] for step in polls]
    return made


@contextlib.contextmanager
def cut_line(server: HomespunServer, trial: Trial, side: str) -> Iterator[CuttingProxy]:
    """One side's way to the server."""
    with CuttingProxy(server.port) as proxy:
        if trial.side == side:
            proxy.place = trial.place
            proxy.cut = trial.cut(proxy.cuts)
        yield proxy


def is_resumed(program: Path, folder: Path, server: HomespunServer, trial: Trial) -> None:
    """The pairing ends well with the PIN that was shown."""
    with desk(program, folder) as here, cut_line(server, trial, "receiver") as one, cut_line(server, trial, "sender") as two:
        receiver = here.receive(url(one.port), "--protocol", str(trial.versions[0]))
        sender = here.send(url(two.port), receiver.pin(), "--protocol", str(trial.versions[1]))
        all_well(here, receiver, sender)
        cut = one.cuts + two.cuts
        check(len(cut) == 1, f"{len(cut)} were cut")
        last = (one.seen[-1].step + 1, two.seen[-1].step + 1)
        check(last == (RECEIVERS_STEPS, SENDERS_STEPS), f"they have {last} steps: some are not tried")


def in_parallel(jobs: list[tuple]) -> None:
    """Runs all; raises with what went wrong."""

    def run(job: tuple) -> str:
        try:
            job[0](*job[1:])
        except Exception as error:  # the other jobs go on
            return f"{job[-1]}: {error}"
        return ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [text for text in pool.map(run, jobs) if text]
    check(not wrong, f"{len(wrong)} of {len(jobs)}:\n" + "\n".join(wrong))


def cut_everywhere(program: Path, folder: Path, server: HomespunServer, place: str) -> None:
    """Every request of both sides is cut once, and every delivery."""

    def once_a_step() -> Cut:
        done = set()

        def cut(exchange: Exchange) -> bool:
            key = (exchange.step, exchange.status == 200)
            return key not in done and (done.add(key) is None)

        return cut

    with desk(program, folder) as here:
        with CuttingProxy(server.port, place, once_a_step()) as one, CuttingProxy(server.port, place, once_a_step()) as two:
            receiver = here.receive(url(one.port))
            sender = here.send(url(two.port), receiver.pin())
            check((receiver.end(90), sender.end(90)) == (0, 0), f"receiver: {receiver.text}\nsender: {sender.text}")
            check(here.got() == ACCOUNT, f"{here.got()}")
            check(len(one.cuts) >= RECEIVERS_STEPS and len(two.cuts) >= SENDERS_STEPS, f"{one.cuts} {two.cuts}")


def any_cut_connection_is_resumed_with_the_same_pin(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "server") as server:
        names = count()
        # First what takes longest.
        jobs: list[tuple] = [(cut_everywhere, program, folder / str(next(names)), server, place) for place in PLACES]
        jobs += [(is_resumed, program, folder / str(next(names)), server, trial) for trial in trials((3, 3), (2, 2))]
        in_parallel(jobs)


def gives_up(program: Path, folder: Path, server: HomespunServer, trial: Trial) -> None:
    """Version 1: the side whose connection is cut says so; the other does not get past it, save behind the last message."""
    with desk(program, folder) as here, cut_line(server, trial, "receiver") as one, cut_line(server, trial, "sender") as two:
        receiver = here.receive(url(one.port), "--protocol", "1")
        mine = other = receiver
        if trial.side == "sender" or trial.step > 1:
            sender = here.send(url(two.port), receiver.pin(), "--protocol", "1")
            mine, other = (receiver, sender) if trial.side == "receiver" else (sender, receiver)
        ended(mine, FAILED, "jpake.error.network")
        check(len(one.cuts + two.cuts) == 1, "nothing was cut")
        if other is mine:
            return
        has_all = trial.place != PLACES[0] and (trial.side, trial.step) == ("sender", SENDERS_STEPS - 1)
        # With the receiver's confirmation the sender has all it needs.
        confirmed = trial.step == RECEIVERS_STEPS - 2 and trial.place != PLACES[0]
        sent_all = trial.side == "receiver" and (confirmed or trial.step == RECEIVERS_STEPS - 1)
        if not has_all and not sent_all:
            other.process.send_signal(signal.SIGINT)  # it would wait for ten seconds, or for a person to type
        status = other.end()
        check((status == 0) == (has_all or sent_all), f"the other side: {status} {other.text}")
        check(here.got() == (ACCOUNT if has_all else None), "what the receiver has")


def version_one_ends_with_a_cut_connection(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "server") as server:
        names = count()
        in_parallel([(gives_up, program, folder / str(next(names)), server, trial) for trial in trials((1, 1))])


def a_restart_of_the_server_is_waited_for(program: Path, folder: Path) -> None:
    kept = ["--set", "keyexchange.store=file"]
    with HomespunServer(program, folder / "server", kept) as server, desk(program, folder / "desk") as here:
        receiver = here.receive(url(server.port))
        pin = receiver.pin()
        server.stop()
        sender = here.send(url(server.port), pin)
        sender.wait_for("Noanswer:.*")
        server.start()
        all_well(here, receiver, sender)


CASES = (
    every_mix_of_versions_hands_over_every_byte,
    without_server_it_is_this_machines,
    a_pin_among_the_arguments_is_warned_of,
    over_tls_it_works_and_trust_is_checked,
    a_wrong_pin_is_told_to_both,
    what_cannot_be_meant_is_refused_at_once,
    a_channel_that_has_expired_is_named,
    who_gives_up_tells_the_other,
    who_is_not_there_is_not_waited_for,
    a_third_device_ends_it,
    any_cut_connection_is_resumed_with_the_same_pin,
    version_one_ends_with_a_cut_connection,
    a_restart_of_the_server_is_waited_for,
)
