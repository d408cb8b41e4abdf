"""Sync from one real Firefox to another and back, with nothing but the server under test in reach."""

from collections.abc import Callable, Sequence

from account_client import AccountServer
from cases import Suite, check
from person import Items, Person
from scenario import TwoBrowsers, new_items
from sync_client import SyncStorage

PLANTED = "http://planted.example/"


class FirefoxSync(Suite):
    """Two profiles of one account; each case goes on where the one before ended."""

    name = "sync"
    chained = True

    def set_up(self) -> None:
        self.scenario = TwoBrowsers(self.stage)
        self.of_b: Items = new_items("bookmark of B")

    def cases(self) -> Sequence[Callable[[], None]]:
        return (
            self.sign_up_through_the_menu,
            self.first_items,
            self.restart_stays_signed_in,
            self.store_seen_by_another_client,
            self.second_browser_signs_in,
            self.second_browser_receives,
            self.change_and_new_items_come_back,
            self.no_other_host_was_asked,
            self.a_planted_request_is_counted,
            self.sign_out,
        )

    @property
    def _a(self) -> Person:
        return self.scenario.a

    @property
    def _b(self) -> Person:
        assert self.scenario.b is not None
        return self.scenario.b

    def sign_up_through_the_menu(self) -> None:
        self.scenario.a_signs_up()
        self.stage.save("signed-up", self._a.firefox.driver.screenshot())

    def first_items(self) -> None:
        self.scenario.a_adds_items()

    def restart_stays_signed_in(self) -> None:
        self._a.firefox.restart()
        self._a.expect_signed_in()
        self._a.sync()
        missing = self._a.missing(self.scenario.first_items)
        check(not missing, f"A has lost {sorted(missing)} by its restart")

    def store_seen_by_another_client(self) -> None:
        """Two other ways to the same store, neither of them through a browser; the keys are those of the password."""
        direct = self.scenario.storage()
        check(self.scenario.bookmark_id in direct.ids("bookmarks"), "the bookmark's record is not in the store")
        accounts = AccountServer(self.scenario.server.root)
        client = accounts.sign_in(self.scenario.email, self.scenario.password)
        through_token_server = SyncStorage(accounts.storage_token(client))
        keys = through_token_server.record("crypto", "keys")
        check(keys == direct.record("crypto", "keys"), "the token server leads to another store")
        check(client.seals(keys["payload"]), "crypto/keys is not sealed with the key that the password leads to")
        accounts.sign_out(client)

    def second_browser_signs_in(self) -> None:
        self.scenario.b_signs_in()

    def second_browser_receives(self) -> None:
        self.scenario.b_receives()

    def change_and_new_items_come_back(self) -> None:
        renamed = self._b.rename_bookmark(self.scenario.first_items, "bookmark of A, renamed by B")
        self._b.add(self.of_b)
        self._b.sync()
        self._b.sync()
        self._a.receive(renamed, self.of_b)

    def no_other_host_was_asked(self) -> None:
        for person in (self._a, self._b):
            asked = person.firefox.other_hosts()
            check(not asked, f"{person.name} asked for {len(asked)}: {', '.join(asked[:10])}")

    def a_planted_request_is_counted(self) -> None:
        """The proof that the count of the case before counts: one request more is exactly one request more."""
        status = self._b.chrome("return (await fetch(args[0])).status", PLANTED)
        check(status == 502, f"the planted request was answered with {status}")
        asked = self._b.firefox.other_hosts()
        check(asked == [f"GET {PLANTED}"], f"B asked for {asked}")
        check(not self._a.firefox.other_hosts(), "A's count changed")

    def sign_out(self) -> None:
        client_records = len(self.scenario.storage().ids("clients"))
        self._b.sign_out()
        left = len(self.scenario.storage().ids("clients"))
        check((client_records, left) == (2, 1), f"{client_records} client records before B signed out, {left} after")
        self._a.sync()


SUITES = (FirefoxSync,)
