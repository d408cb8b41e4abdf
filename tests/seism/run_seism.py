#!/usr/bin/python3
"""A real seism, its API and what its toxics do to bytes: the last line is `seism: N passed, N failed`.

    run_seism.py --seism PROGRAM [--wire] [--only NAME]

A case is a function of a module `test_*.py` beside this file, or with --wire in the folder `wire`, whose name says what must hold;
it gets the program and an empty folder. A module may name a SERVER of real_servers: its cases share one and get it behind these.
"""

import argparse
import importlib
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE.parent / "servers"))
sys.path.insert(0, str(HERE))



def cases(place: Path, only: str, stack: ExitStack) -> Iterator[tuple[str, Any]]:
    """Every case of every module with its name, in the order of the files; a module's server is started when the first needs it."""
    for path in sorted(place.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        chosen = [(name, case) for case in module.CASES if only in (name := f"{path.stem.removeprefix('test_')}.{case.__name__}")]
        start = getattr(module, "SERVER", None)
        with ExitStack() as servers:
            shared = [servers.enter_context(start(new_folder(stack)))] if start and chosen else []
            for name, case in chosen:
                yield name, (lambda *words, case=case: case(*words, *shared))


def new_folder(stack: ExitStack) -> Path:
    """An empty one, gone with `stack`."""
    folder = Path(tempfile.mkdtemp(prefix="homespun-seism-"))
    stack.callback(partial(shutil.rmtree, folder, ignore_errors=True))
    return folder


def main() -> int:
    """0 when all cases passed."""
    parser = argparse.ArgumentParser(description="A real seism.")
    parser.add_argument("--seism", type=Path, required=True)
    parser.add_argument("--wire", action="store_true", help="the cases with real servers and their clients")
    parser.add_argument("--only", default="", help="cases with this in their name")
    options = parser.parse_args()
    place = HERE / "wire" if options.wire else HERE
    sys.path.insert(0, str(place))
    passed = failed = 0
    with ExitStack() as stack:
        for name, case in cases(place, options.only, stack):
            begin = time.monotonic()
            try:
                with ExitStack() as own:
                    case(options.seism.resolve(), new_folder(own))
                passed += 1
                print(f"ok {name} ({time.monotonic() - begin:.1f} s)", flush=True)
            except Exception:  # whatever it is, the other cases go on
                failed += 1
                print(f"FAILED {name}: {traceback.format_exc()}", flush=True)
    print(f"{'wire' if options.wire else 'seism'}: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
