"""`homespun client` with the account of a real Firefox: what Firefox wrote is decrypted, what the client writes arrives."""

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace

from cases import Suite, check
from scenario import TwoBrowsers


class FirefoxClient(Suite):
    """One profile, and beside it the command line with the same account."""

    name = "client"
    chained = True

    def set_up(self) -> None:
        self.scenario = TwoBrowsers(self.stage)
        self.config = self.stage.folder("client")
        self.config.mkdir(parents=True)

    def cases(self) -> Sequence[Callable[[], None]]:
        return (self.login_opens_the_keys_of_firefox, self.records_of_firefox_are_decrypted, self.a_changed_bookmark_arrives)

    def _client(self, *words: str, given: str = "") -> str:
        line = [str(self.scenario.server.program), "client", *words]
        environment = {"XDG_CONFIG_HOME": str(self.config)}
        done = subprocess.run(line, env=environment, input=given.encode(), capture_output=True, timeout=30, check=False)
        check(done.returncode == 0, f"{words}: exit {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode()

    def login_opens_the_keys_of_firefox(self) -> None:
        self.scenario.a_signs_up()
        self.scenario.a_adds_items()
        self.scenario.a.firefox.quit()  # so that nothing changes between two looks
        answers = (self.scenario.server.root, self.scenario.email, self.scenario.password)
        shown = self._client("login", given="".join(f"{answer}\n" for answer in answers))
        check("nothing has been synced" not in shown, shown)

    def records_of_firefox_are_decrypted(self) -> None:
        items = self.scenario.first_items
        listed = {each["collection"]: each["count"] for each in json.loads(self._client("list", "--json"))}
        check({"bookmarks", "clients", "crypto", "history", "meta", "passwords"} <= set(listed), f"{listed}")
        check(self.scenario.bookmark_id in self._client("list", "bookmarks").splitlines(), "the bookmark is not listed")
        bookmark = json.loads(self._client("get", "bookmarks", "--", self.scenario.bookmark_id))
        check((bookmark["title"], bookmark["bmkUri"]) == (items.title, items.bookmark), f"{bookmark}")
        logins = [json.loads(line)["record"] for line in self._client("get", "passwords", "--all").splitlines()]
        check([[login["username"], login["password"]] for login in logins] == [items.login], f"{logins}")
        everything = self._client("get", "--all")
        check(items.visit in everything, "the visit is missing")
        count = len(everything.splitlines())
        check(count == sum(listed.values()), f"{count} records of {listed}")
        offline = self._client("decrypt", given=self._client("get", "--all", "--raw"))
        check(sorted(offline.splitlines()) == sorted(everything.splitlines()), "decrypt reads other things than get")

    def a_changed_bookmark_arrives(self) -> None:
        bookmark = json.loads(self._client("get", "bookmarks", "--", self.scenario.bookmark_id))
        changed = replace(self.scenario.first_items, title="bookmark changed by the client")
        self._client("put", "bookmarks", "--", self.scenario.bookmark_id, given=json.dumps({**bookmark, "title": changed.title}))
        self.scenario.a.firefox.start()
        self.scenario.a.expect_signed_in()
        self.scenario.a.receive(changed)


SUITES = (FirefoxClient,)
