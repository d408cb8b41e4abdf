"""The dashboard in a real Chromium that is driven: proxies live, results of a run, and who is turned away."""

import http.client
import json
import re
import shutil
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chromium import ChromiumError
from devtools import DrivenChromium
from processes import Child, tail
from seism_server import SeismServer, check, connect, round_trip, upstream, wait_until

PHONE_WIDTH = 360
RECORDED = Path(__file__).resolve().parent / "recorded" / "results"
HOSTILE = "<img src=x onerror=alert(1)>/\u202edb"
MARKUP = "<b>not bold</b><script>hacked=1</script>"


class Page:
    """The dashboard of a server in a browser."""

    def __init__(self, browser: DrivenChromium, url: str) -> None:
        self.browser = browser
        self.url = url

    def open(self) -> None:
        """Loads it."""
        self.browser.navigate(self.url)
        self.browser.until("document.documentElement.dataset.ready", 20)

    def until(self, condition: str, limit: float = 20) -> None:
        """Waits until it holds on the page."""
        try:
            self.browser.until(f"Boolean({condition})", limit)
        except ChromiumError as problem:
            text = self.browser.run("document.body.innerText")
            raise AssertionError(f"{problem}; the page says {text[:1500]!r}") from problem

    def figure(self, proxy: str, name: str) -> str:
        """The expression for a figure of a proxy."""
        return (
            f"[...document.querySelectorAll('.proxy')].find(each => each.dataset.proxy === {json.dumps(proxy)})"
            f"?.querySelector('[data-figure={json.dumps(name)}] dd')?.textContent"
        )

    def check_width(self, what: str) -> None:
        """Nothing makes a phone scroll sideways."""
        needed, width = self.browser.run("[document.documentElement.scrollWidth, innerWidth]")
        check(width <= PHONE_WIDTH and needed <= PHONE_WIDTH, f"{what} needs {needed} pixels in a window of {width}")

    def check_quiet(self, refusals: int = 0) -> None:
        """No script of a name ran, the policy was never broken, nothing else was asked for, no more than so much was refused."""
        check(self.browser.run("window.hacked") is None and not self.browser.dialogs, f"a name's script ran: {self.browser.dialogs}")
        refused = [each for each in self.browser.complaints if "status of 400" in each]
        check(self.browser.complaints == refused and len(refused) == refusals, f"the browser complains: {self.browser.complaints}")
        asked = {request["url"] for request in self.browser.requests if not request["url"].startswith(self.url)}
        check(asked <= {"about:blank"}, f"it asked for {asked}")


def dashboard_of(server: SeismServer) -> str:
    """Where its dashboard is."""
    found = re.search(r" seism_dashboard url=(\S+)", server.log.read_text())
    assert found is not None
    return found[1]


@contextmanager
def page_of(program: Path, folder: Path, *flags: str) -> Iterator[tuple[SeismServer, Page]]:
    """A server and its dashboard in a browser."""
    with (
        SeismServer(program, folder, "-dashboard", "127.0.0.1:0", *flags) as server,
        DrivenChromium(folder / "chromium") as browser,
    ):
        yield server, Page(browser, dashboard_of(server))


def ask(url: str, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, str]:
    """One request with exactly these headers."""
    port = int(url.rstrip("/").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def toxic_by_hand(program: Path, folder: Path) -> None:
    """A latency added in the page slows a connection that is there, changed it slows it more, removed it slows it no more."""
    with upstream() as echo, page_of(program, folder) as (server, page):
        port = server.proxy(echo, "echo")
        page.open()
        page.until(f"{page.figure('echo', 'open')} === '0'")
        with connect(port) as peer:
            check(round_trip(peer) < 0.2, "slow from the beginning")
            page.until(f"{page.figure('echo', 'open')} === '1'")
            page.until(f"{page.figure('echo', 'to the client')} === '4 B'")
            page.browser.click(".proxy .add")
            check(page.browser.run("document.activeElement.matches('.toxic-form .type')"), "the focus is not in the form")
            page.browser.fill("[data-attribute=latency]", "many")
            page.browser.click(".toxic-form [type=submit]")
            page.until("document.querySelector('.toxic-form .problem').textContent.includes('latency')")
            page.browser.fill("[data-attribute=latency]", "300")
            page.browser.fill(".toxic-form .name", MARKUP)
            page.browser.press("Enter")
            page.until("document.querySelector('.toxics li .toxic-name')?.textContent === " + json.dumps(MARKUP))
            check(round_trip(peer) >= 0.3, "the toxic added by hand does nothing")
            page.until(f"{page.figure('echo', 'bites')} === '1'")
            page.until("document.querySelector('#events li')?.innerText.includes('bit connection 0')")
            page.browser.click(".toxics li button")
            page.browser.fill("[data-attribute=latency]", "600")
            page.browser.click(".toxic-form [type=submit]")
            page.until("document.querySelector('.toxics li')?.innerText.includes('latency 600')")
            check(round_trip(peer) >= 0.6, "the change does nothing")
            page.browser.click(".toxics li button:last-child")
            page.until("!document.querySelector('.toxics li')")
            check(round_trip(peer) < 0.3, "the toxic was not removed")
        check(server.well("GET", "/proxies").json["echo"]["toxics"] == [], "the server has it still")
        page.check_quiet()


def proxies_by_hand(program: Path, folder: Path) -> None:
    """Created, disabled, enabled, reset and deleted by keyboard and buttons; what the server refuses is said."""
    with upstream() as echo, page_of(program, folder) as (server, page):
        page.open()
        page.browser.click("#new-proxy summary")
        page.browser.fill("#new-name", "made")
        page.browser.press("Enter")
        page.until("document.querySelector('#new-proxy .problem').textContent.includes('upstream')")
        page.browser.fill("#new-upstream", echo)
        page.browser.fill("#new-listen", "127.0.0.1:0")
        page.browser.press("Enter")
        page.until(f"{page.figure('made', 'accepted')} === '0'")
        port = int(server.well("GET", "/proxies").json["made"]["listen"].rsplit(":", 1)[1])
        with connect(port) as peer:
            round_trip(peer)
        page.browser.click(".proxy .switch")
        page.until("document.querySelector('.proxy').dataset.enabled === 'false'")
        check(not server.well("GET", "/proxies").json["made"]["enabled"], "the server has it enabled")
        server.toxic("latency", proxy="made", latency=5)
        page.until("document.querySelector('.toxics li')")
        page.browser.click("#reset")
        page.until("document.querySelector('.proxy').dataset.enabled === 'true' && !document.querySelector('.toxics li')")
        page.browser.click(".proxy .switch + button")
        page.until("document.querySelector('.proxy .switch + button').textContent === 'Delete it?'")
        check("made" in server.well("GET", "/proxies").json, "one click deletes")
        page.browser.click(".proxy .switch + button")
        page.until("!document.querySelector('.proxy')")
        check(server.well("GET", "/proxies").json == {}, "it is still there")
        page.check_quiet(refusals=1)


def hostile_names(program: Path, folder: Path) -> None:
    """Names of proxies and toxics are texts, whatever they look like, and can be acted on."""
    with upstream() as echo, page_of(program, folder) as (server, page):
        for name in (HOSTILE, "__proto__", "constructor", "x" * 3000):
            server.proxy(echo, name)
        server.toxic("latency", proxy=HOSTILE, latency=1)
        page.open()
        page.until("document.querySelectorAll('.proxy').length === 4")
        text = page.browser.run("document.querySelector('#proxies').innerText")
        check("<img src=x onerror=alert(1)>/[U+202E]db" in text, f"the name is not shown as it is: {text[:300]!r}")
        check(page.browser.run("document.querySelector('#proxies img') === null"), "a name became markup")
        page.browser.click(".toxics li button:last-child")
        page.until("!document.querySelector('.toxics li')")
        check(server.well("GET", "/proxies").json[HOSTILE]["toxics"] == [], "the toxic of the hostile proxy is still there")
        page.browser.phone(PHONE_WIDTH)
        page.check_width("long names")
        page.check_quiet()


def every_type_has_its_form(program: Path, folder: Path) -> None:
    """Each type of the catalogue can be added with the values its form begins with, or says why not; none is too wide for a phone."""
    with upstream() as echo, page_of(program, folder) as (server, page):
        server.proxy(echo, "p")
        types = [each["name"] for each in server.well("GET", "/seism/v1/types").json]
        page.open()
        page.browser.phone(PHONE_WIDTH, dark=True)
        page.until("document.querySelector('.proxy .add')")
        page.browser.click(".proxy .add")
        for name in types:
            form = "document.querySelector('.toxic-form')"
            page.browser.run(f"(() => {{ const t = {form}.querySelector('.type'); t.value = {json.dumps(name)};"
                             "t.dispatchEvent(new Event('change')); })()")  # fmt: skip
            check(page.browser.run(f"{form}.querySelector('.type').value") == name, f"{name} is not in the list")
            said = page.browser.run(f"{form}.querySelector('.says').textContent")
            check(len(said) > 10, f"{name}: nothing says what it does")
            page.check_width(name)
        for name in ("latency", "slicer", "reset_peer", "http_error"):
            page.browser.run("document.querySelector('.toxic-form .type').value = " + json.dumps(name))
            page.browser.run("document.querySelector('.toxic-form .type').dispatchEvent(new Event('change'))")
            page.browser.click(".toxic-form [type=submit]")
            page.until(f"[...document.querySelectorAll('.toxics li')].some(each => each.innerText.includes('{name}'))")
            page.browser.click(".proxy .add")
        check(len(server.well("GET", "/proxies").json["p"]["toxics"]) == 4, "not all four were added")
        page.check_quiet()


def matrix_and_timeline(program: Path, folder: Path) -> None:
    """Results of a run: colours, rules, dots, band and curves of a cell that is clicked; on a desk and on a phone."""
    log = folder / "log"
    output = folder / "output"
    child = Child([str(program), "dashboard", "-port", "0", str(RECORDED)], log, None, output)
    try:
        wait_until(lambda: output.exists() and output.read_text().endswith("\n"), f"it serves: {tail(log, 5)}")
        with DrivenChromium(folder / "chromium") as browser:
            page = Page(browser, output.read_text().strip())
            page.open()
            page.until("document.querySelectorAll('.cell').length === 12")
            check(browser.run("document.querySelector('#live').hidden"), "proxies are shown where there are none")
            verdict = json.loads((RECORDED / "verdict.json").read_text())
            for trial in verdict["experiments"]:
                colour = trial["overall"].replace("inconclusive", "grey")
                cell = f"[...document.querySelectorAll('.cell')].find(each => each.dataset.trial === {json.dumps(trial['id'])})"
                check(browser.run(f"{cell}.classList.contains('{colour}')"), f"{trial['id']} is not {colour}")
            cell = "document.querySelector('.cell[data-trial=\"db/refuse\"]')"
            browser.run(f"{cell}.focus()")
            browser.press("Enter")
            page.until("document.querySelector('#trial .timeline')")
            check(browser.run(f"{cell}.getAttribute('aria-pressed') === 'true' && document.activeElement === {cell}"),
                  "the cell is not the one that was chosen, or lost the focus")  # fmt: skip
            lines = [json.loads(line) for line in (RECORDED / "requests.jsonl").read_text().splitlines()]
            mine = [each for each in lines if each["experiment"] == "db/refuse"]
            failed = sum(each["outcome"] == "http_error" for each in mine)
            check(failed > 10, f"the recorded results have {failed} failures")
            label = browser.run("document.querySelector('.timeline').getAttribute('aria-label')")
            check(f"{failed} error status" in label and "perturbed 1 time" in label, f"the timeline tells {label!r}")
            marks = browser.run("document.querySelector('.dots.error').getAttribute('d').match(/M/g).length")
            check(marks == failed, f"{marks} marks for {failed} failures")
            inside = browser.run("""(() => {
                const band = document.querySelector('.band').getBBox(), box = document.querySelector('.dots.error').getBBox();
                return [band.x - 6, box.x, box.x + box.width, band.x + band.width + 6]; })()""")
            check(inside == sorted(inside), f"the failures are not inside the band: {inside}")
            for curve in ("cpu", "memory"):
                size = browser.run(f"document.querySelector('.curve.{curve}').getTotalLength()")
                check(size > 100, f"the curve of {curve} is {size} long")
            text = browser.run("document.querySelector('#trial').innerText")
            for words in ("status_during", "30 x 500", "/<b>offers</b>", "Phases"):
                check(words in text, f"{words!r} is not in {text[:800]!r}")
            check(browser.run("document.querySelector('#trial b') === null"), "a path became markup")
            for dark in (False, True):
                browser.phone(PHONE_WIDTH, dark=dark)
                page.check_width("results")
                wide = browser.run("document.querySelector('.timeline').getBoundingClientRect().right")
                check(wide <= PHONE_WIDTH, f"the timeline ends at {wide}")
            page.check_quiet()
    finally:
        check(child.terminate() == 0, f"it did not end well: {tail(log, 5)}")


def a_run_is_followed(program: Path, folder: Path) -> None:
    """Files that grow are shown as they grow, without a verdict, and then with one."""
    results = folder / "results"
    results.mkdir()
    events = (RECORDED / "events.jsonl").read_text().splitlines(keepends=True)
    requests = [json.loads(line) for line in (RECORDED / "requests.jsonl").read_text().splitlines()]
    late = ("experiment", "phase", "cycle", "after_index", "golden", "exposed")  # not known while it goes on
    live = [json.dumps({name: value for name, value in each.items() if name not in late}) + "\n" for each in requests]
    stop = next(index for index, line in enumerate(events) if "perturbation.stop" in line)
    with page_of(program, folder, "-results", str(results)) as (_, page):
        page.open()
        page.until("document.querySelector('#results-line').textContent.includes('no results yet')")
        with (results / "requests.jsonl").open("w") as file, (results / "events.jsonl").open("w") as happened:
            file.writelines(live[:40])
            file.flush()
            page.until("document.querySelector('#results-line').textContent.includes('40 requests so far')")
            happened.writelines(events[:stop])
            happened.flush()
            page.until("document.querySelector('.cell')?.textContent === 'running'")
            page.browser.click(".cell")
            page.until("document.querySelectorAll('.timeline .band').length === 1")
            width = page.browser.run("document.querySelector('.band').getBBox().width")
            file.write(live[40][:20])
            file.flush()
            file.write(live[40][20:] + "".join(live[41:110]))
            file.flush()
            happened.write(events[stop])
            happened.flush()
            page.until("document.querySelector('#results-line').textContent.includes('110 requests so far')")
            page.until(f"document.querySelector('.band').getBBox().width !== {width}")
        for name in ("verdict.json", "requests.jsonl", "events.jsonl", "samples.jsonl"):
            shutil.copy(RECORDED / name, results / "new")
            (results / "new").rename(results / name)
        page.until("document.querySelectorAll('.cell').length === 12")
        page.until("document.querySelector('#results-line').textContent.includes('red')")
        page.check_quiet()


def a_real_run_is_followed(program: Path, folder: Path) -> None:
    """`seism run` itself: requests are counted while it goes on, curves are drawn, and its verdict takes their place."""
    results = folder / "results"
    results.mkdir()
    ports = []
    for _ in range(3):
        with socket.create_server(("127.0.0.1", 0)) as free:
            ports.append(free.getsockname()[1])
    with upstream(lambda peer: [peer.sendall(b"value 42\n") for _ in iter(lambda: peer.recv(1 << 16), b"")] and None) as store:
        experiment = {
            "seism": 1,
            "title": "followed",
            "app": {
                "command": [sys.executable, str(RECORDED.parent / "shop.py"), *map(str, ports), "1"],
                "ready": f"http://127.0.0.1:{ports[0]}/ready",
            },
            "front": {"upstream": f"127.0.0.1:{ports[0]}"},
            "backs": [
                {"name": "db", "listen": f"127.0.0.1:{ports[1]}", "upstream": store},
                {"name": "cache", "listen": f"127.0.0.1:{ports[2]}", "upstream": store},
            ],
            "traffic": {"rate": 20, "requests": [{"GET": "/item/1"}]},
            "perturbations": [{"name": "db gone", "proxy": "db", "behaviour": "reset_peer", "for": "3s"}],
        }
        file = folder / "experiment.json"
        file.write_text(json.dumps(experiment))
        with page_of(program, folder, "-results", str(results)) as (_, page):
            page.open()
            run = Child([str(program), "run", str(file), "-o", str(results)], folder / "run.log")
            try:
                page.until("document.querySelector('.cell')?.textContent === 'running'", 60)
                page.browser.click(".cell")
                page.until("document.querySelector('.dots.error') && document.querySelector('.curve.memory').getTotalLength() > 20")
                line = "document.querySelector('#results-line').textContent"
                check("a run goes on" in page.browser.run(line), "the run was over before it was followed")
                check(run.wait(60) == 1, f"the run: {tail(folder / 'run.log', 5)}")
            finally:
                run.terminate()
            page.until(f"{line}.startsWith('followed: red')")
            page.until("document.querySelector('.cell').textContent === 'red' && document.querySelector('#trial').innerText.includes('status_during')")
            page.check_quiet()


def others_are_turned_away(program: Path, folder: Path) -> None:
    """A page of another origin neither reads nor changes; other hosts, no token, and whoever is not a browser get a clear no."""
    with (
        upstream() as echo,
        upstream(lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 22\r\nConnection: close\r\n\r\n"
                                           b"<!doctype html><p>evil") and None) as evil,
        page_of(program, folder) as (server, page),
    ):  # fmt: skip
        server.proxy(echo, "p")
        server.toxic("latency", latency=1)
        url, host = page.url, page.url.removeprefix("http://").rstrip("/")
        page.open()
        token = page.browser.run("document.querySelector('meta[name=seism-token]').content")
        check(re.fullmatch("[0-9a-f]{32}", token) is not None, f"the token is {token!r}")
        # Even one who knows the token.
        page.browser.navigate(f"http://{evil}/")
        attack = (
            "Promise.all([['POST', 'cors', {'X-Seism-Token': TOKEN}], ['POST', 'no-cors', {}], ['GET', 'cors', {}]].map("
            "([method, mode, headers]) => fetch(URL, {method, mode, headers, body: method === 'POST' ? '{}' : undefined})"
            ".then(answer => answer.type + answer.status, () => 'refused')))"
        )
        said = page.browser.run(attack.replace("TOKEN", json.dumps(token)).replace("URL", json.dumps(url + "api/reset")))
        check(said == ["refused"] * 3, f"a page elsewhere got {said}")
        check(len(server.well("GET", "/proxies/p/toxics").json) == 1, "a page elsewhere removed the toxic")
        own = {"Host": host, "Origin": f"http://{host}", "X-Seism-Token": token}
        cases: list[tuple[str, str, dict[str, str], int, str]] = [
            ("GET", "/api/proxies", {"Host": "evil.example"}, 403, "this machine only"),
            ("GET", "/", {"Host": f"evil.example:{host.rpartition(':')[2]}"}, 403, "this machine only"),
            ("GET", "/api/proxies", {"Host": host, "Origin": f"http://{evil}"}, 403, "another origin"),
            ("GET", "/live", {"Host": host, "Sec-Fetch-Site": "cross-site"}, 403, "another site"),
            ("POST", "/api/reset", {"Host": host}, 403, "Origin"),
            ("POST", "/api/reset", {**own, "X-Seism-Token": "0" * 32}, 403, "earlier start"),
            ("POST", "/api/reset", own, 204, ""),
            ("POST", "/", own, 405, "only GET"),
            ("GET", "/api/proxies", {"Host": host, "User-Agent": "Mozilla/5.0"}, 200, '"p"'),
            ("GET", "/results/verdict.json", {"Host": host}, 404, "no such results"),
            ("GET", "/../seism.css", {"Host": host}, 404, "nothing here"),
            ("GET", "/pages.test.mjs", {"Host": host}, 404, "nothing here"),
            ("GET", "/nothing", {"Host": host}, 404, "nothing here"),
        ]
        for method, path, headers, status, words in cases:
            answered, text = ask(url, method, path, headers)
            check(answered == status and words in text, f"{method} {path} {headers}: {answered} {text[:200]!r}")
        check(server.call("GET", "/proxies", headers={"User-Agent": "Mozilla/5.0"}).status == 403, "the API itself lets browsers in")


def is_loopback_only(program: Path, folder: Path) -> None:
    """Another host, a port that is taken, a missing directory: said, and the server does not start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for number, (flags, words) in enumerate((
            (["-dashboard", "0.0.0.0:0"], "not of this machine alone"),
            (["-dashboard", "192.0.2.1:8475"], "not of this machine alone"),
            (["-dashboard", "unix:/tmp/x"], "not of this machine alone"),
            (["-dashboard", "many"], "dashboard"),
            (["-dashboard", str(port)], "Address already in use"),
            (["-dashboard", "127.0.0.1:0", "-results", str(folder / "missing")], "missing"),
            (["-results", str(folder)], "-dashboard"),
        )):  # fmt: skip
            log = folder / f"log-{number}"
            child = Child([str(program), "server", "-port", "0", *flags], log)
            try:
                status = child.wait(20)
            finally:
                child.terminate()
            check(status != 0 and words in log.read_text(), f"{flags}: {status}, {log.read_text()[:300]!r}")


def many_streams_end_in_time(program: Path, folder: Path) -> None:
    """Streams that nobody reads, and clients that go without a word, keep the server from nothing."""
    with SeismServer(program, folder, "-dashboard", "127.0.0.1:0") as server:
        port = int(dashboard_of(server).rstrip("/").rpartition(":")[2])
        peers: list[Any] = [connect(port) for _ in range(200)]
        for peer in peers:
            peer.sendall(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        begin = b""
        while b"event: state" not in begin and (piece := peers[0].recv(4096)):
            begin += piece
        check(b"event: state" in begin, f"no stream came but {begin!r}")
        for peer in peers[:100]:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
        server.well("GET", "/proxies")
        end = time.monotonic()
    check(time.monotonic() - end < 4, f"the server took {time.monotonic() - end:.1f} s to end")
    for peer in peers[100:]:
        peer.close()


CASES: tuple[Callable[[Path, Path], None], ...] = (
    toxic_by_hand,
    proxies_by_hand,
    hostile_names,
    every_type_has_its_form,
    matrix_and_timeline,
    a_run_is_followed,
    a_real_run_is_followed,
    others_are_turned_away,
    is_loopback_only,
    many_streams_end_in_time,
)
