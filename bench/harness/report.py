"""Results: rows with a figure, its baseline and the ratio of both, as a table, as JSON and as Markdown."""

import json
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Goal:
    """What a figure should be: `at_least` or `at_most` a bound, judged on the ratio or on our own figure."""

    bound: float
    at_least: bool
    of_ratio: bool
    unit: str = ""

    def text(self) -> str:
        """For people: ≥ 0.5 x, ≤ 50 ms."""
        return f"{'≥' if self.at_least else '≤'} {self.bound:g} {'x' if self.of_ratio else self.unit}"

    def is_met(self, row: "Row") -> bool:
        """Whether the row is as good as that."""
        value = row.ratio if self.of_ratio else row.ours
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass
class Row:
    """One measured figure beside its baseline, both medians over the rounds."""

    what: str
    unit: str
    ours: float
    baseline: float
    ratio: float
    goal: Goal | None = None

    def verdict(self) -> str:
        """Whether the goal is met; empty when there is none."""
        return "" if self.goal is None else "met" if self.goal.is_met(self) else "missed"


@dataclass
class Result:
    """All rows of one benchmark. `details` go into the JSON only."""

    name: str
    baseline: str
    rows: list[Row]
    details: dict[str, Any] = field(default_factory=dict)

    HEAD = ("", "unit", "ours", "baseline", "ratio", "goal", "")

    def cells(self) -> list[tuple[str, ...]]:
        """The table without its head."""
        return [
            (
                row.what,
                row.unit,
                number(row.ours),
                number(row.baseline),
                f"{row.ratio:.2f} x",
                row.goal.text() if row.goal else "",
                row.verdict(),
            )
            for row in self.rows
        ]

    def print(self) -> None:
        """The table, for a terminal."""
        lines = [self.HEAD, *self.cells()]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.HEAD))]
        print(f"\n{self.name}; baseline: {self.baseline}")
        for line in lines:
            first, *others = (text.ljust(width) for text, width in zip(line, widths, strict=True))
            right = [text.strip().rjust(width) for text, width in zip(others, widths[1:], strict=True)]
            print("  " + "  ".join([first, *right]).rstrip())

    def markdown(self) -> str:
        """The same rows for docs/performance.md, one line each."""
        return "\n".join(
            f"| {self.name}: {what} | {goal or '—'} | {ours} {unit} | {baseline} {unit}, {self.baseline} | {ratio} |"
            for what, unit, ours, baseline, ratio, goal, _ in self.cells()
        )

    def save(self, folder: Path) -> Path:
        """Writes FOLDER/NAME.json."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        content = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine(), **asdict(self)}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        return path


MARKDOWN_HEAD = "| figure | goal | ours | baseline | ratio |\n|---|---|---|---|---|"


def number(value: float) -> str:
    """Three digits or so, thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def machine() -> dict[str, str]:
    """On what it was measured."""
    processors = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":")[1].strip() for line in processors if line.startswith("model name")]
    nginx = subprocess.run(["/usr/sbin/nginx", "-v"], capture_output=True, text=True, check=False)
    return {
        "processor": f"{len(models)} x {models[0] if models else 'unknown'}",
        "kernel": platform.release(),
        "nginx": nginx.stderr.strip().removeprefix("nginx version: nginx/"),
        "load": Path("/proc/loadavg").read_text().split()[0],
    }


def alternate(rounds: int, measures: Sequence[Callable[[], dict[str, float]]]) -> list[dict[str, list[float]]]:
    """Calls each in turn, `rounds` times over, the order reversed every other round; the figures of each, by name."""
    figures: list[dict[str, list[float]]] = [{} for _ in measures]
    for turn in range(rounds):
        order = range(len(measures)) if turn % 2 == 0 else reversed(range(len(measures)))
        for index in order:
            for name, value in measures[index]().items():
                figures[index].setdefault(name, []).append(value)
    return figures


def median_row(what: str, unit: str, figures: list[dict[str, list[float]]], name: str, goal: Goal | None = None) -> Row:
    """Ours first, the baseline second; the ratio is the median of the rounds' own ratios."""
    ours, baseline = figures[0][name], figures[1][name]
    ratios = [own / theirs for own, theirs in zip(ours, baseline, strict=True)]
    return Row(what, unit, statistics.median(ours), statistics.median(baseline), statistics.median(ratios), goal)
