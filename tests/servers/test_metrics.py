"""/metrics: strictly the format, counters that moved as the traffic did, and the documents that name them."""

import json
import re
import socket
import subprocess
import time
from pathlib import Path

import exposition
from checks import ask_for_token, check, complaint_of_start
from exposition import Family, FormatError
from homespun_server import HomespunServer
from processes import free_port
from sync_client import SyncStorage, request, sign_token

TOP = Path(__file__).resolve().parents[2]
NAME_IN_TEXT = re.compile(r"\b(?:homespun|process)_[a-z0-9_]+")


def scrape(root: str) -> dict[str, Family]:
    """/metrics, read strictly."""
    answer = request("GET", f"{root}/metrics")
    check(answer.status == 200, f"/metrics answered {answer.status}")
    check(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8", answer.headers["content-type"])
    return exposition.read(answer.body.decode())


def value(families: dict[str, Family], name: str, suffix: str = "", **labels: str) -> float:
    """The sum of the samples that have these labels; there must be one."""
    found = [
        number for (its, pairs), number in families[name].samples.items() if its == suffix and set(labels.items()) <= set(pairs)
    ]
    check(bool(found), f"{name}{suffix} {labels} is missing")
    return sum(found)


class Moved:
    """How far each number has moved between two scrapes."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._before = scrape(root)
        self.after = self._before

    def look(self) -> None:
        """Scrapes again."""
        self.after = scrape(self._root)

    def by(self, name: str, suffix: str = "", **labels: str) -> float:
        """After minus before."""
        return value(self.after, name, suffix, **labels) - value(self._before, name, suffix, **labels)

    def expect(self, wanted: float, name: str, suffix: str = "", **labels: str) -> None:
        """It moved by exactly that."""
        got = self.by(name, suffix, **labels)
        check(got == wanted, f"{name}{suffix} {labels} moved by {got}, not {wanted}")


def the_reader_refuses_what_is_wrong(_program: Path, _folder: Path) -> None:
    head = "# HELP a_total A\n# TYPE a_total counter\n"
    histogram = "# HELP h H\n# TYPE h histogram\n"
    whole = 'h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n'
    exposition.read(head + 'a_total{x="q\\"\\\\\\n,}"} 1\n' + histogram + whole)
    wrong = {
        "no end": head + "a_total 1",
        "no type": "# HELP a_total A\na_total 1\n",
        "two types": head + "a_total 1\n" + head + 'a_total{x="1"} 1\n',
        "twice": head + 'a_total{x="1",y="2"} 1\na_total{y="2",x="1"} 1\n',
        "label twice": head + 'a_total{x="1",x="2"} 1\n',
        "raw quote": head + 'a_total{x="a"b"} 1\n',
        "bad escape": head + 'a_total{x="\\t"} 1\n',
        "foreign": head + "b_total 1\n",
        "negative": head + "a_total -1\n",
        "no number": head + "a_total NaN\n",
        "empty": head,
        "badly named": "# HELP a A\n# TYPE a counter\na 1\n",
        "not cumulative": histogram + whole.replace('le="1"} 1', 'le="1"} 3'),
        "no +Inf": histogram + 'h_bucket{le="1"} 2\nh_sum 3\nh_count 2\n',
        "wrong count": histogram + whole.replace("h_count 2", "h_count 3"),
        "no sum": histogram + whole.replace("h_sum 3\n", ""),
    }
    for what, text in wrong.items():
        try:
            exposition.read(text)
        except FormatError:
            continue
        raise AssertionError(f"{what}: was taken")


def numbers_move_with_the_traffic(program: Path, folder: Path) -> None:
    puts, reads, body = 7, 3, json.dumps({"payload": "x" * 1000}).encode()
    with HomespunServer(program, folder / "alone", ["--set", "shards=1"]) as server:
        secret = server.master_secret()
        storage = SyncStorage(sign_token(secret, server.root, 1))
        moved = Moved(server.root)
        for record in range(puts):
            check(storage.request("PUT", f"/storage/bookmarks/{record}", body).status == 200, "PUT")
        check(storage.request("PUT", "/storage/mine/1", body).status == 200, "PUT")
        for _ in range(reads):
            storage.record("bookmarks", "0")
        storage.delete("bookmarks", "0")
        storage.collections()
        check(storage.request("PUT", "/storage/bookmarks/1", b"{").status == 400, "a body that is no JSON")
        for _ in range(2):
            check(request("GET", f"{server.root}/storage/1.5/1/info/collections").status == 401, "without a token")
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.sendall(b"good morning\r\n\r\n")
            raw.recv(1000)
        moved.look()

        written = puts + 1 + 1
        routes, durations = "homespun_http_requests_total", "homespun_http_request_seconds"
        moved.expect(puts + 1, routes, service="storage", route="put_item", code="2xx")
        moved.expect(1, routes, service="storage", route="put_item", code="4xx")
        moved.expect(puts + 2, durations, "_count", service="storage", route="put_item")
        moved.expect(reads, routes, service="storage", route="get_item", code="2xx")
        moved.expect(2, routes, service="storage", route="info_collections", code="4xx")
        check(0 < moved.by(durations, "_sum", service="storage", route="put_item") < 60, "the time of the PUTs")
        classes = "homespun_storage_requests_total"
        moved.expect(puts + 1, classes, collection="bookmarks", operation="write")
        moved.expect(reads, classes, collection="bookmarks", operation="read")
        moved.expect(1, classes, collection="bookmarks", operation="delete")
        moved.expect(1, classes, collection="other", operation="write")
        moved.expect(0, classes, collection="history")
        moved.expect(puts * len(body) + 1, "homespun_storage_received_bytes_total", collection="bookmarks")
        moved.expect(2, "homespun_refusals_total", reason="no_authorization")
        moved.expect(1, "homespun_refusals_total", reason="body_not_json")
        moved.expect(0, "homespun_refusals_total", reason="other")
        moved.expect(written, "homespun_shard_group_requests", "_sum", shard="0")
        groups = moved.by("homespun_shard_group_requests", "_count", shard="0")
        check(1 <= groups <= written, f"{groups} groups of {written} requests")
        check(moved.by("homespun_shard_commit_seconds", "_count", shard="0") >= groups, "commits")
        check(value(moved.after, "homespun_shard_queue_requests") == 0, "all was answered")
        check(value(moved.after, "homespun_shard_readers") == 0, "nobody reads")
        asked = moved.by("homespun_shard_user_table_hits_total") + moved.by("homespun_shard_user_table_misses_total")
        check(asked >= 1, "info/collections asks the table")
        others = 6  # collections, the bad PUT, two without a token, the one without HTTP, the second scrape
        moved.expect(written + reads + others, "homespun_connections_accepted_total")
        check(value(moved.after, "homespun_connections") >= 1, "the scrape's own connection is open")
        moved.expect(1, "homespun_http_parse_errors_total")
        check(moved.by("homespun_http_received_bytes_total") > puts * len(body), "bytes in")
        check(moved.by("homespun_http_sent_bytes_total") > reads * 1000, "bytes out")


def tokens_and_pools_are_counted(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "alone") as server:
        account = json.loads(server.command("seed", "1"))
        moved = Moved(server.root)
        for _ in range(2):
            check(ask_for_token(server, account).status == 200, "a token")
        check(ask_for_token(server, {**account, "access_token": "0" * 64}).status == 401, "no token")
        moved.look()
        moved.expect(2, "homespun_tokens_issued_total")
        moved.expect(1, "homespun_storage_users_created_total")
        moved.expect(1, "homespun_refusals_total", reason="access_token_refused")
        moved.expect(2, "homespun_pool_wait_seconds", "_count", pool="token")
        check(moved.by("homespun_pool_wait_seconds", "_count", pool="accounts") >= 3, "accounts.db was asked each time")
        check("storage_user_created uid=1 " in server.log.read_text(), "the event of the new user")


def the_process_shows_itself(program: Path, folder: Path) -> None:
    begin = time.time()
    with HomespunServer(program, folder / "alone") as server:
        families = scrape(server.root)
        start = value(families, "process_start_time_seconds")
        check(begin - 1 <= start <= time.time() + 1, f"started at {start}, and it is {begin}")
        check(value(families, "process_resident_memory_bytes") > 1 << 20, "resident")
        check(5 < value(families, "process_open_fds") < value(families, "process_max_fds"), "descriptors")
        check(value(families, "process_threads") >= 4, "threads")
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        check(value(families, "homespun_build_info", version=version) == 1, version)


def nobody_outside_sees_them(program: Path, folder: Path) -> None:
    public = ["--public-url", "https://sync.example"]
    with HomespunServer(program, folder / "behind-a-proxy", public) as server:
        check(request("GET", f"{server.root}/metrics").status == 404, "/metrics is there for everybody")
        check(request("GET", f"{server.root}/__heartbeat__").status == 200, "the heartbeat is gone, too")
    trusting = ["--set", "trusted_proxies=127.0.0.1"]
    with HomespunServer(program, folder / "behind-a-trusted-proxy", trusting) as server:
        check(request("GET", f"{server.root}/metrics").status == 404, "/metrics goes out through the proxy")
        check((server.data / "setup-link").exists(), "whoever comes first through the proxy gets an account")
    port = free_port()
    with HomespunServer(program, folder / "own", ["--set", f"metrics_listen=127.0.0.1:{port}"]) as server:
        own = f"http://127.0.0.1:{port}"
        check(value(scrape(own), "homespun_build_info") == 1, "the listener of its own")
        check(request("GET", f"{own}/__heartbeat__").status == 404, "only the metrics are there")
        check(request("GET", f"{server.root}/metrics").status == 404, "/metrics is still beside the rest")
    elsewhere = f"metrics_listen=0.0.0.0:{free_port()}"
    log = complaint_of_start(program, folder / "open", [elsewhere])
    check("metrics_public" in log, log)
    with HomespunServer(program, folder / "meant", ["--set", elsewhere, "--set", "metrics_public=true"]) as server:
        check(request("GET", f"{server.root}/metrics").status == 404, "/metrics is still beside the rest")


def family_of(word: str, families: dict[str, Family]) -> str:
    """The family that a name in a query means."""
    base = re.sub(r"_(bucket|sum|count)$", "", word)
    return base if base in families and families[base].kind == "histogram" else word


def documents_name_what_is_there(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "alone") as server:
        families = scrape(server.root)
    page = (TOP / "docs" / "metrics.md").read_text()
    described = {
        name: (kind, set(re.findall(r"`([a-z]+)`", labels)))
        for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\| [^|]+ \|$", page, re.MULTILINE)
    }
    for name, family in families.items():
        labels = {label for _, pairs in family.samples for label, _ in pairs} - {"le"}
        check(described.get(name) == (family.kind, labels), f"{name} is a {family.kind} with {labels}, not {described.get(name)}")
    check(described.keys() == families.keys(), f"described, but not there: {described.keys() - families.keys()}")
    dashboard = json.loads((TOP / "deploy" / "grafana-dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    check(len(queries) >= 10, f"the dashboard has {len(queries)} queries")
    alerts = (TOP / "deploy" / "prometheus-alerts.yml").read_text()
    rules = re.findall(r"^ +expr: (.+)$", alerts, re.MULTILINE)
    check(len(rules) == len(re.findall(r"^ +- alert: \w+$", alerts, re.MULTILINE)) == 5, "five alert rules")
    for query in [*queries, *rules]:
        names = NAME_IN_TEXT.findall(query)
        check(bool(names), f"no metric in {query}")
        for name in names:
            check(family_of(name, families) in families, f"{name} is not there: {query}")


CASES = (
    the_reader_refuses_what_is_wrong,
    numbers_move_with_the_traffic,
    tokens_and_pools_are_counted,
    the_process_shows_itself,
    nobody_outside_sees_them,
    documents_name_what_is_there,
)
