"""A real Firefox with a profile of its own: made, started, restarted, ended."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from marionette import Marionette, MarionetteError
from processes import Child, free_port, tail
from refusing_proxy import RefusingProxy

HERE = Path(__file__).resolve().parent
# Variables that tie a browser to a desktop or to a way out of this machine.
TIES = frozenset(
    "DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR"
    " http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY".split()
)


def read_prefs(path: Path) -> dict[str, Any]:
    """Reads `name = value` lines, value being JSON; `#` at the start of a line begins a comment."""
    prefs = {}
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, value = line.partition(" = ")
            prefs[name.strip()] = json.loads(value)
    return prefs


def browser_environment(home: Path) -> dict[str, str]:
    """The environment a browser is started in."""
    untied = {name: value for name, value in os.environ.items() if name not in TIES}
    return untied | {"HOME": str(home)}


def firefox_program() -> str:
    """The path of Debian's Firefox; raises FileNotFoundError with advice when it is not installed."""
    program = shutil.which("firefox-esr")
    if program is None:
        raise FileNotFoundError("firefox-esr is not installed (Debian package firefox-esr)")
    return program


class Firefox:
    """One profile and, between start() and quit(), the Firefox that uses it.

    The profile knows `root` as its accounts server and nothing else; every request to another host goes to `proxy`, which
    belongs to this profile alone, refuses it and counts it. A context manager: leaving it ends Firefox, keeps the profile.
    """

    def __init__(self, folder: Path, root: str, prefs: Mapping[str, Any] | None = None, names: tuple[str, ...] = ()) -> None:
        """Makes the profile below `folder`, which must not exist. `names` are made-up host names for this machine."""
        self.folder = folder
        self.profile = folder / "profile"
        self.profile.mkdir(parents=True)
        self.log = folder / "firefox.log"
        self.proxy = RefusingProxy()
        self.port = free_port()
        self._child: Child | None = None
        self._driver: Marionette | None = None
        settings = read_prefs(HERE / "base_prefs.txt") | read_prefs(HERE / "quiet_prefs.txt")
        settings |= {
            "marionette.port": self.port,
            "identity.fxaccounts.autoconfig.uri": root,
            "identity.fxaccounts.allowHttp": root.startswith("http://"),
            "network.proxy.http_port": self.proxy.port,
            "network.proxy.ssl_port": self.proxy.port,
            "network.proxy.no_proxies_on": ", ".join(("127.0.0.1", "localhost", "::1", *names)),
            "network.dns.localDomains": ",".join(names),
        }
        settings |= prefs or {}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in settings.items()]
        (self.profile / "user.js").write_text("".join(lines))

    def __enter__(self) -> "Firefox":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.quit()
        self.proxy.close()

    @property
    def driver(self) -> Marionette:
        """The connection to the running Firefox."""
        if self._driver is None:
            raise MarionetteError("not running", str(self.folder))
        return self._driver

    def start(self) -> None:
        """Starts Firefox, headless, with an empty tab, and connects to it."""
        environment = browser_environment(self.folder) | {
            "MOZ_HEADLESS": "1",
            "MOZ_CRASHREPORTER_DISABLE": "1",
            "MOZ_DISABLE_AUTO_SAFE_MODE": "1",
            "MOZ_REMOTE_SETTINGS_DEVTOOLS": "1",  # or a release build ignores services.settings.server
        }
        command = [firefox_program(), "--headless", "--no-remote", "--profile", str(self.profile)]
        command += ["--marionette", "--remote-allow-system-access", "about:blank"]
        self._child = Child(command, self.log, environment)
        try:
            self._driver = Marionette(self.port, self._child.alive)
        except BaseException:
            self.quit()
            raise

    def quit(self) -> None:
        """Ends Firefox, gently if it listens; does nothing when it does not run."""
        child, driver = self._child, self._driver
        self._child = self._driver = None
        if child is None:
            return
        try:
            if driver is not None:
                try:
                    driver.command("Marionette:Quit", {"flags": ["eForceQuit"]})
                    child.wait(20)
                except MarionetteError:
                    pass  # it is gone or deaf; what follows is meant for that
                driver.close()
        finally:
            child.terminate()

    def restart(self) -> None:
        """Quits and starts again with the same profile."""
        self.quit()
        self.start()

    def other_hosts(self) -> list[str]:
        """What this profile has asked of other hosts so far, over all its starts."""
        return self.proxy.requests()

    def sync_logs(self, files: int = 2, lines: int = 25) -> str:
        """The ends of the newest logs that Sync has written."""
        logs = sorted((self.profile / "weave" / "logs").glob("*.txt"), key=lambda path: path.stat().st_mtime)
        return "\n".join(f"--- {path.name}\n{tail(path, lines)}" for path in logs[-files:])
