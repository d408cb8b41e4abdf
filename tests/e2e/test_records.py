"""The page that shows what is synced, in a Chromium that is driven: records that a client of the tests has sealed."""

import json
import sqlite3
from collections.abc import Callable, Sequence

from account_client import AccountServer
from cases import Suite, check
from homespun_server import HomespunServer
from person import Person
from records_page import STATUS, RecordsPage
from scenario import new_email, new_items
from sync_client import SyncStorage
from sync_records import Keys, SealedStorage, bookmark, folder, visit

PASSWORD = "Zwölf Boxkämpfer jagen Viktor"
PHONE_WIDTH = 360
VISITS = 10_000
LONGEST_PAUSE = 300  # milliseconds; this machine may have other work, and ten thousand rows drawn at once took 1,400

MARKUP = "<img src=x onerror=\"window.hacked=1;alert('title')\"><script>window.hacked=1</script>"
HOSTILE = {
    "markup": {"title": MARKUP, "bmkUri": "https://markup.example/"},
    "script": {"title": "script address", "bmkUri": "javascript:window.hacked=1"},
    "data": {"title": "data address", "bmkUri": "data:text/html,<script>window.hacked=1</script>"},
    "quotes": {"title": "quotes", "bmkUri": "https://quotes.example/\"onmouseover=\"window.hacked=1"},
    "long": {"title": "l" * 1_000_000, "bmkUri": "https://long.example/"},
    "control": {"title": "bell\u0007 null\u0000 escape\u001b", "bmkUri": "https://control.example/"},
    "turned": {"title": "\u202emoc.elgoog\u202c", "bmkUri": "https://turned.example/\u202egro"},
    "typed": {"title": {"toString": "x"}, "bmkUri": ["https://typed.example/"]},
}

LINKS = "[...document.querySelectorAll('#list a')].map(a => [a.getAttribute('href'), a.rel, a.target])"
ROWS = "[...document.querySelectorAll('#list li')].map(row => row.innerText)"
# The longest time in which the page could do nothing else, from now on.
WATCH = """
window.longest = 0;
window.watcher = new PerformanceObserver(list => {
  for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
});
watcher.observe({ type: "longtask" });
"""


class Records(Suite):
    """One account, one browser; the cases follow a person through the page."""

    name = "records"
    chained = True

    def set_up(self) -> None:
        self.server: HomespunServer = self.stage.server()
        self.email = new_email("reader")
        self.accounts = AccountServer(self.server.root)
        self.accounts.create(self.email, PASSWORD)
        self.browser = self.stage.chromium()
        self.page = RecordsPage(self.browser, self.server.root)

    def cases(self) -> Sequence[Callable[[], None]]:
        return (
            self.policy,
            self.wrong_password,
            self.nothing_synced,
            self.keyboard_alone,
            self.password_stays,
            self.bookmarks_in_folders,
            self.hostile_texts,
            self.forged_records,
            self.tabs_by_device,
            self.history_newest_first,
            self.late_news,
            self.ten_thousand_visits,
            self.search,
            self.phone,
            self.sign_out_forgets,
            self.leaving_ends_the_session,
            self.leaving_half_way_ends_the_session,
            self.keys_of_another,
            self.stored_elsewhere,
        )

    # ---- before anything can be read --------------------------------------------------------------------------------

    def policy(self) -> None:
        """The browser refuses markup and other hosts, whatever a script tries."""
        self.page.open()
        refused = "(() => {{ try {{ {0}; return 'done'; }} catch (error) {{ return error.name; }} }})()"
        for attempt in ("document.body.innerHTML = '<b>x</b>'", "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')"):
            outcome = self.browser.run(refused.format(attempt))
            check(outcome == "TypeError", f"{attempt}: {outcome}")
        outcome = self.browser.run("fetch('http://elsewhere.example/').then(() => 'done', error => error.name)")
        check(outcome == "TypeError" and not self._lured(), f"another host: {outcome}, {self._lured()}")
        check(self.browser.complaints, "the browser says nothing of all this: the policy was not what refused it")
        self.browser.complaints.clear()

    def wrong_password(self) -> None:
        self.page.sign_in(self.email, "not " + PASSWORD)
        self._expect_error("wrong-password", "password")
        focused = self.browser.run("document.activeElement.id")
        check(focused == "password", f"the focus is on {focused!r}")
        self.browser.complaints.clear()  # Chromium tells every 400 there

    def nothing_synced(self) -> None:
        before = self._sessions()
        self.page.sign_in(self.email, PASSWORD)
        self._expect_error("nothing-synced", "Firefox")
        check(self.browser.settled(lambda: self._sessions() == before), f"a session is left of it: {self._sessions()}")
        self.browser.complaints.clear()

    # ---- a store with everything in it ------------------------------------------------------------------------------

    def keyboard_alone(self) -> None:
        """From the form to the open view without a mouse."""
        self._fill_store()
        self.page.open()
        self._tab_to("email")
        self.browser.command("Input.insertText", text=self.email)
        self._tab_to("password")
        self.browser.command("Input.insertText", text=PASSWORD)
        self.browser.press("Enter")
        self.page.until_done()
        self.stage.save("bookmarks", self.browser.screenshot())
        for name in ("tabs", "history", "bookmarks"):
            self._tab_to(f"[data-view={name}]")
            self.browser.press(" ")
            self.page.until_done()
            pressed = self.browser.run("document.querySelector('[aria-pressed=true]').dataset.view")
            check(pressed == name, f"{pressed} is open, not {name}")
        self._tab_to("summary")
        self.browser.press("Enter")
        check(not self.browser.run("document.activeElement.parentElement.open"), "a folder cannot be closed by keyboard")
        self.browser.press("Enter")

    def password_stays(self) -> None:
        """Neither password nor keys are in anything that was sent."""
        sent = json.dumps(self.browser.requests)
        check("/storage/" in sent and "authPW" in sent, "the requests were not noted")
        for secret in (PASSWORD, json.dumps(PASSWORD)[1:-1], self.owner.key.hex(), self.sealed.keys.encryption.hex()):
            check(secret not in sent, "a secret was sent")
        hosts = {request["url"].split("/")[2] for request in self.browser.requests if request["url"].startswith("http")}
        check(hosts == {f"127.0.0.1:{self.server.port}"}, f"asked: {hosts}")
        kept = self.browser.run("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        check(kept == '[{},{},""]', f"the page keeps {kept}")

    def bookmarks_in_folders(self) -> None:
        self.page.view("bookmarks")
        tops = self.browser.run("[...document.querySelectorAll('#list > details > summary')].map(each => each.innerText)")
        wanted = ["Cannot be read (4)", "Bookmarks Toolbar (1)", "Other Bookmarks (8)", "In no folder (1)"]
        check(tops == wanted, f"the folders are {tops}")
        check("inner bookmark" not in self.page.text(), "a closed folder is filled already")
        folders = "[...document.querySelectorAll('#list li > details > summary')]"
        self.browser.run(f"{folders}.find(each => each.innerText == 'recipes (2)').click()")
        self.browser.until("document.querySelector('#list').innerText.includes('inner bookmark')", 5)
        rows = self.browser.run(ROWS)
        order = [row.split("\n")[0] for row in rows if row.startswith(("second", "inner bookmark"))]
        check(order == ["second", "inner bookmark"], f"the order is {order}, not the folder's own")
        check("gone" not in self.page.text(), "a deleted bookmark is shown")

    def hostile_texts(self) -> None:
        self.page.view("bookmarks")
        text = self.page.text()
        shown = ("javascript:window.hacked=1", "bell␇ null␀ escape␛", "[U+202E]moc.elgoog[U+202C]", "(no title)")
        for wanted in (MARKUP, *shown):
            check(wanted in text, f"not shown as it is: {wanted!r}")
        check("l" * 300 + "…" in text and "l" * 301 not in text, "the long title is not cut")
        strange = "#list :is(img, script, iframe, svg, style, [onerror], [style])"
        made = self.browser.run(f"document.querySelectorAll('{strange}').length")
        check(made == 0, f"{made} elements were made out of titles")
        for target, rel, frame in self.browser.run(LINKS):
            check(target.startswith(("http://", "https://")), f"a link leads to {target[:60]}")
            check((rel, frame) == ("noopener noreferrer", "_blank"), f"{target[:60]}: {rel} {frame}")
        self._nothing_ran()

    def forged_records(self) -> None:
        """Shown and counted: one changed, one of other keys, one under another's id, one without form."""
        rows = self.browser.run("[...document.querySelectorAll('#list .unreadable')].map(row => row.innerText)")
        wanted = {"forged": "seal", "stranger": "seal", "misplaced": "under an id", "shapeless": "form"}
        for name, reason in wanted.items():
            check(any(name in row and reason in row for row in rows), f"{name} is not shown as unreadable: {rows}")
        check(len(rows) == len(wanted), f"unreadable are {rows}")
        summary = self.browser.run("document.querySelector('#summary').innerText")
        check("4 records cannot be read" in summary, f"the summary says {summary}")
        check("forged title" not in self.page.text(), "a forged record's content is shown")

    def tabs_by_device(self) -> None:
        self.page.view("tabs")
        text = self.page.text()
        for wanted in ("Laptop <b>of Anna</b> (2)", "Phone (1)", "tab one", "https://tab-one.example/now"):
            check(wanted in text, f"{wanted!r} is not in {text[:400]!r}")
        check("https://tab-one.example/before" not in text, "where a tab has been before is shown as open")
        self.stage.save("tabs", self.browser.screenshot())

    # ---- a long history ---------------------------------------------------------------------------------------------

    def history_newest_first(self) -> None:
        self.sealed.store("history", *(visit(number) for number in range(VISITS)))
        self.page.sign_in(self.email, PASSWORD)
        self.page.until_done()
        self.page.view("history")
        self._newest_first(200)
        summary = self.browser.run("document.querySelector('#summary').innerText")
        check("500 of 10,000 records" in summary, f"the summary says {summary}")
        for wanted in (400, 600):
            self.browser.click("#more")
            self.page.until_done()
            shown = len(self.browser.run(ROWS))
            check(shown == wanted, f"{shown} rows after asking for more, not {wanted}")
        self._newest_first(600)

    def late_news(self) -> None:
        """A record that is stored last but was visited first comes last, and one in between in between."""
        self.sealed.store("history", visit(-1), visit(VISITS - 10) | {"id": "again"})
        self.page.sign_in(self.email, PASSWORD)
        self.page.until_done()
        self.page.view("history")
        rows = [row.split("\n")[0] for row in self.browser.run(ROWS)]
        check(rows.count(f"page number {VISITS - 10}") == 2, f"not shown twice: {rows[:15]}")
        check("page number -1" not in rows, "the oldest visit is among the newest 200")
        self.sealed.storage.delete("history", "again")
        self.sealed.storage.delete("history", "visit--1")
        self.page.sign_in(self.email, PASSWORD)
        self.page.until_done()
        self.page.view("history")

    def ten_thousand_visits(self) -> None:
        """All of them are fetched and decrypted while the page goes on living."""
        self.browser.run(WATCH)
        self.browser.run("setTimeout(() => { const end = performance.now() + 120; while (performance.now() < end); })")
        self.browser.until("window.longest >= 100", 5)  # the watcher sees what it should
        self.browser.run("window.longest = 0")
        self.browser.run("document.querySelector('#load-all').click()")
        self.page.until_done(120)
        pause = self.browser.run("window.longest")
        summary = self.browser.run("document.querySelector('#summary').innerText")
        check(summary.startswith("10,000 pages."), f"the summary says {summary}")
        check(pause < LONGEST_PAUSE, f"the page stood still for {pause:.0f} ms")

    def search(self) -> None:
        self.browser.fill("#search", "NUMBER 17")
        self.browser.until("document.querySelector('#summary').innerText.startsWith('111 hits')", 10)
        self.browser.fill("#search", MARKUP)
        self.browser.until("document.querySelector('#list').innerText.includes('Nothing of what is loaded')", 10)
        self.page.view("bookmarks")
        self.browser.until("document.querySelector('#summary').innerText.startsWith('1 hit.')", 10)
        self.browser.fill("#search", "inner")
        self.browser.until("document.querySelector('#list').innerText.includes('Bookmarks Toolbar › recipes')", 10)
        self.browser.fill("#search", "")
        self.browser.until("!document.querySelector('#summary').innerText.includes('hit')", 10)
        self._nothing_ran()

    def phone(self) -> None:
        """Nothing is wider than a phone, in any view."""
        try:
            for dark in (False, True):
                self.browser.phone(PHONE_WIDTH, dark=dark)
                for name in ("bookmarks", "tabs", "history"):
                    self.page.view(name)
                    self._check_width(f"view {name}")
                    self.browser.run("document.querySelector('#list').scrollIntoView()")
                    self.stage.save(f"phone-{name}-{'dark' if dark else 'light'}", self.browser.screenshot())
            self.page.open()
            self._check_width("the form")
            self.stage.save("phone-form", self.browser.screenshot())
        finally:
            self.browser.phone(0)

    # ---- the end ----------------------------------------------------------------------------------------------------

    def sign_out_forgets(self) -> None:
        self.page.sign_in(self.email, PASSWORD)
        self.page.until_done()
        before = self._sessions()
        self.browser.click("#forget")
        check(self.browser.settled(lambda: self._sessions() == before - 1), f"{before} sessions before, {self._sessions()} now")
        html = self.browser.run("document.documentElement.outerHTML")
        for secret in (self.email, "recipes", "example/"):
            check(secret not in html, f"the page still holds {secret!r}")
        fields = self.browser.run("[...document.querySelectorAll('input')].map(field => field.value)")
        check(fields == ["", "", ""], f"the fields hold {fields}")
        check(self.browser.run("document.activeElement.id") == "email", "the focus is nowhere")
        self.stage.save("signed-out", self.browser.screenshot())

    def leaving_ends_the_session(self) -> None:
        """A reload is a new beginning, and nothing stays behind on the server."""
        self.page.sign_in(self.email, PASSWORD)
        self.page.until_done()
        before = self._sessions()
        self.browser.command("Page.reload")
        self.browser.until("document.documentElement.hasAttribute('data-ready')", 10)
        check(self.browser.settled(lambda: self._sessions() == before - 1), f"{before} sessions before, {self._sessions()} now")
        check(self.browser.run("document.querySelector('#records').hidden"), "after a reload records are shown")
        check("recipes" not in self.browser.run("document.documentElement.outerHTML"), "a reload keeps records")

    def leaving_half_way_ends_the_session(self) -> None:
        """Whoever goes away while the page still fetches the keys leaves no session behind either."""
        before = self._sessions()
        self.page.open()
        self.browser.run("(() => { const asked = window.fetch; window.fetch = (url, ...more) => (url.includes('/account/keys') ? new Promise(() => {}) : asked(url, ...more)); })()")
        self.browser.fill("#email", self.email)
        self.browser.fill("#password", PASSWORD)
        self.browser.click("#submit")
        check(self.browser.settled(lambda: self._sessions() == before + 1), "no session has begun")
        self.browser.command("Page.reload")
        self.browser.until("document.documentElement.hasAttribute('data-ready')", 10)
        check(self.browser.settled(lambda: self._sessions() == before), f"{before} sessions before, {self._sessions()} now")

    def keys_of_another(self) -> None:
        """crypto/keys that was not sealed with this account's key."""
        self.sealed.store_payload("crypto", "keys", Keys.new().seal({"id": "keys", "default": []}))
        self.page.sign_in(self.email, PASSWORD)
        self._expect_error("keys-unreadable", "do not trust")

    def stored_elsewhere(self) -> None:
        """Opened under another name than the one the storage is handed out by."""
        status = self.server.stop()
        check(status == 0, f"the server ended with {status}")
        self.server.extra += ["--public-url", self.server.root]
        self.server.start()
        root = f"http://localhost:{self.server.port}"
        self.page.sign_in(self.email, PASSWORD, root)
        self._expect_error("elsewhere", f"{self.server.root}/records")

    # ---- helpers ----------------------------------------------------------------------------------------------------

    def _fill_store(self) -> None:
        self.owner = self.accounts.sign_in(self.email, PASSWORD)
        self.sealed = SealedStorage(SyncStorage(self.accounts.storage_token(self.owner)), self.owner)
        self.sealed.begin()
        self.sealed.store(
            "bookmarks",
            folder("toolbar", "places", ["recipesAAAAA"], "toolbar"),
            folder("recipesAAAAA", "toolbar", ["second", "inner"], "recipes"),
            bookmark("inner", "recipesAAAAA", title="inner bookmark"),
            bookmark("second", "recipesAAAAA"),
            folder("unfiled", "places", list(HOSTILE), "unfiled"),
            *(bookmark(name, "unfiled", **facts) for name, facts in HOSTILE.items()),
            bookmark("orphan", "no-such-folder"),
            folder("ringA", "ringB", ["ringB"]),
            folder("ringB", "ringA", ["ringA"]),
            {"id": "gone", "deleted": True},
        )
        seal = self.sealed.keys.seal
        forged = json.loads(seal(bookmark("forged", "unfiled", title="forged title")))
        forged["ciphertext"] = ("B" if forged["ciphertext"][0] == "A" else "A") + forged["ciphertext"][1:]
        self.sealed.store_payload("bookmarks", "forged", json.dumps(forged))
        self.sealed.store_payload("bookmarks", "stranger", Keys.new().seal(bookmark("stranger", "unfiled", title="forged title")))
        self.sealed.store_payload("bookmarks", "misplaced", seal(bookmark("elsewhere", "unfiled", title="forged title")))
        self.sealed.store_payload("bookmarks", "shapeless", "{}")
        now_and_before = ["https://tab-one.example/now", "https://tab-one.example/before"]
        tabs = [{"title": "tab one", "urlHistory": now_and_before}, {"title": MARKUP, "urlHistory": ["javascript:alert(1)"]}]
        self.sealed.store(
            "tabs",
            {"id": "laptop", "clientName": "Laptop <b>of Anna</b>", "tabs": tabs},
            {"id": "phone", "clientName": "Phone", "tabs": [{"title": "", "urlHistory": ["https://phone.example/"]}]},
        )
        self.sealed.store("history", visit(0))

    def _newest_first(self, wanted: int) -> None:
        rows = self.browser.run(ROWS)
        numbers = [int(row.split("\n")[0].rpartition(" ")[2]) for row in rows]
        check(numbers == sorted(numbers, reverse=True) and len(numbers) == wanted, f"{len(rows)} rows: {numbers[:5]} …")
        check(numbers[0] == VISITS - 1, f"the newest is {numbers[0]}")

    def _expect_error(self, error: str, words: str) -> None:
        self.browser.until(f"{STATUS}.state === 'error'", 30)
        self.stage.save(error, self.browser.screenshot())
        found, text = self.browser.run(f"[{STATUS}.error, document.querySelector('#status').innerText]")
        check(found == error and words in text, f"the page says {found}: {text}")

    def _tab_to(self, target: str) -> None:
        selector = target if target.startswith(("[", "summary")) else f"#{target}"
        for _ in range(40):
            if self.browser.run(f"document.activeElement.matches({json.dumps(selector)})"):
                return
            self.browser.press("Tab")
        check(False, f"{target} cannot be reached by Tab")

    def _check_width(self, what: str) -> None:
        needed, width = self.browser.run("[document.documentElement.scrollWidth, innerWidth]")
        check(width <= PHONE_WIDTH and needed <= PHONE_WIDTH, f"{what} needs {needed} pixels in a window of {width}")
        buttons = "[...document.querySelectorAll('button')]"
        tight = self.browser.run(f"{buttons}.filter(each => each.scrollWidth > each.clientWidth).map(each => each.innerText)")
        check(not tight, f"{what}: words stand out of the buttons {tight}")

    def _nothing_ran(self) -> None:
        check(self.browser.run("window.hacked") is None, "a title's script ran")
        check(not self.browser.dialogs, f"a title's script said {self.browser.dialogs}")
        check(not self._lured(), f"it asked for {self._lured()}")

    def _lured(self) -> list[str]:
        """What was asked of hosts that only records and cases name; Chromium asks others by itself."""
        return [asked for asked in self.browser.other_hosts() if ".example" in asked]

    def _sessions(self) -> int:
        with sqlite3.connect(f"file:{self.server.data / 'accounts.db'}?mode=ro", uri=True, timeout=10) as database:
            return database.execute("select count(*) from session").fetchone()[0]


class RecordsOfFirefox(Suite):
    """What a real Firefox has synced, on the page."""

    name = "records-of-firefox"

    def set_up(self) -> None:
        self.server: HomespunServer = self.stage.server()
        self.person = Person("R", self.stage.firefox("R", self.server.root), self.server.root)
        self.browser = self.stage.chromium()

    def cases(self) -> Sequence[Callable[[], None]]:
        return (self.bookmark_tab_and_visit,)

    def bookmark_tab_and_visit(self) -> None:
        email, items = new_email("reader"), new_items("bookmark <b>of</b> Firefox")
        self.person.sign_up(email, PASSWORD)
        self.person.add(items)
        self.person.firefox.driver.navigate(self.server.root + "/settings")
        self.person.sync()
        self.person.sync()
        page = RecordsPage(self.browser, self.server.root)
        page.sign_in(email, PASSWORD)
        page.until_done()
        for name, wanted in (
            ("bookmarks", (items.title, items.bookmark)),
            ("tabs", ("/settings",)),
            ("history", (items.title, items.visit)),
        ):
            page.view(name)
            text = page.text()
            self.stage.save(name, self.browser.screenshot())
            check(all(each in text for each in wanted), f"{name}: {wanted} is not in {text[:600]!r}")
            summary = self.browser.run("document.querySelector('#summary').innerText")
            check("cannot be read" not in summary, f"{name}: {summary}")


SUITES = (Records, RecordsOfFirefox)
