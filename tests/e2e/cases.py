"""What the tests stand on: suites of cases, the stage with servers and browsers they play on, and how they are run."""

import contextlib
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from devtools import DrivenChromium
from firefox import Firefox
from homespun_server import HomespunServer
from marionette import MarionetteError
from processes import tail


class CheckFailed(Exception):
    """What a case found is not what it should be."""


def check(condition: object, complaint: str) -> None:
    """Raises CheckFailed with the complaint unless the condition holds."""
    if not condition:
        raise CheckFailed(complaint)


@dataclass(frozen=True)
class Environment:
    """What a run is given: the program under test, where pictures go, where everything else goes, arguments of `serve`."""

    program: Path
    artifacts: Path
    scratch: Path
    serve: tuple[str, ...] = ()


class Stage:
    """The servers and browsers of one suite, below one folder; leaving the context ends all of them."""

    def __init__(self, environment: Environment, name: str) -> None:
        self.environment = environment
        self.name = name
        self._folder = environment.scratch / name
        self._stack = contextlib.ExitStack()
        self._servers: list[HomespunServer] = []
        self._browsers: dict[str, Firefox] = {}
        self._pictures = environment.artifacts / name

    def __enter__(self) -> "Stage":
        for old in self._pictures.glob("*.png"):
            old.unlink()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.close()

    def folder(self, name: str) -> Path:
        """A folder for whatever a case wants to write; it does not exist yet."""
        return self._folder / name

    def server(self) -> HomespunServer:
        """A server that runs until the end of the suite, with a store of its own."""
        folder = self._folder / f"server-{len(self._servers) + 1}"
        server = HomespunServer(self.environment.program, folder, self.environment.serve)
        self._servers.append(server)
        return self._stack.enter_context(server)

    def firefox(self, name: str, root: str, prefs: Mapping[str, Any] | None = None, names: tuple[str, ...] = ()) -> Firefox:
        """A Firefox with a fresh profile that runs until the end of the suite."""
        browser = Firefox(self._folder / f"firefox-{name}", root, prefs, names)
        self._browsers[name] = browser
        return self._stack.enter_context(browser)

    def chromium(self) -> DrivenChromium:
        """A Chromium to be driven that runs until the end of the suite."""
        return self._stack.enter_context(DrivenChromium(self._folder / "driven-chromium"))

    def versions(self) -> set[str]:
        """Of the browsers that run."""
        with contextlib.suppress(MarionetteError):
            return {browser.driver.capabilities["browserVersion"] for browser in self._browsers.values()}
        return set()

    def other_hosts(self) -> dict[str, list[str]]:
        """What each browser has asked of other hosts."""
        return {f"{self.name}/{name}": browser.other_hosts() for name, browser in self._browsers.items()}

    def save(self, name: str, picture: bytes) -> None:
        """Keeps a PNG among the artefacts."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        (self._pictures / f"{name}.png").write_bytes(picture)

    def evidence(self, case: str) -> str:
        """After a failure: keeps pictures of all browsers, returns the ends of the logs."""
        parts = []
        for name, browser in self._browsers.items():
            with contextlib.suppress(MarionetteError):
                self.save(f"FAIL-{case}-{name}", browser.driver.screenshot())
            with contextlib.suppress(MarionetteError):
                parts.append(f"=== Firefox {name} is at {browser.driver.url()}")
            parts.append(f"=== Firefox {name}, Sync's logs\n{browser.sync_logs()}")
            counts = Counter(browser.other_hosts()).most_common()
            if counts:
                parts.append(f"=== Firefox {name} asked for\n" + "\n".join(f"{count} x {asked}" for asked, count in counts))
        parts += [f"=== server {server.root}\n{tail(server.log, 40)}" for server in self._servers]
        return "\n".join(parts)


class Suite:
    """Cases that share a stage and run in the order of cases(). Subclasses set the stage up in set_up()."""

    name = ""
    chained = False  # each case builds on the one before: after a failure the rest is skipped

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def set_up(self) -> None:
        """Before the first case; when it fails, every case has failed."""

    def cases(self) -> Sequence[Callable[[], None]]:
        """The cases: methods, whose names with `-` for `_` are the names of the cases."""
        raise NotImplementedError


@dataclass
class Outcome:
    """Of one case."""

    name: str
    outcome: str  # passed, failed, skipped
    seconds: float
    reason: str = ""

    def line(self) -> str:
        """For people."""
        if self.outcome == "passed":
            return f"ok {self.name} ({self.seconds:.1f} s)"
        return f"{'FAIL' if self.outcome == 'failed' else 'skip'} {self.name}: {self.reason}"


@dataclass
class Report:
    """Of a whole run."""

    outcomes: list[Outcome] = field(default_factory=list)
    firefox: set[str] = field(default_factory=set)
    other_hosts: dict[str, list[str]] = field(default_factory=dict)

    def count(self, outcome: str) -> int:
        """How many cases ended so."""
        return sum(1 for each in self.outcomes if each.outcome == outcome)

    def json(self) -> dict[str, Any]:
        """For machines."""
        counts = {outcome: self.count(outcome) for outcome in ("passed", "failed", "skipped")}
        cases = [asdict(each) for each in self.outcomes]
        return {**counts, "firefox": sorted(self.firefox), "other_hosts": self.other_hosts, "cases": cases}


def case_name(suite: type[Suite] | Suite, case: Callable[[], None]) -> str:
    """As it is printed, and as it can be chosen."""
    return f"{suite.name}/{case.__name__.replace('_', '-')}"


def chosen(suite: Suite, only: str) -> list[Callable[[], None]]:
    """The cases whose name contains `only`; in a chained suite also all that come before the last of them."""
    cases = list(suite.cases())
    hits = [index for index, case in enumerate(cases) if only in case_name(suite, case)]
    if suite.chained and hits:
        return cases[: hits[-1] + 1]
    return [cases[index] for index in hits]


def run_suite(kind: type[Suite], environment: Environment, only: str, report: Report) -> None:
    """Runs the chosen cases of one suite, prints a line for each, adds them to the report."""
    with Stage(environment, kind.name) as stage:
        suite = kind(stage)
        cases = chosen(suite, only)
        if not cases:
            return
        blocked = ""
        for step in (suite.set_up, *cases):
            outcome = Outcome(case_name(kind, step), "skipped", 0, blocked) if blocked else _attempt(kind, step)
            if step == suite.set_up and outcome.outcome == "passed":
                continue  # no case of its own
            report.outcomes.append(outcome)
            print(outcome.line(), flush=True)
            if outcome.outcome == "failed":
                print(stage.evidence(outcome.name.partition("/")[2]), flush=True)
                if suite.chained or step == suite.set_up:
                    blocked = f"{outcome.name} failed"
        report.firefox |= stage.versions()
        report.other_hosts |= stage.other_hosts()


def _attempt(kind: type[Suite], step: Callable[[], None]) -> Outcome:
    begin = time.monotonic()
    reason = ""
    try:
        step()
    except Exception as problem:  # whatever it is, the other cases still run
        if not isinstance(problem, CheckFailed):
            traceback.print_exception(problem)
        reason = " ".join(f"{type(problem).__name__}: {problem}".split())[:300]
    seconds = round(time.monotonic() - begin, 2)
    return Outcome(case_name(kind, step), "failed" if reason else "passed", seconds, reason)
