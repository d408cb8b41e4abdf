"""What came out: lines for people, JSON for programs."""

import json
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Result:
    """Of one step."""

    file: str
    step: str
    outcome: str  # passed, failed, skipped
    seconds: float = 0
    reasons: list[str] = field(default_factory=list)
    request: str = ""
    response: str = ""
    line: int = 0

    @property
    def name(self) -> str:
        """How it is called on the command line."""
        return f"{self.file}::{self.step}"


class Report:
    """Collects results from all threads and prints what is worth it."""

    def __init__(self, verbose: bool) -> None:
        self.results: list[Result] = []
        self._verbose = verbose
        self._lock = threading.Lock()

    def add(self, result: Result) -> None:
        """Notes and prints one result."""
        with self._lock:
            self.results.append(result)
            if result.outcome == "failed":
                print(f"FAIL {result.name} (line {result.line})")
                for line in (line for reason in result.reasons for line in reason.splitlines()):
                    print(f"     {line}")
                for text in (result.request, result.response):
                    for line in text.splitlines():
                        print(f"     | {line}")
            elif self._verbose:
                because = f": {result.reasons[0]}" if result.reasons else f" ({result.seconds:.2f} s)"
                print(f"{'ok' if result.outcome == 'passed' else 'skip'} {result.name}{because}")

    def count(self, outcome: str) -> int:
        """How many steps ended so."""
        return sum(1 for result in self.results if result.outcome == outcome)

    def skipped_reasons(self) -> dict[str, int]:
        """Why steps were skipped, and how many."""
        reasons: dict[str, int] = {}
        for result in self.results:
            if result.outcome == "skipped":
                reason = result.reasons[0] if result.reasons else ""
                reasons[reason] = reasons.get(reason, 0) + 1
        return reasons

    def write(self, path: Path) -> None:
        """The JSON report."""
        path.parent.mkdir(parents=True, exist_ok=True)
        counts = {outcome: self.count(outcome) for outcome in ("passed", "failed", "skipped")}
        steps = [asdict(result) for result in sorted(self.results, key=lambda each: (each.file, each.line))]
        path.write_text(json.dumps({**counts, "steps": steps}, indent=1) + "\n")
