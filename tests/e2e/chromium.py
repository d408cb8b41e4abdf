"""Chromium, headless: what a page looks like and says in a browser that is no Firefox."""

import shutil
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

from account_page import STATUS, Status
from firefox import browser_environment
from processes import Child, tail
from refusing_proxy import RefusingProxy

QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1000,900",
    "--virtual-time-budget=5000",
)


class ChromiumError(Exception):
    """Chromium did not end, or ended with an error."""


class Chromium:
    """Each call is one run of Chromium with an empty profile; nothing but this machine is in its reach."""

    def __init__(self, folder: Path) -> None:
        """`folder` must not exist; raises FileNotFoundError when Chromium is not installed."""
        program = shutil.which("chromium")
        if program is None:
            raise FileNotFoundError("chromium is not installed (Debian package chromium)")
        self._program = program
        self._folder = folder
        self._folder.mkdir(parents=True)
        self._runs = 0
        self.asked_for: list[str] = []  # every request to the network that any page made

    def page(self, url: str, *flags: str) -> str:
        """The page as HTML, after its scripts have run for up to five (virtual) seconds."""
        output = self._run("--dump-dom", url, flags)
        return output.read_text(errors="replace")

    def screenshot(self, url: str, *flags: str) -> bytes:
        """A PNG of the page at the same time."""
        picture = self._folder / f"picture-{self._runs}.png"
        self._run(f"--screenshot={picture}", url, flags)
        return picture.read_bytes()

    def pdf(self, url: str) -> bytes:
        """The page as it is printed."""
        paper = self._folder / f"paper-{self._runs}.pdf"
        self._run(f"--print-to-pdf={paper}", url)
        return paper.read_bytes()

    def _run(self, action: str, url: str, flags: Sequence[str] = ()) -> Path:
        self._runs += 1
        home = self._folder / f"run-{self._runs}"
        home.mkdir()
        log, output = home / "log", home / "output"
        with RefusingProxy() as proxy:
            command = [self._program, *QUIET, f"--proxy-server=http://127.0.0.1:{proxy.port}", f"--user-data-dir={home}/profile"]
            child = Child([*command, *flags, action, url], log, browser_environment(home), output)
            try:
                status = child.wait(60)
            finally:
                child.terminate()
                self.asked_for += proxy.requests()
        if status != 0:
            raise ChromiumError(f"exit {status}: {tail(log, 5)}")
        return output


class _StatusReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.state = self.error = self.text = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if self._depth:
            self._depth += 1
        elif "#" + (values.get("id") or "") == STATUS:
            self._depth = 1
            self.state, self.error = values.get("data-state") or "", values.get("data-error") or ""

    def handle_endtag(self, tag: str) -> None:
        if self._depth:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.text += data


def read_status(html: str) -> Status:
    """What the sign-in page says, out of its HTML."""
    reader = _StatusReader()
    reader.feed(html)
    return Status(reader.state, reader.error, " ".join(reader.text.split()))
