#!/usr/bin/python3
"""A real seism, its API and what its toxics do to bytes: the last line is `seism: N passed, N failed`.

    run_seism.py --seism PROGRAM [--only NAME]

A case is a function of a module `test_*.py` beside this file whose name says what must hold; it gets the program and an empty folder.
"""

import argparse
import importlib
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE))

Case = Callable[[Path, Path], None]


def cases() -> Iterator[tuple[str, Case]]:
    """Every case of every module with its name, in the order of the files."""
    for path in sorted(HERE.glob("test_*.py")):
        for case in importlib.import_module(path.stem).CASES:
            yield f"{path.stem.removeprefix('test_')}.{case.__name__}", case


def main() -> int:
    """0 when all cases passed."""
    parser = argparse.ArgumentParser(description="A real seism.")
    parser.add_argument("--seism", type=Path, required=True)
    parser.add_argument("--only", default="", help="cases with this in their name")
    options = parser.parse_args()
    passed = failed = 0
    for name, case in cases():
        if options.only not in name:
            continue
        folder = Path(tempfile.mkdtemp(prefix="homespun-seism-"))
        begin = time.monotonic()
        try:
            case(options.seism.resolve(), folder)
            passed += 1
            print(f"ok {name} ({time.monotonic() - begin:.1f} s)", flush=True)
        except Exception:  # whatever it is, the other cases go on
            failed += 1
            print(f"FAILED {name}: {traceback.format_exc()}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"seism: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
