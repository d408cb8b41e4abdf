"""Where a benchmark finds its programs and leaves its files, and how long it measures."""

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Setting:
    """Given to every benchmark."""

    build: Path  # of the release build
    scratch: Path  # emptied between benchmarks
    rounds: int
    seconds: int  # of each measured stretch
    quick: bool  # small numbers: only to see that it works

    @property
    def homespun(self) -> Path:
        """The program under test."""
        return self.build / "homespun"

    def folder(self, name: str) -> Path:
        """A path below the scratch folder where nothing is yet."""
        path = self.scratch / name
        shutil.rmtree(path, ignore_errors=True)
        self.scratch.mkdir(parents=True, exist_ok=True)
        return path
