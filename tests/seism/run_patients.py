#!/usr/bin/python3
"""Programs that were not written for Seism, with Debian's servers behind Seism: `seism run` must see each as it really is.

    run_patients.py --seism PROGRAM --homespun PROGRAM [--only NAME] [--keep FOLDER]

The experiments are in patients/real; what is expected of each is in PATIENTS below, and why in docs/seism/patients.md. The last line
is `patients: N passed, N failed`.
"""

import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
REAL = HERE / "patients" / "real"
for _place in (HERE.parent / "e2e", HERE.parent / "servers", HERE.parent / "mozilla", HERE):
    sys.path.insert(0, str(_place))

import real_servers  # noqa: E402 - found by the path above
from account_server import AccountServer  # noqa: E402
from directory import PEOPLE, READER, Directory, person  # noqa: E402
from processes import free_port  # noqa: E402
from run_mozilla import claims  # noqa: E402
from seism_server import check, connect  # noqa: E402
from signing import Authority, SigningKey  # noqa: E402

PAGE = "0123456789abcde\n" * 256
LIMIT = 240  # seconds for a whole run on a busy machine


@contextmanager
def memcached(folder: Path) -> Iterator[int]:
    """With the page that nginx looks for."""
    with real_servers.memcached(folder) as server, connect(server.port) as peer:
        peer.sendall(f"set /page 0 0 {len(PAGE)}\r\n{PAGE}\r\n".encode())
        check(peer.recv(100) == b"STORED\r\n", "memcached does not take the page")
        yield server.port


@contextmanager
def slapd(folder: Path) -> Iterator[int]:
    """A directory with Ann."""
    with Directory(folder / "directory", person("ann", 7, "ann secret")) as directory:
        yield directory.port


@contextmanager
def postgres(folder: Path) -> Iterator[int]:
    """Debian's, empty."""
    with real_servers.postgres(folder) as server:
        yield server.port


@contextmanager
def mariadb(folder: Path) -> Iterator[int]:
    """Debian's, empty."""
    with real_servers.mariadb(folder) as server:
        yield server.port


@contextmanager
def accounts(folder: Path) -> Iterator[int]:
    """An account server of Mozilla's kind, which knows one key; its authority and a token by that key are in the folder."""
    authority, key = Authority(folder), SigningKey(folder, "one")
    (folder / "signed").write_text(key.sign(claims()))
    with AccountServer(authority.certificate("IP:127.0.0.1"), [key]) as server:
        yield server.port


@dataclass(frozen=True)
class Patient:
    """An application with its back-end, and what comes of each behaviour: `well` (green, or amber, as slow answers are), `red` and the
    rule that must say so, or `grey` and the rule that could not be judged. What is not named here is not tried."""

    experiment: str
    server: Callable[[Path], AbstractContextManager[int]]
    cells: Mapping[str, str]
    settings: str = ""  # lines of the application's configuration beside the standard ones
    program: str = ""  # where the experiment leaves it open


NGINX = {
    "latency:300": "well",
    "refuse": "well",
    "connect_timeout": "well",
    "reset_peer": "well",
    "blackout": "well",
    "hang": "red no_hang",
    "truncate:bytes=1000": "red no_hang",
    "memcached_error:kind=error": "well",
    "memcached_error:kind=miss": "well",
}
APACHE = {
    "latency:300": "well",
    "refuse": "red status_during",
    "reset_peer": "red status_during",
    "hang": "red no_hang",
    "ldap_error:code=51": "red status_during",
    "ldap_error:kind=disconnect": "red status_during",
}
# One connection for ever: it never comes back, and nobody notices what happens to new ones.
NOTES_POSTGRES = {
    "latency:10": "well",
    "refuse": "red recovery",
    "reset_peer": "red recovery",
    "blackout": "grey bite",
    "hang": "red no_hang",
    "postgres_error:state=40001,match=notes": "red recovery",
    "postgres_error:at=connect": "grey bite",
}
# A connection for each request: it comes back by itself.
NOTES_MARIADB = {
    "latency:10": "well",
    "refuse": "red status_during",
    "reset_peer": "red status_during",
    "blackout": "red status_during",
    "hang": "red no_hang",
    "mysql_error:code=1213": "red status_during",
    "mysql_error:at=connect,code=1040": "red status_during",
}
HOMESPUN_LDAP = {
    "latency:300": "well",
    "refuse": "well",
    "reset_peer": "well",
    "hang": "well",
    "garbage": "well",
    "truncate:bytes=20": "well",
    "ldap_error:code=51": "well",
    "ldap_error:code=52": "well",
    "ldap_error:kind=disconnect": "well",
}
HOMESPUN_MOZILLA = dict.fromkeys(
    ("latency:300", "refuse", "connect_timeout", "reset_peer", "blackout", "hang", "garbage", "truncate:bytes=20"), "well"
)
ASKS_ALWAYS = "LDAPCacheEntries 0\nLDAPOpCacheEntries 0\n"
PATIENTS = {
    "nginx": Patient("nginx_memcached", memcached, NGINX),
    "nginx-timeouts": Patient(
        "nginx_memcached",
        memcached,
        {"connect_timeout": "well", "hang": "well"},
        "memcached_connect_timeout 500ms; memcached_read_timeout 500ms;",
    ),
    "apache": Patient("apache_ldap", slapd, APACHE, ASKS_ALWAYS),
    "apache-timeouts": Patient(
        "apache_ldap", slapd, {"hang": "red status_during"}, ASKS_ALWAYS + "LDAPTimeout 1\nLDAPConnectionTimeout 1\nLDAPRetries 0"
    ),
    "apache-remembers": Patient("apache_ldap", slapd, {"refuse": "well", "hang": "grey bite"}),
    "notes-postgres": Patient("notes_postgres", postgres, NOTES_POSTGRES, program="notes_postgres.py"),
    "notes-careful": Patient("notes_postgres", postgres, dict.fromkeys(NOTES_POSTGRES, "well"), program="notes_careful.py"),
    "notes-mariadb": Patient("notes_mariadb", mariadb, NOTES_MARIADB),
    "homespun": Patient("homespun_ldap", slapd, HOMESPUN_LDAP),
    "homespun-mozilla": Patient("homespun_mozilla", accounts, HOMESPUN_MOZILLA),
}


def user_of(experiment: str) -> str:
    """The line for servers that change their user when root starts them."""
    if os.getuid() != 0:
        return ""
    return "User www-data\nGroup www-data" if experiment.startswith("apache") else "user www-data;"


def fill_in(name: str, values: Mapping[str, str]) -> str:
    """A file of patients/real with its placeholders replaced."""
    text = (REAL / name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def homespun_command(program: Path, folder: Path, front: int, back: int, experiment: str) -> list[str]:
    """`homespun serve` whose users are in the directory, whom it looks up at every request, or at the account server."""
    if experiment == "homespun_mozilla":
        settings = ["accounts=mozilla", f"ca_file={folder / 'server' / 'authority.pem'}"]
        settings += [f"mozilla.{name}_url=https://127.0.0.1:{back}/v1/{name}" for name in ("jwks", "verify")]
    else:
        settings = ["auth.backend=ldap", "auth.remember_s=0", f"ldap.uri=ldap://127.0.0.1:{back}", "ldap.use_tls=false"]
        settings += [f"ldap.search_root={PEOPLE}", f"ldap.bind_user={READER}", "ldap.bind_password=reader secret"]
    words = [word for setting in settings for word in ("--set", setting)]
    return [str(program), "serve", "--listen", f"127.0.0.1:{front}", "--data", str(folder / "data"), *words]


def prepare(patient: Patient, homespun: Path, folder: Path, upstream: int) -> Path:
    """Writes the application's configuration and the experiment; the latter's file."""
    front, back = free_port(), free_port()
    (folder / "pages").mkdir()
    (folder / "pages" / "page").write_text(PAGE)
    for place in (folder, folder / "pages"):
        place.chmod(0o755)  # for servers that change their user
    values = {
        "folder": str(folder),
        "here": str(REAL),
        "front": str(front),
        "back": str(back),
        "upstream": str(upstream),
        "application": str(free_port()),
        "user": user_of(patient.experiment),
        "more": patient.settings,
        "program": patient.program,
        "people": PEOPLE,
        "reader": READER,
        "login": base64.b64encode(b"ann:ann secret").decode(),
        "command": json.dumps(homespun_command(homespun, folder, front, back, patient.experiment)),
        "signed": signed.read_text() if (signed := folder / "server" / "signed").exists() else "",
    }
    for name in ("nginx.conf", "apache.conf"):
        (folder / name).write_text(fill_in(name, values), encoding="utf-8")
    experiment = json.loads(fill_in(f"{patient.experiment}.json", values))
    behaviours = experiment["schedule"]["matrix"]["behaviours"]
    unknown = set(patient.cells) - set(behaviours)
    check(not unknown, f"the experiment does not have {unknown}")
    experiment["schedule"]["matrix"]["behaviours"] = [each for each in behaviours if each in patient.cells]
    file = folder / "experiment.json"
    file.write_text(json.dumps(experiment), encoding="utf-8")
    return file


def judged(patient: Patient, seism: Path, homespun: Path, folder: Path) -> tuple[dict[str, Any], str]:
    """The experiments by their behaviours as `seism run` has judged them, and what it said."""
    (folder / "server").mkdir(parents=True)
    with patient.server(folder / "server") as upstream:
        command = [seism, "run", prepare(patient, homespun, folder, upstream), "-o", folder / "out"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HOMESPUN_")}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT, check=False, cwd=folder, env=environment | {"HOME": str(folder)}
        )
    verdict = folder / "out" / "verdict.json"
    check(verdict.exists(), f"no verdict: {done.stdout}{done.stderr}")
    experiments = json.loads(verdict.read_text(encoding="utf-8"))["experiments"]
    return {each["id"].partition("/")[2]: each for each in experiments}, done.stdout + done.stderr


def complaint(expected: str, trial: Mapping[str, Any] | None) -> str:
    """What is not as expected; empty when all is."""
    if trial is None:
        return "was not carried out"
    colour, _, rule = expected.partition(" ")
    seen = {"inconclusive": "grey", "green": "well", "amber": "well"}.get(trial["overall"], trial["overall"])
    word = {"grey": "inconclusive"}.get(colour, colour)
    rules = [f"{each['id']} {each['verdict']}" for each in trial["rules"] if each["verdict"] != "green"]
    if seen != colour or (rule and f"{rule} {word}" not in rules):
        return f"is {seen}, not {expected}: {', '.join(rules)}"
    return ""


def main() -> int:
    """0 when every cell is as expected."""
    parser = argparse.ArgumentParser(description="Real applications behind a real seism.")
    parser.add_argument("--seism", type=Path, required=True)
    parser.add_argument("--homespun", type=Path, required=True)
    parser.add_argument("--only", default="", help="patients with this in their name")
    parser.add_argument("--keep", type=Path, help="leave configurations and reports in this folder, which must not exist")
    options = parser.parse_args()
    passed = failed = 0
    with ExitStack() as stack:
        place = options.keep.resolve() if options.keep else Path(tempfile.mkdtemp(prefix="homespun-patients-"))
        place.mkdir(mode=0o755, exist_ok=not options.keep)
        place.chmod(0o755)
        if not options.keep:
            stack.callback(shutil.rmtree, place, ignore_errors=True)
        programs = options.seism.resolve(), options.homespun.resolve()
        chosen = {name: patient for name, patient in PATIENTS.items() if options.only in name}
        # They wait most of the time: they share the machine.
        pool = stack.enter_context(ThreadPoolExecutor(len(PATIENTS)))
        runs = {name: pool.submit(judged, patient, *programs, place / name) for name, patient in chosen.items()}
        for name, patient in chosen.items():
            try:
                trials, said = runs[name].result()
            except Exception:  # whatever it is, the others go on
                failed += len(patient.cells)
                print(f"FAILED {name}: {traceback.format_exc()}", flush=True)
                continue
            wrong = {cell: text for cell, expected in patient.cells.items() if (text := complaint(expected, trials.get(cell)))}
            for cell, trial in trials.items():
                print(f"{'FAILED' if cell in wrong else 'ok'} {name} {cell}: {wrong.get(cell, trial['overall'])}")
            if wrong:
                print(f"{wrong}\n{said}", flush=True)
            failed += len(wrong)
            passed += len(patient.cells) - len(wrong)
    print(f"patients: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
