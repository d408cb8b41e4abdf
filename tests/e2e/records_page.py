"""The page of records as a machine sees it: how to sign in on it, how to tell how far it is, what it shows."""

from cases import check
from devtools import DrivenChromium

STATUS = "document.querySelector('#status').dataset"
SETTLED = f"['done', 'error'].includes({STATUS}.state)"


class RecordsPage:
    """The page in a driven browser, as a machine sees it."""

    def __init__(self, browser: DrivenChromium, root: str) -> None:
        self._browser = browser
        self._root = root

    def open(self, root: str = "") -> None:
        """Opens it anew, at another root when one is given."""
        self._browser.navigate("about:blank#away")
        self._browser.navigate((root or self._root) + "/records")
        self._browser.until("document.documentElement.hasAttribute('data-ready')", 10)

    def sign_in(self, email: str, password: str, root: str = "") -> None:
        """Opens it, fills in the form and sends it off."""
        self.open(root)
        self._browser.fill("#email", email)
        self._browser.fill("#password", password)
        self._browser.click("#submit")

    def until_done(self, limit: float = 30) -> None:
        """Waits until it has done what it was told; raises CheckFailed when it says that it could not."""
        self._browser.until(SETTLED + " && !document.documentElement.hasAttribute('data-busy')", limit)
        problem = self._browser.run(f"{STATUS}.error || ''")
        check(not problem, f"the page says {problem}: {self._browser.complaints}")

    def view(self, name: str) -> None:
        """Goes to a view."""
        self._browser.click(f"[data-view={name}]")
        self.until_done()

    def text(self) -> str:
        """All rows, as they are read."""
        return self._browser.run("document.querySelector('#list').innerText")
