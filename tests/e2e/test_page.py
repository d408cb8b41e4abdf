"""The sign-in page: every error reached for real, how it looks, and that it can be used without a mouse."""

import secrets
from collections.abc import Callable, Sequence
from functools import partial

from account_client import AccountError, AccountServer
from account_page import EMAIL, PASSWORD, REPEAT, SUBMIT, TO_SIGN_IN, TO_SIGN_UP, AccountPage, Status
from cases import CheckFailed, Suite, check
from chromium import Chromium, read_status
from homespun_server import HomespunServer
from marionette import ENTER, TAB, within
from person import Person
from scenario import new_email

MADE_UP_NAME = "sync.home.example"
GOOD_PASSWORD = "ein langes Passwort, " + "das niemand errät"
PHONE_WIDTH = 360

ERRORS = frozenset(
    "no-channel insecure-context not-firefox bad-email weak-password password-mismatch signup-closed bad-invite"
    " account-exists wrong-password throttled network".split()
)

PREFERS = "return matchMedia(`(prefers-color-scheme: ${arguments[0]})`).matches"
PREFER_COLOURS = """
Services.prefs.setIntPref("layout.css.prefers-color-scheme.content-override", args[0]);
Services.prefs.setIntPref("ui.systemUsesDarkTheme", 1 - args[0]);
"""
COLOURS = """
const [root, body] = [document.documentElement, document.body].map(element => getComputedStyle(element));
return [root.color, root.backgroundColor, root.colorScheme, body.color, body.backgroundColor];
"""
LIMIT_WIDTH = """
const { gBrowser } = Services.wm.getMostRecentWindow("navigator:browser");
gBrowser.selectedBrowser.style.maxWidth = args[0];
"""


class Page(Suite):
    """One profile that is never signed in, one server. The order of the cases matters to the server's state alone."""

    name = "page"

    def set_up(self) -> None:
        self.server: HomespunServer = self.stage.server()
        self.person = Person("F", self.stage.firefox("F", self.server.root, names=(MADE_UP_NAME,)), self.server.root)
        self.owner = ""
        self.texts: dict[str, str] = {}

    def cases(self) -> Sequence[Callable[[], None]]:
        return (
            self.no_channel,
            self.insecure_context,
            self.not_firefox,
            self.first_visit_offers_sign_up,
            self.light_and_dark,
            self.phone,
            self.bad_email,
            self.weak_password,
            self.password_mismatch,
            self.signup_closed,
            self.later_visit_offers_sign_in,
            self.bad_invite,
            self.account_exists,
            self.wrong_password,
            self.throttled,
            self.network,
            self.every_error_has_its_own_text,
        )

    # ---- how the page is reached ------------------------------------------------------------------------------------

    def no_channel(self) -> None:
        """Opened by hand in a profile that has never begun to sign in: the browser does not trust the page yet."""
        self.person.firefox.driver.navigate(self.server.root + "/")
        self._expect("no-channel", self._opened())

    def insecure_context(self) -> None:
        """Plain http under a name that is not loopback: no cryptography for the page."""
        self.person.firefox.driver.navigate(f"http://{MADE_UP_NAME}:{self.server.port}/")
        self._expect("insecure-context", self._opened())

    def not_firefox(self) -> None:
        chromium = Chromium(self.stage.folder("chromium"))
        status = read_status(chromium.page(self.server.root + "/"))
        self.stage.save("not-firefox", chromium.screenshot(self.server.root + "/"))
        self._keep("not-firefox", status)

    # ---- before there is an account ---------------------------------------------------------------------------------

    def first_visit_offers_sign_up(self) -> None:
        page = self._fresh_page()
        check(page.mode() == "signup", f"no account yet, but the page is in mode {page.mode()}")
        check(page.status().state == "idle", f"nothing done yet, but the page says {page.status()}")
        self._check_mode("signup")
        page.switch_to("signin")
        self._check_mode("signin")
        page.switch_to("signup")
        self._check_mode("signup")

    def light_and_dark(self) -> None:
        """The page follows what the system prefers."""
        self._fresh_page()
        driver = self.person.firefox.driver
        colours = {}
        for name, number in (("dark", 0), ("light", 1)):
            driver.chrome(PREFER_COLOURS, number)
            check(within(5, partial(driver.content, PREFERS, name)), f"Firefox does not take the preference for {name}")
            colours[name] = driver.content(COLOURS)
            self._picture(f"look-{name}")
        check(colours["dark"] != colours["light"], f"it looks the same in light and dark: {colours['dark']}")

    def phone(self) -> None:
        """On a narrow screen everything is there without scrolling sideways."""
        self._fresh_page()
        driver = self.person.firefox.driver
        driver.chrome(LIMIT_WIDTH, f"{PHONE_WIDTH}px")
        try:
            check(within(5, lambda: driver.content("return innerWidth") <= PHONE_WIDTH), "the window does not become narrow")
            needed = driver.content("return document.documentElement.scrollWidth")
            check(needed <= PHONE_WIDTH, f"the page needs {needed} pixels in a window of {PHONE_WIDTH}")
            for part in (EMAIL, PASSWORD, REPEAT, SUBMIT):
                check(driver.displayed(part), f"{part} is not displayed")
            self._picture("look-phone")
        finally:
            driver.chrome(LIMIT_WIDTH, "")

    def bad_email(self) -> None:
        self._sign_up("not an address", GOOD_PASSWORD, None, "bad-email")

    def weak_password(self) -> None:
        self._sign_up(new_email("weak"), "abc", None, "weak-password")

    def password_mismatch(self) -> None:
        self._sign_up(new_email("typo"), GOOD_PASSWORD, GOOD_PASSWORD + "x", "password-mismatch")

    # ---- with an account --------------------------------------------------------------------------------------------

    def signup_closed(self) -> None:
        """Somebody else makes the first account while the form is being filled in."""
        page = self._fresh_page()
        check(page.mode() == "signup", f"no account yet, but the page is in mode {page.mode()}")
        self._make_owner()
        page.fill_in("signup", new_email("stranger"), GOOD_PASSWORD)
        page.submit()
        self._expect("signup-closed", page.wait_final())

    def later_visit_offers_sign_in(self) -> None:
        self._make_owner()
        page = self._fresh_page()
        check(page.mode() == "signin", f"there is an account, but the page is in mode {page.mode()}")
        self._check_mode("signin", switch=False)

    def bad_invite(self) -> None:
        self._make_owner()
        self._sign_up(new_email("guest"), GOOD_PASSWORD, None, "bad-invite", "/?invite=" + secrets.token_urlsafe(12))

    def account_exists(self) -> None:
        self._make_owner()
        link = self.server.invite().removeprefix(self.server.root)
        self._sign_up(self.owner, GOOD_PASSWORD, None, "account-exists", link)

    def wrong_password(self) -> None:
        self._make_owner()
        page = self._fresh_page()
        page.fill_in("signin", self.owner, "not " + GOOD_PASSWORD)
        page.submit()
        self._expect("wrong-password", page.wait_final())

    def throttled(self) -> None:
        """Many wrong passwords, sent past the page, until the server has enough; then the page hears of it."""
        self._make_owner()
        accounts = AccountServer(self.server.root)
        for _ in range(100):
            try:
                accounts.try_login(self.owner, secrets.token_hex(32))
            except AccountError as refusal:
                if refusal.status == 429:
                    break
        else:
            raise CheckFailed("100 wrong passwords, and the server still lets one try")
        page = self._fresh_page()
        page.fill_in("signin", self.owner, "not " + GOOD_PASSWORD)
        page.submit()
        self._expect("throttled", page.wait_final())

    def network(self) -> None:
        """The server goes away between opening the page and sending it off."""
        page = self._fresh_page()
        page.fill_in("signin", self.owner, GOOD_PASSWORD)
        status = self.server.stop()
        check(status == 0, f"the server ended with {status}")
        try:
            page.submit()
            self._expect("network", page.wait_final())
        finally:
            self.server.start()

    def every_error_has_its_own_text(self) -> None:
        check(self.texts.keys() == ERRORS, f"never seen: {sorted(ERRORS - self.texts.keys())}")
        same = [error for error, text in self.texts.items() if list(self.texts.values()).count(text) > 1]
        check(not same, f"the same text for {same}")

    # ---- helpers ----------------------------------------------------------------------------------------------------

    def _make_owner(self) -> None:
        """The first account of the server, made without a browser."""
        if not self.owner:
            self.owner = new_email("owner")
            AccountServer(self.server.root).create(self.owner, GOOD_PASSWORD)

    def _fresh_page(self) -> AccountPage:
        self.person.close_other_tabs()
        return self.person.open_from_menu()

    def _opened(self) -> Status:
        """What the page says of itself once it is loaded, or, if it waits for that, once it is used."""
        page = self.person.page
        page.wait_ready()
        if page.settled(8).state == "error":
            return page.status()
        page.fill_in("signup", new_email("by-hand"), GOOD_PASSWORD)
        page.submit()
        return page.wait_final()

    def _sign_up(self, email: str, password: str, repeat: str | None, error: str, link: str = "") -> None:
        """Fills in the sign-up form, reached through the menu and then maybe through a link, and expects an error."""
        page = self._fresh_page()
        if link:
            self.person.firefox.driver.navigate(self.server.root + link)
            page.wait_ready()
        page.fill_in("signup", email, password, repeat)
        page.submit()
        self._expect(error, page.wait_final())

    def _expect(self, error: str, status: Status) -> None:
        self._picture(error)
        self._keep(error, status)

    def _keep(self, error: str, status: Status) -> None:
        check((status.state, status.error) == ("error", error), f"the page says {status}")
        check(len(status.text) > 10, f"the text for {error} is {status.text!r}")
        self.texts[error] = status.text

    def _check_mode(self, mode: str, switch: bool = True) -> None:
        """What belongs to the mode is displayed, and only that; the way to the other mode where `switch` says so."""
        wanted = {REPEAT: mode == "signup", TO_SIGN_IN: switch and mode == "signup", TO_SIGN_UP: switch and mode == "signin"}
        wanted |= {EMAIL: True, PASSWORD: True, SUBMIT: True}
        for part, shown in wanted.items():
            word = "not displayed" if shown else "displayed"
            check((self.person.firefox.driver.displayed(part) is not None) == shown, f"{part} is {word} in mode {mode}")
        self._picture(f"mode-{mode}")

    def _picture(self, name: str) -> None:
        self.stage.save(name, self.person.firefox.driver.screenshot())


class SignUp(Suite):
    """Ways to an account that end well, each in a fresh profile."""

    name = "signup"
    chained = True

    def set_up(self) -> None:
        self.server: HomespunServer = self.stage.server()

    def cases(self) -> Sequence[Callable[[], None]]:
        return (self.keyboard_alone, self.invitation_without_the_menu, self.invitation_then_menu, self.invitation_is_used_up)

    def keyboard_alone(self) -> None:
        """From opening the page to being signed in without touching a mouse."""
        person = Person("K", self.stage.firefox("K", self.server.root), self.server.root)
        page = person.open_from_menu()
        check(page.mode() == "signup", f"the page is in mode {page.mode()}")
        email, driver = new_email("keyboard"), person.firefox.driver
        for field, text in ((EMAIL, email), (PASSWORD, GOOD_PASSWORD), (REPEAT, GOOD_PASSWORD)):
            self._tab_to(person, field)
            driver.press(text)
        self._tab_to(person, SUBMIT)
        self.stage.save("keyboard-filled-in", driver.screenshot())
        driver.press(ENTER)
        person.expect_done(page.wait_final(), email)
        self.stage.save("keyboard-done", driver.screenshot())

    def invitation_without_the_menu(self) -> None:
        """Sign-up is closed by now. Whoever opens the operator's link gets an account, even when Firefox knows nothing yet."""
        self.guest = Person("G", self.stage.firefox("G", self.server.root), self.server.root)
        page, email = self._open_invitation(), new_email("guest")
        page.fill_in("signup", email, GOOD_PASSWORD)
        page.submit()
        status = page.wait_final()
        check(status.state == "done", f"the page says {status}")
        self.stage.save("invitation-account-made", self.guest.firefox.driver.screenshot())
        check(not self.guest.state()["uid"], "the browser is signed in although it has not been asked")
        AccountServer(self.server.root).sign_in(email, GOOD_PASSWORD)

    def invitation_then_menu(self) -> None:
        """Whoever opens the link first and goes to the menu then is still invited."""
        self._open_invitation()
        page, email = self.guest.open_from_menu(), new_email("guest")
        check(page.mode() == "signup", f"the invitation is forgotten: the page is in mode {page.mode()}")
        page.fill_in("signup", email, GOOD_PASSWORD)
        page.submit()
        self.guest.expect_done(page.wait_final(), email)
        self.stage.save("invitation-done", self.guest.firefox.driver.screenshot())
        self.guest.sync()

    def invitation_is_used_up(self) -> None:
        """The same link again, sent as the page would send it."""
        try:
            AccountServer(self.server.root).create(new_email("second"), GOOD_PASSWORD, self.link.partition("?invite=")[2])
        except AccountError as refusal:
            check(400 <= refusal.status < 500, f"refused with {refusal}")
        else:
            raise CheckFailed("one invitation made two accounts")

    def _open_invitation(self) -> AccountPage:
        self.link = self.server.invite()
        self.guest.firefox.driver.navigate(self.link)
        self.guest.page.wait_ready()
        self.stage.save("invitation-opened", self.guest.firefox.driver.screenshot())
        return self.guest.page

    @staticmethod
    def _tab_to(person: Person, selector: str) -> None:
        driver = person.firefox.driver
        for _ in range(12):
            if driver.content("return document.activeElement === document.querySelector(arguments[0])", selector):
                return
            driver.press(TAB)
        raise CheckFailed(f"{selector} cannot be reached by Tab")


SUITES = (Page, SignUp)
