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
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
REAL = HERE / "patients" / "real"
for _place in (HERE.parent / "e2e", HERE.parent / "servers", HERE):
    sys.path.insert(0, str(_place))

import real_servers  # noqa: E402 - found by the path above
from directory import PEOPLE, READER, Directory, person  # noqa: E402
from processes import free_port  # noqa: E402
from seism_server import check, connect  # noqa: E402

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


@dataclass(frozen=True)
class Patient:
    """An application, its back-end, and what becomes of it: for each cell the rules that are red, or `grey`; green or amber else."""

    experiment: str
    server: Callable[[Path], Iterator[int]]
    cells: Mapping[str, str]
    settings: str = ""  # lines of the application's configuration beside the standard ones
    files: tuple[str, ...] = field(default=())


PATIENTS: dict[str, Patient] = {
    "nginx": Patient("nginx_memcached", memcached, {}, files=("nginx.conf",)),
    "nginx-timeouts": Patient(
        "nginx_memcached", memcached, {}, "memcached_connect_timeout 500ms; memcached_read_timeout 500ms;", files=("nginx.conf",)
    ),
    "apache": Patient("apache_ldap", slapd, {}, "LDAPCacheEntries 0\nLDAPOpCacheEntries 0", files=("apache.conf",)),
    "apache-timeouts": Patient(
        "apache_ldap", slapd, {}, "LDAPCacheEntries 0\nLDAPOpCacheEntries 0\nLDAPTimeout 1\nLDAPConnectionTimeout 1", files=("apache.conf",)
    ),
    "apache-remembers": Patient("apache_ldap", slapd, {}, files=("apache.conf",)),
    "notes-postgres": Patient("notes_postgres", postgres, {}),
    "notes-mariadb": Patient("notes_mariadb", mariadb, {}),
    "homespun": Patient("homespun_ldap", slapd, {}),
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


def homespun_command(program: Path, folder: Path, front: int, back: int) -> list[str]:
    """`homespun serve` whose users are in the directory; it asks for every request."""
    settings = ["auth.backend=ldap", "auth.remember_s=0", f"ldap.uri=ldap://127.0.0.1:{back}", "ldap.use_tls=false"]
    settings += [f"ldap.search_root={PEOPLE}", f"ldap.bind_user={READER}", "ldap.bind_password=reader secret"]
    words = [word for setting in settings for word in ("--set", setting)]
    return [str(program), "serve", "--listen", f"127.0.0.1:{front}", "--data", str(folder / "data"), *words]


def run(patient: Patient, seism: Path, homespun: Path, folder: Path) -> dict[str, str]:
    """The cells as `seism run` has judged them."""
    front, back, application = free_port(), free_port(), free_port()
    (folder / "pages").mkdir(parents=True)
    (folder / "pages" / "page").write_text(PAGE)
    for place in (folder, folder / "pages"):
        place.chmod(0o755)
    own = folder / "server"
    own.mkdir()
    with patient.server(own) as upstream:  # type: ignore[attr-defined]
        values = {
            "folder": str(folder), "here": str(REAL), "front": str(front), "back": str(back), "upstream": str(upstream),
            "application": str(application), "user": user_of(patient.experiment), "more": patient.settings, "people": PEOPLE,
            "reader": READER, "login": base64.b64encode(b"ann:ann secret").decode(),
            "command": json.dumps(homespun_command(homespun, folder, front, back)),
        }
        for name in patient.files:
            (folder / name).write_text(fill_in(name, values), encoding="utf-8")
        experiment = folder / "experiment.json"
        experiment.write_text(fill_in(f"{patient.experiment}.json", values), encoding="utf-8")
        out = folder / "out"
        done = subprocess.run(
            [seism, "run", experiment, "-o", out], capture_output=True, text=True, timeout=LIMIT, check=False, cwd=folder,
            env={**os.environ, "HOME": str(folder)},
        )
    (folder / "said").write_text(done.stdout + done.stderr)
    check((out / "verdict.json").exists(), f"no verdict: {done.stdout}{done.stderr}")
    verdict = json.loads((out / "verdict.json").read_text())
    return {each["id"]: cell(each) for each in verdict["experiments"]}


def cell(trial: Mapping[str, object]) -> str:
    """`green` or `amber`, `grey` with the rules that could not be judged, or the rules that are red."""
    rules: list[dict[str, str]] = trial["rules"]  # type: ignore[assignment]
    bad = {colour: sorted(rule["id"] for rule in rules if rule["verdict"] == colour) for colour in ("red", "inconclusive")}
    if bad["inconclusive"]:
        return "grey " + " ".join(bad["inconclusive"])
    return " ".join(bad["red"]) or str(trial["verdict"])


def main() -> int:
    """0 when every cell is as expected."""
    parser = argparse.ArgumentParser(description="Real applications behind a real seism.")
    parser.add_argument("--seism", type=Path, required=True)
    parser.add_argument("--homespun", type=Path, required=True)
    parser.add_argument("--only", default="", help="patients with this in their name")
    parser.add_argument("--keep", type=Path, help="leave the reports in this folder")
    options = parser.parse_args()
    passed = failed = 0
    with ExitStack() as stack:
        place = options.keep.resolve() if options.keep else Path(tempfile.mkdtemp(prefix="homespun-patients-"))
        place.mkdir(exist_ok=True)
        place.chmod(0o755)
        if not options.keep:
            stack.callback(shutil.rmtree, place, ignore_errors=True)
        chosen = {name: each for name, each in PATIENTS.items() if options.only in name}
        # They wait most of the time: they share the machine.
        with ThreadPoolExecutor(4) as pool:
            begin = time.monotonic()
            runs = {
                name: pool.submit(run, patient, options.seism.resolve(), options.homespun.resolve(), place / name)
                for name, patient in chosen.items()
            }
            for name, running in runs.items():
                try:
                    cells = running.result()
                except Exception:  # whatever it is, the others go on
                    failed += 1
                    print(f"FAILED {name}: {traceback.format_exc()}", flush=True)
                    continue
                print(name, json.dumps(cells, indent=1), f"{time.monotonic() - begin:.1f} s", flush=True)
    print(f"patients: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
