"""Negative control: when one record is taken away on the server, the check of the scenario must notice exactly that."""

from collections.abc import Callable, Sequence

from cases import CheckFailed, Suite, check
from person import ItemsMissing
from scenario import TwoBrowsers


class NegativeControl(Suite):
    """The scenario of the Sync test, with the record of A's bookmark deleted before B first syncs."""

    name = "negative"
    chained = True

    def set_up(self) -> None:
        self.scenario = TwoBrowsers(self.stage)

    def cases(self) -> Sequence[Callable[[], None]]:
        return (self.record_of_the_bookmark_is_found_and_deleted, self.check_fails_for_the_bookmark_alone)

    def record_of_the_bookmark_is_found_and_deleted(self) -> None:
        self.scenario.a_signs_up()
        storage = self.scenario.storage()
        before = storage.ids("bookmarks")
        self.scenario.a_adds_items()
        new = storage.ids("bookmarks") - before
        check(new == {self.scenario.bookmark_id}, f"new records after adding one bookmark: {sorted(new)}")
        storage.delete("bookmarks", self.scenario.bookmark_id)
        check(storage.ids("bookmarks") == before, "deleting one record left something else")

    def check_fails_for_the_bookmark_alone(self) -> None:
        self.scenario.b_signs_in()
        try:
            self.scenario.b_receives()
        except ItemsMissing as missing:
            check(missing.names == {"bookmark"}, f"the check failed, but for {sorted(missing.names)}")
        else:
            raise CheckFailed("the check of the scenario passed although the bookmark's record was deleted")
        check(
            self.scenario.bookmark_id not in self.scenario.storage().ids("bookmarks"),
            "the record came back, so that its absence was not the reason",
        )


SUITES = (NegativeControl,)
