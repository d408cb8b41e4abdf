"""The two-browser scenario: A signs up and adds items, B signs in and must receive them. Shared by test and control."""

import secrets

from cases import Stage
from homespun_server import HomespunServer
from person import Items, Person
from sync_client import SyncStorage, sign_token


def new_email(who: str) -> str:
    """An address that was never used before."""
    return f"{who}-{secrets.token_hex(4)}@example.org"


def new_items(title: str) -> Items:
    """Items that were never used before."""
    return Items(secrets.token_hex(5), title)


class TwoBrowsers:
    """One account, a server and two fresh profiles of Firefox. The steps are methods, to be called in their order."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.email = new_email("Anna")
        self.password = "Zwölf Boxkämpfer " + secrets.token_hex(4)
        self.first_items = new_items("bookmark of A")
        self.server: HomespunServer = stage.server()
        self.a: Person = self._person("A")
        self.b: Person | None = None
        self.bookmark_id = ""

    def a_signs_up(self) -> None:
        """Through the menu; then a first sync."""
        self.a.sign_up(self.email, self.password)
        self.a.sync()

    def a_adds_items(self) -> None:
        """One bookmark, one login, one visit; synced twice, as the first of the two may have begun before."""
        self.bookmark_id = self.a.add(self.first_items)
        self.a.sync()
        self.a.sync()

    def b_signs_in(self) -> None:
        """A second browser, which has nothing of A before."""
        self.b = self._person("B")
        self.b.expect_none_of(self.first_items)
        self.b.sign_in(self.email, self.password)

    def b_receives(self) -> None:
        """The check of the whole scenario: raises ItemsMissing with what has not arrived."""
        assert self.b is not None
        self.b.receive(self.first_items)

    def storage(self) -> SyncStorage:
        """The account's records, seen past the browsers with the server's own secret."""
        user = self.server.storage_user(self.a.state()["uid"])
        return SyncStorage(sign_token(self.server.master_secret(), self.server.root, user))

    def _person(self, name: str) -> Person:
        return Person(name, self._stage.firefox(name, self.server.root), self.server.root)
