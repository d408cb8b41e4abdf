"""Chromium that is driven: one browser with an empty profile and one page, over the DevTools protocol's pipe."""

import base64
import fcntl
import json
import os
import select
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from chromium import QUIET, ChromiumError
from firefox import browser_environment
from marionette import within
from processes import Child, tail
from refusing_proxy import RefusingProxy

# Time is real here; a page that is driven may wait for a person.
FLAGS = tuple(flag for flag in QUIET if not flag.startswith("--virtual-time"))
HIGH = 20  # descriptors above those that the pipe must have in the child
KEYS = {"Tab": 9, "Enter": 13, " ": 32}


class DrivenChromium:
    """Runs while the context is open; nothing but this machine is in its reach.

    `requests` is every request its pages sent (DevTools' `Network.Request`), `dialogs` the texts of alert() and the like,
    `complaints` what pages wrote to the console as errors, broken policies among them.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` must not exist; raises FileNotFoundError when Chromium is not installed."""
        program = shutil.which("chromium")
        if program is None:
            raise FileNotFoundError("chromium is not installed (Debian package chromium)")
        self._program = program
        self._folder = folder
        folder.mkdir(parents=True)
        self._asked = 0
        self._buffer = b""
        self._session = ""
        self.requests: list[dict[str, Any]] = []
        self.dialogs: list[str] = []
        self.complaints: list[str] = []

    def __enter__(self) -> "DrivenChromium":
        self._proxy = RefusingProxy()
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        low = (theirs_in, theirs_out)
        high = tuple(fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, HIGH) for each in low)
        self._out, self._in = ours_out, ours_in
        # The browser reads its commands from descriptor 3 and answers on 4.
        shell = f'exec 3<&{high[0]} 4>&{high[1]}; exec "$@"'
        command = ["bash", "-c", shell, "chromium", self._program, *FLAGS, "--remote-debugging-pipe"]
        command += [f"--proxy-server=http://127.0.0.1:{self._proxy.port}", f"--user-data-dir={self._folder}/profile"]
        self._log = self._folder / "log"
        self._child = Child([*command, "about:blank"], self._log, browser_environment(self._folder), keep=high)
        for each in (*low, *high):
            os.close(each)
        try:
            target = self.command("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Network", "Log"):
                self.command(f"{domain}.enable")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._child.terminate()
        os.close(self._in)
        os.close(self._out)
        self._proxy.close()

    def other_hosts(self) -> list[str]:
        """What it asked of other hosts."""
        return self._proxy.requests()

    # ---- the protocol -----------------------------------------------------------------------------------------------

    def command(self, name: str, limit: float = 60, **parameters: Any) -> dict[str, Any]:
        """Sends a command and returns its result; raises ChromiumError when it fails or takes longer than `limit`."""
        self._asked += 1
        message = {"id": self._asked, "method": name, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        end = time.monotonic() + limit
        while True:
            answer = self._receive(end - time.monotonic())
            if answer is None:
                raise ChromiumError(f"no answer to {name}: {tail(self._log, 5)}")
            if answer.get("id") == self._asked:
                if "error" in answer:
                    raise ChromiumError(f"{name}: {answer['error']}")
                return answer["result"]

    def _receive(self, limit: float) -> dict[str, Any] | None:
        """The next message, events noted; None when there is none in time or the browser is gone."""
        end = time.monotonic() + limit
        while b"\0" not in self._buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                return None
            data = os.read(self._in, 1 << 20)
            if not data:
                return None
            self._buffer += data
        text, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(text)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, facts: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.requests.append(facts["request"])
        elif event == "Page.javascriptDialogOpening":
            self.dialogs.append(facts["message"])
            data = json.dumps({"id": 0, "sessionId": self._session, "method": "Page.handleJavaScriptDialog",
                               "params": {"accept": False}})  # fmt: skip
            os.write(self._out, data.encode() + b"\0")
        elif event == "Log.entryAdded" and facts["entry"]["level"] == "error":
            self.complaints.append(facts["entry"]["text"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(facts["exceptionDetails"])[:400])

    # ---- the page ---------------------------------------------------------------------------------------------------

    def navigate(self, url: str) -> None:
        """Goes to a page and waits until it is loaded."""
        self.command("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'", 20)

    def run(self, expression: str) -> Any:
        """The value of an expression in the page; a promise is waited for. Raises ChromiumError when it throws."""
        done = self.command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in done:
            raise ChromiumError(f"{expression[:80]}: {json.dumps(done['exceptionDetails'])[:300]}")
        return done["result"].get("value")

    def until(self, condition: str, limit: float = 30) -> None:
        """Waits until an expression is true in the page; raises ChromiumError after `limit` seconds."""

        def holds() -> bool:
            try:
                return bool(self.run(condition))
            except ChromiumError:
                return False  # between two pages there is nothing to ask

        if not within(limit, holds):
            raise ChromiumError(f"this never came true: {condition}")

    def click(self, selector: str) -> None:
        """Clicks an element, by its own click()."""
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def fill(self, selector: str, text: str) -> None:
        """Types a text into a field in place of what is there."""
        self.run(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.focus(); e.select(); }})()")
        self.command("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """One key: Tab, Enter or the space bar."""
        code = KEYS[key]
        text = {"Enter": "\r", " ": " "}.get(key, "")
        facts = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
        self.command("Input.dispatchKeyEvent", type="keyDown", **facts, **({"text": text} if text else {}))
        self.command("Input.dispatchKeyEvent", type="keyUp", **facts)

    def phone(self, width: int, height: int = 740, dark: bool = False) -> None:
        """Makes the window that small, as a phone's; `width` 0 is the window it was."""
        if width:
            self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=True)
        else:
            self.command("Emulation.clearDeviceMetricsOverride")
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self) -> bytes:
        """A PNG of what is seen."""
        return base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"])

    def settled(self, condition: Callable[[], bool], limit: float = 10) -> bool:
        """Waits for something outside the page while noting what the page does; whether it came true."""

        def holds() -> bool:
            self.run("0")
            return condition()

        return within(limit, holds)
