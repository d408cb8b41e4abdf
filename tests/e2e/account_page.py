"""The sign-in page as a machine sees it: where its parts are, how to fill it in, how to tell how far it is."""

from collections.abc import Callable
from dataclasses import dataclass

from marionette import Marionette, MarionetteError, within

EMAIL = "#email"
PASSWORD = "#password"
REPEAT = "#password-repeat"
SUBMIT = "#submit"
TO_SIGN_UP = "#to-signup"
TO_SIGN_IN = "#to-signin"
STATUS = "#status"

FINAL = ("done", "error", "cancelled")


@dataclass(frozen=True)
class Status:
    """What the page says: the state and the kind of error for machines, the text for people."""

    state: str
    error: str
    text: str


class AccountPage:
    """The page in the current tab of a browser; does not own the browser."""

    def __init__(self, driver: Marionette) -> None:
        self._driver = driver

    def mode(self) -> str:
        """`signin` or `signup`."""
        return self._driver.content("return document.documentElement.dataset.mode || ''")

    def status(self) -> Status:
        """What the page says now; empty fields when it has no status element."""
        body = (
            "const e = document.querySelector(arguments[0]); if (!e) return ['', '', ''];"
            "return [e.dataset.state || '', e.dataset.error || '', e.innerText.trim()]"
        )
        return Status(*self._driver.content(body, STATUS))

    def switch_to(self, mode: str) -> None:
        """Clicks what leads to the other mode, when the page is not in `mode` yet."""
        if self.mode() != mode:
            self._driver.click(TO_SIGN_UP if mode == "signup" else TO_SIGN_IN)
            self._until(lambda: self.mode() == mode, 5, f"the page does not change to {mode}")

    def fill_in(self, mode: str, email: str, password: str, repeat: str | None = None) -> None:
        """Switches to `mode` and fills in the form; the repeated password is the same when not given."""
        self.switch_to(mode)
        self._driver.fill(EMAIL, email)
        self._driver.fill(PASSWORD, password)
        if mode == "signup":
            self._driver.fill(REPEAT, password if repeat is None else repeat)

    def submit(self) -> None:
        """Clicks the button; what the page said before is forgotten, so that a wait sees only what comes now."""
        # The mark goes with the text: the page may well say the same once more.
        self._driver.content("delete document.querySelector(arguments[0]).dataset.state", STATUS)
        self._driver.click(SUBMIT)

    def wait_final(self, limit: float = 60) -> Status:
        """Waits until the page says `done`, `error` or `cancelled`."""
        self._until(lambda: self.status().state in FINAL, limit, "the page comes to no end")
        return self.status()

    def settled(self, limit: float) -> Status:
        """What the page says after `limit` seconds, or as soon as it says something final."""
        within(limit, lambda: self.status().state in FINAL)
        return self.status()

    def wait_ready(self, limit: float = 15) -> None:
        """Waits until the page knows what can be done here and says so (`data-ready`), and works on nothing."""
        ready = "return document.documentElement.hasAttribute('data-ready')"
        self._until(
            lambda: self._driver.content(ready) and self.status().state != "working", limit, "the page does not get ready"
        )

    def _until(self, condition: Callable[[], bool], limit: float, complaint: str) -> None:
        if not within(limit, condition):
            raise MarionetteError("timeout", f"{complaint}: {self.status()} at {self._driver.url()}")
