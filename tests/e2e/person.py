"""A person with a Firefox: opens the sign-in page, signs up or in, syncs, keeps bookmarks, logins and visits."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from account_page import AccountPage, Status
from firefox import Firefox
from marionette import within

IMPORTS = """
const load = name => ChromeUtils.importESModule(`resource://${name}.sys.mjs`);
const { Weave } = load("services-sync/main");
const { FxAccounts, getFxAccountsSingleton } = load("gre/modules/FxAccounts");
const { UIState } = load("services-sync/UIState");
const { PlacesUtils } = load("gre/modules/PlacesUtils");
const sleep = ms => new Promise(done => {
  const timer = Cc["@mozilla.org/timer;1"].createInstance(Ci.nsITimer);
  timer.initWithCallback(() => { timer.cancel(); done(); }, ms, Ci.nsITimer.TYPE_ONE_SHOT);
  globalThis.timers = (globalThis.timers || new Set()).add(timer);
});
const idle = async () => {
  for (let i = 0; Weave.Service.locked; i++) {
    if (i >= 600) throw new Error("Sync stays locked");
    await sleep(100);
  }
};
"""

SYNC = """
await idle();
await Weave.Service.sync({ why: "e2e" });
await idle();
return { service: Weave.Status.service, sync: Weave.Status.sync, login: Weave.Status.login };
"""

STATE = """
const user = await getFxAccountsSingleton().getSignedInUser();
return {
  uid: user ? user.uid : "", email: user ? user.email : "", verified: !!(user && user.verified),
  username: Services.prefs.getCharPref("services.sync.username", ""), ui: UIState.get().status,
};
"""

ADD_BOOKMARK = """
const parentGuid = PlacesUtils.bookmarks.unfiledGuid;
return (await PlacesUtils.bookmarks.insert({ parentGuid, title: args[1], url: args[0] })).guid;
"""

RENAME_BOOKMARK = """
const found = await PlacesUtils.bookmarks.fetch({ url: args[0] });
await PlacesUtils.bookmarks.update({ guid: found.guid, title: args[1] });
"""

ADD_VISIT = "await PlacesUtils.history.insert({ url: args[0], title: args[1], visits: [{ date: new Date() }] });"

ADD_LOGIN = """
const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
login.init(args[0], args[0], null, args[1], args[2], "", "");
await Services.logins.addLoginAsync(login);
"""

LOOK = """
const [bookmark, visit, origin] = args;
const mark = await PlacesUtils.bookmarks.fetch({ url: bookmark });
const page = await PlacesUtils.history.fetch(visit, { includeVisits: true });
const logins = await Services.logins.searchLoginsAsync({ origin });
return {
  bookmark: mark ? mark.title : null,
  visits: page ? page.visits.length : 0,
  logins: logins.map(login => [login.username, login.password]),
};
"""

SIGN_OUT = """
await load("services-sync/SyncDisconnect").SyncDisconnect.disconnect(false);
await sleep(2000);
return [
  "identity.fxaccounts.remote.root", "identity.sync.tokenserver.uri", "identity.fxaccounts.autoconfig.uri",
].map(name => Services.prefs.getCharPref(name, ""));
"""


class StepFailed(Exception):
    """Something that a person did with the browser had not the result it should have."""


@dataclass(frozen=True)
class Items:
    """One of each that is synced; `tag` is different for every use, so that nothing found can be old."""

    tag: str
    title: str

    @property
    def bookmark(self) -> str:
        """Address of the bookmark, whose title is `title`."""
        return f"http://bookmark-{self.tag}.example/"

    @property
    def visit(self) -> str:
        """Address of the page that was visited."""
        return f"http://visit-{self.tag}.example/page"

    @property
    def origin(self) -> str:
        """Of the login."""
        return f"https://login-{self.tag}.example"

    @property
    def login(self) -> list[str]:
        """User name and password, with letters outside ASCII."""
        return [f"user-{self.tag}", f"geheim-ß-{self.tag}"]


class ItemsMissing(Exception):
    """Not everything arrived; `names` says what did not: a part of `bookmark`, `login`, `visit`."""

    def __init__(self, browser: str, names: frozenset[str]) -> None:
        super().__init__(f"{browser} did not receive: {', '.join(sorted(names))}")
        self.names = names


class Person:
    """Uses one Firefox, which must be running and is not owned. All methods raise StepFailed or MarionetteError."""

    def __init__(self, name: str, firefox: Firefox, root: str) -> None:
        self.name = name
        self.firefox = firefox
        self.root = root

    @property
    def page(self) -> AccountPage:
        """The sign-in page, when it is in the current tab."""
        return AccountPage(self.firefox.driver)

    def chrome(self, body: str, *arguments: Any) -> Any:
        """Runs the body of an async function in the browser, with the names of IMPORTS."""
        return self.firefox.driver.chrome(IMPORTS + body, *arguments)

    # ---- signing in -------------------------------------------------------------------------------------------------

    def open_from_menu(self) -> AccountPage:
        """Chooses "Sign in to Sync" in the browser's menu and goes to the tab that this opens."""
        driver = self.firefox.driver
        driver.chrome(
            'const window = Services.wm.getMostRecentWindow("navigator:browser");'
            'await window.gSync.openFxAEmailFirstPage("menupanel");'
        )
        if within(30, self._at_sign_in):
            page = self.page
            page.wait_ready()
            return page
        raise StepFailed(f"{self.name}: the menu opens no sign-in page at {self.root}; open is {driver.url()}")

    def _at_sign_in(self) -> bool:
        """Looks for the tab, newest first. The sign-in address names the flow; an older page of this server does not."""
        driver = self.firefox.driver
        for handle in reversed(driver.tabs()):
            driver.switch_to(handle)
            if driver.url().startswith(self.root + "/?") and "context=" in driver.url():
                return driver.content("return document.readyState") == "complete"
        return False

    def close_other_tabs(self) -> None:
        """Leaves only one empty tab, so that the next page opened is the only one."""
        driver = self.firefox.driver
        driver.chrome(
            'const { gBrowser } = Services.wm.getMostRecentWindow("navigator:browser");'
            'const tab = gBrowser.addTrustedTab("about:blank"); gBrowser.selectedTab = tab;'
            "gBrowser.removeAllTabsBut(tab, { animate: false, skipWarnAboutClosingTabs: true });"
        )
        driver.switch_to(driver.tabs()[0])

    def sign_up(self, email: str, password: str) -> None:
        """Through the menu; ends when page and browser both say that it is done."""
        self._use_page(lambda page: page.fill_in("signup", email, password), email)

    def sign_in(self, email: str, password: str) -> None:
        """Through the menu; ends when page and browser both say that it is done."""
        self._use_page(lambda page: page.fill_in("signin", email, password), email)

    def _use_page(self, fill_in: Callable[[AccountPage], None], email: str) -> None:
        page = self.open_from_menu()
        fill_in(page)
        page.submit()
        self.expect_done(page.wait_final(), email)

    def expect_done(self, status: Status, email: str) -> None:
        """Checks that the page was successful and waits until the browser is signed in as `email`."""
        if status.state != "done":
            raise StepFailed(f"{self.name}: the page says {status}")

        def signed_in() -> bool:
            state = self.state()
            return state["verified"] and state["username"] and state["ui"] == "signed_in"

        if not within(30, signed_in):
            raise StepFailed(f"{self.name}: the browser does not become signed in: {self.state()}")
        state = self.state()
        if state["email"] != email:
            raise StepFailed(f"{self.name}: signed in as {state['email']}, not {email}")

    def state(self) -> dict[str, Any]:
        """uid, email, verified of the account, `username` of Sync, `ui` = what the menu shows."""
        return self.chrome(STATE)

    def expect_signed_in(self) -> None:
        """After a restart: still signed in, nothing to do for the person."""
        state = self.state()
        if not state["verified"] or not state["username"]:
            raise StepFailed(f"{self.name}: not signed in any more: {state}")

    def sign_out(self) -> None:
        """By the browser's own command; checks that it forgot the account and the server, but not where to look for it."""
        remote, token, configured = self.chrome(SIGN_OUT)
        state = self.state()
        if state["uid"] or state["ui"] != "not_configured":
            raise StepFailed(f"{self.name}: still signed in after signing out: {state}")
        if remote.startswith(self.root) or token.startswith(self.root) or configured != self.root:
            raise StepFailed(f"{self.name}: after signing out the addresses are {remote}, {token}, {configured}")

    # ---- syncing ----------------------------------------------------------------------------------------------------

    def sync(self) -> None:
        """Syncs now and waits for the end; a sync that fails is tried again twice."""
        status: dict[str, str] = {}
        for attempt in range(3):
            if attempt:
                time.sleep(2)
            status = self.chrome(SYNC)
            if status["service"] == "success.status_ok" and status["sync"] == "success.sync":
                return
        raise StepFailed(f"{self.name}: Sync fails: {status}")

    def add(self, items: Items) -> str:
        """Adds one of each; the result is the id of the bookmark, which is also that of its record."""
        guid = self.chrome(ADD_BOOKMARK, items.bookmark, items.title)
        self.chrome(ADD_VISIT, items.visit, items.title)
        self.chrome(ADD_LOGIN, items.origin, *items.login)
        return guid

    def rename_bookmark(self, items: Items, title: str) -> Items:
        """Gives the bookmark another title; the result is what must be found from now on."""
        self.chrome(RENAME_BOOKMARK, items.bookmark, title)
        return Items(items.tag, title)

    def missing(self, items: Items) -> frozenset[str]:
        """What of the items this browser has not got, or not as it should be."""
        found = self.chrome(LOOK, items.bookmark, items.visit, items.origin)
        there = {
            "bookmark": found["bookmark"] == items.title,
            "visit": found["visits"] > 0,
            "login": found["logins"] == [items.login],
        }
        return frozenset(name for name, good in there.items() if not good)

    def receive(self, *expected: Items, more_syncs: int = 3) -> None:
        """Syncs, up to `more_syncs` times more while something is missing; raises ItemsMissing when it stays so."""
        names: frozenset[str] = frozenset()
        for _ in range(1 + more_syncs):
            self.sync()
            names = frozenset().union(*(self.missing(items) for items in expected))
            if not names:
                return
        raise ItemsMissing(self.name, names)

    def expect_none_of(self, items: Items) -> None:
        """Checks that the browser has nothing of the items yet, or a later success would prove nothing."""
        if len(self.missing(items)) != 3:
            raise StepFailed(f"{self.name} has items before they can have arrived")
