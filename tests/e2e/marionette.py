"""A client of Marionette, the protocol by which Firefox lets itself be driven.

Every message is `<length in bytes>:<JSON>`. A command is `[0, id, name, parameters]`, its answer `[1, id, error, result]`.
"""

import base64
import json
import socket
import time
from collections.abc import Callable
from typing import Any

TAB = "\ue004"
ENTER = "\ue007"


def within(limit: float, condition: Callable[[], object], pause: float = 0.1) -> bool:
    """Waits until the condition holds, at most `limit` seconds; whether it does."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


class MarionetteError(Exception):
    """Firefox answered a command with an error, or the connection broke."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error


class Marionette:
    """One connection to one Firefox, with a WebDriver session begun. Blocking, for one thread.

    The connection is in one of two contexts, `content` (the page in the current tab) or `chrome` (the browser itself);
    every method says in its name or docstring which one it needs and switches by itself.
    """

    def __init__(self, port: int, alive: Callable[[], bool], start_limit: float = 90, step_limit: float = 120) -> None:
        """Connects to `port` as soon as it answers; gives up after `start_limit` seconds or when `alive()` is false."""
        self._socket = self._connect(port, alive, start_limit)
        self._socket.settimeout(step_limit + 15)
        self._buffer = b""
        self._last_id = 0
        self._context = "content"
        greeting = self._receive()
        if greeting.get("marionetteProtocol") != 3:
            raise MarionetteError("unknown protocol", json.dumps(greeting))
        session = {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": False}}}
        self.capabilities: dict[str, Any] = self.command("WebDriver:NewSession", session)["capabilities"]
        limits = {"script": int(step_limit * 1000), "pageLoad": 60000, "implicit": 0}
        self.command("WebDriver:SetTimeouts", limits)

    def close(self) -> None:
        """Closes the connection; Firefox keeps running."""
        self._socket.close()

    def command(self, name: str, parameters: dict[str, Any] | None = None) -> Any:
        """Sends one command, waits for its answer and returns the result; raises MarionetteError."""
        self._last_id += 1
        text = json.dumps([0, self._last_id, name, parameters or {}]).encode()
        try:
            self._socket.sendall(b"%d:%s" % (len(text), text))
            while True:
                kind, answered, error, result = self._receive()
                if kind == 1 and answered == self._last_id:
                    break
        except OSError as problem:
            raise MarionetteError("connection lost", f"{name}: {problem}") from problem
        if error is not None:
            raise MarionetteError(error.get("error", "?"), error.get("message", ""))
        return result

    # ---- the browser itself -----------------------------------------------------------------------------------------

    def chrome(self, body: str, *arguments: Any) -> Any:
        """Runs the body of an async function in the browser's own context and returns what it returns (JSON).

        `args` is the array of the arguments. What the body throws becomes a MarionetteError with its stack.
        """
        self._use("chrome")
        script = (
            "const done = arguments[arguments.length - 1], args = [...arguments].slice(0, -1);"
            "(async () => {" + body + "\n})().then(value => done({value}),"
            " error => done({error: `${error}`, stack: `${error && error.stack}`}));"
        )
        parameters = {"script": script, "args": list(arguments), "newSandbox": True, "sandbox": "system"}
        answer = self.command("WebDriver:ExecuteAsyncScript", parameters)["value"]
        if "error" in answer:
            raise MarionetteError("exception in the browser", f"{answer['error']}\n{answer['stack']}")
        return answer.get("value")

    # ---- the page in the current tab --------------------------------------------------------------------------------

    def content(self, body: str, *arguments: Any) -> Any:
        """Runs a function body in the page and returns what it returns; `arguments` are the arguments."""
        self._use("content")
        parameters = {"script": body, "args": list(arguments), "newSandbox": True}
        return self.command("WebDriver:ExecuteScript", parameters)["value"]

    def navigate(self, url: str) -> None:
        """Opens an address in the current tab and waits until it is loaded."""
        self._use("content")
        self.command("WebDriver:Navigate", {"url": url})

    def url(self) -> str:
        """The address of the page in the current tab."""
        self._use("content")
        return self.command("WebDriver:GetCurrentURL")["value"]

    def displayed(self, selector: str) -> str | None:
        """The id of the first displayed element that matches, or None."""
        self._use("content")
        for found in self.command("WebDriver:FindElements", {"using": "css selector", "value": selector}):
            element = next(iter(found.values()))
            if self.command("WebDriver:IsElementDisplayed", {"id": element})["value"]:
                return element
        return None

    def wait_displayed(self, selector: str, limit: float = 15) -> str:
        """The id of a displayed element that matches; waits for it, as pages may build themselves late."""
        if not within(limit, lambda: self.displayed(selector)):
            raise MarionetteError("not displayed", f"{selector} at {self.url()}")
        return self.displayed(selector) or ""

    def click(self, selector: str) -> None:
        """Clicks the first displayed element that matches."""
        self.command("WebDriver:ElementClick", {"id": self.wait_displayed(selector)})

    def fill(self, selector: str, text: str) -> None:
        """Empties the first displayed field that matches and types into it."""
        element = self.wait_displayed(selector)
        self.command("WebDriver:ElementClear", {"id": element})
        if text:
            self.command("WebDriver:ElementSendKeys", {"id": element, "text": text})

    def press(self, keys: str) -> None:
        """Presses keys one after the other, as on a keyboard: they go to whatever has the focus. TAB, ENTER: see above."""
        self._use("content")
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        actions = [{"type": "key", "id": "keyboard", "actions": strokes}]
        self.command("WebDriver:PerformActions", {"actions": actions})

    def screenshot(self, full: bool = True) -> bytes:
        """A PNG of the page, or of what fits into the window when `full` is false."""
        self._use("content")
        return base64.b64decode(self.command("WebDriver:TakeScreenshot", {"full": full, "hash": False})["value"])

    # ---- tabs -------------------------------------------------------------------------------------------------------

    def tabs(self) -> list[str]:
        """The handles of all tabs."""
        self._use("content")
        return self.command("WebDriver:GetWindowHandles")

    def switch_to(self, handle: str) -> None:
        """Makes a tab the current one."""
        self._use("content")
        self.command("WebDriver:SwitchToWindow", {"handle": handle, "focus": True})

    # ---- plumbing ---------------------------------------------------------------------------------------------------

    def _use(self, context: str) -> None:
        if self._context != context:
            self.command("Marionette:SetContext", {"value": context})
            self._context = context

    @staticmethod
    def _connect(port: int, alive: Callable[[], bool], limit: float) -> socket.socket:
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if not alive():
                raise MarionetteError("no connection", "Firefox ended while it was starting")
            try:
                connection = socket.create_connection(("127.0.0.1", port), timeout=limit)
            except OSError:
                time.sleep(0.1)
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        raise MarionetteError("no connection", f"Firefox did not listen within {limit:.0f} s")

    def _receive(self) -> Any:
        while b":" not in self._buffer:
            self._buffer += self._more()
        length, _, self._buffer = self._buffer.partition(b":")
        size = int(length)
        while len(self._buffer) < size:
            self._buffer += self._more()
        text, self._buffer = self._buffer[:size], self._buffer[size:]
        return json.loads(text)

    def _more(self) -> bytes:
        data = self._socket.recv(1 << 20)
        if not data:
            raise OSError("closed by Firefox")
        return data
