"""`services`: what runs here, and installations whose services run on several servers."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from checks import ask_for_token, check, complaint_of_start, refused
from homespun_server import HomespunServer
from legacy import free_port
from sync_client import SyncStorage, Token, request

PLACES = {
    "accounts": ("/", "/.well-known/fxa-client-configuration", "/auth/v1/account/create/status", "/oauth/v1/jwks", "/profile/v1/profile"),
    "token": ("/token/1.0/sync/1.5",),
    "storage": ("/storage/1.5/1/info/collections",),
    "user": ("/user/1.0/nobody", "/weave-password-reset"),
    "storage-1.1": ("/1.1/nobody/info/collections", "/1.0/nobody/info/collections", "/1/nobody/info/collections"),
    "keyexchange": ("/keyexchange", "/keyexchange/new_channel"),
}


def only_what_is_named_answers(program: Path, folder: Path) -> None:
    for number, only in enumerate((["accounts"], ["token"], ["storage"], ["token", "storage"], list(PLACES))):
        with HomespunServer(program, folder / str(number), ["--only", ",".join(only)]) as server:
            for service, places in PLACES.items():
                for place in places:
                    status = request("GET", server.root + place).status
                    check((status != 404) == (service in only), f"{only}: {place} answered {status}")
            check(request("GET", f"{server.root}/__lbheartbeat__").status == 200, f"{only}: the operators' addresses")
            check("token" in server.command("secret", "show"), f"{only}: the admin socket")
            config = server.command("config", "--set", f"services={' '.join(only)}")
            check(f"services = {json.dumps(only)}" in config, config)


def a_name_that_is_none_is_refused(program: Path, folder: Path) -> None:
    log = complaint_of_start(program, folder / "unknown", ["services=token,storag"])
    check('services may hold accounts, token, storage, user, storage-1.1, keyexchange, not "storag"' in log, log)
    log = complaint_of_start(program, folder / "none", ["services="])
    check("services is empty" in log, log)
    log = complaint_of_start(program, folder / "both", ["mount.token=https://token.example/token"])
    check("mount.token must begin with /" in log, log)
    with HomespunServer(program, folder / "stranger", ["--only", "storage"]) as server:
        check("accounts, token" in refused(server, "serve", "--only", "nobody"), "--only nobody")


def each_service_on_a_server_of_its_own(program: Path, folder: Path) -> None:
    storage = HomespunServer(program, folder / "storage", ["--only", "storage"])
    front = HomespunServer(program, folder / "front", ["--set", "services=accounts,token", "--set", "token_duration=300"])
    with front:
        storage.data.mkdir(mode=0o700)
        shutil.copy2(front.data / "secrets.json", storage.data / "secrets.json")
        account = json.loads(front.command("seed", "1"))
        answer = ask_for_token(front, account)
        check(answer.status == 503, f"there is no node yet: {answer.status} {answer.body!r}")
        with storage:
            front.command("node", "add", f"{storage.root}/storage", "--capacity", "100")
            answer = ask_for_token(front, account)
            check(answer.status == 200, f"{answer.status} {answer.body!r}")
            token = Token(*(answer.json()[name] for name in ("id", "key", "api_endpoint")))
            check(token.endpoint.startswith(f"{storage.root}/storage/1.5/"), token.endpoint)
            check(SyncStorage(token).request("PUT", "/storage/col/a", b'{"payload":"kept"}').status == 200, "a PUT")


def only_services_of_2010_ask_their_back_end(program: Path, folder: Path) -> None:
    directory = ["auth.backend=ldap", f"ldap.uri=ldap://127.0.0.1:{free_port()}", "ldap.use_tls=false", "ldap.search_root=dc=example,dc=org"]
    settings = [word for value in directory for word in ("--set", value)]

    def heartbeats(server: HomespunServer) -> list[int]:
        answers = []
        for _ in range(5):
            answers.append(request("GET", f"{server.root}/__heartbeat__").status)
            time.sleep(0.2)
        return answers

    with HomespunServer(program, folder / "today", [*settings, "--only", "accounts,token,storage,keyexchange"]) as server:
        check(heartbeats(server) == [200] * 5, f"a directory that nobody needs: {heartbeats(server)}")
        check("backend_down" not in server.log.read_text(), "it was asked")
        check(not (server.data / "registration.db").exists(), "registration.db")
    for only in ("user", "storage-1.1"):
        with HomespunServer(program, folder / only, [*settings, "--set", "public_url=http://127.0.0.1:9", "--only", only]) as server:
            check(503 in heartbeats(server), f"{only}: an outage that the heartbeat does not tell")


def accounts_name_the_token_server_elsewhere(program: Path, folder: Path) -> None:
    more = ["--only", "accounts", "--set", "mount.token=https://token.example/t", "--set", "mount.accounts=/who"]
    with HomespunServer(program, folder / "accounts", more) as server:
        places = request("GET", f"{server.root}/.well-known/fxa-client-configuration").json()
        check(places["sync_tokenserver_base_url"] == "https://token.example/t", f"{places}")
        page = request("GET", f"{server.root}/").body.decode()
        check('data-accounts="/who/v1"' in page, page[:200])
        check(request("GET", f"{server.root}/who/v1/account/create/status").status == 200, "the accounts have moved")


def a_split_behind_one_nginx_passes_the_cases(program: Path, folder: Path) -> None:
    """Every case of tests/api but those about HTTP itself and about the program; and where nginx answers by itself."""
    top = Path(__file__).resolve().parents[2]
    of_nginx = {"storage/names.http::A percent sign that begins nothing", "pages/pages.http::Nor anything outside"}
    folders = [top / "tests" / "api" / name for name in ("accounts", "easysetup", "legacy", "pages", "storage", "token")]
    command = [top / "tests" / "api" / "run_api.py", "--homespun", top / "tests" / "split" / "homespun_split.py"]
    done = subprocess.run(
        [*command, "--report", folder / "report.json", *folders],
        env={**os.environ, "SPLIT_PROGRAM": str(program)}, capture_output=True, text=True, check=False,
    )
    failed = set(re.findall(r"^FAIL (.*) \(line \d+\)$", done.stdout, re.MULTILINE))
    check(failed <= of_nginx, done.stdout[-4000:])
    counts = re.search(r"^api: (\d+) passed, (\d+) failed", done.stdout, re.MULTILINE)
    check(counts is not None and int(counts[1]) > 1000 and int(counts[2]) <= len(of_nginx), done.stdout[-300:] + done.stderr[-1000:])


CASES = (
    only_what_is_named_answers,
    a_name_that_is_none_is_refused,
    each_service_on_a_server_of_its_own,
    only_services_of_2010_ask_their_back_end,
    accounts_name_the_token_server_elsewhere,
    a_split_behind_one_nginx_passes_the_cases,
)
