#!/usr/bin/python3
"""Drives a real seism with a client library of Toxiproxy, in Node: the last line is `client: N passed, N failed`.

    run_client.py --seism PROGRAM --modules FOLDER

The library comes from npm, with the versions and checksums of node/package-lock.json, into FOLDER; what is there already is kept.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE))

from seism_server import SeismServer


def fetch(modules: Path) -> None:
    """Fetches the library, unless it is there; raises CalledProcessError."""
    lock = (HERE / "node" / "package-lock.json").read_text()
    kept = modules / "package-lock.json"
    if (modules / "node_modules").is_dir() and kept.exists() and kept.read_text() == lock:
        return
    shutil.rmtree(modules, ignore_errors=True)
    modules.mkdir(parents=True)
    shutil.copy(HERE / "node" / "package.json", modules)
    (modules / "package-lock.json").write_text(lock)
    try:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=modules, check=True, timeout=300)
    except BaseException:
        shutil.rmtree(modules)  # half of it must not look like the whole
        raise


def main() -> int:
    """0 when all tests passed."""
    parser = argparse.ArgumentParser(description="A client library of Toxiproxy against a real seism.")
    parser.add_argument("--seism", type=Path, required=True)
    parser.add_argument("--modules", type=Path, required=True)
    options = parser.parse_args()
    modules = options.modules.resolve()
    fetch(modules)
    with tempfile.TemporaryDirectory(prefix="homespun-seism-") as folder:
        with SeismServer(options.seism.resolve(), Path(folder)) as server:
            done = subprocess.run(
                ["node", "--test", "--test-reporter=tap", HERE / "node" / "client.test.mjs"],
                env={**os.environ, "SEISM_URL": server.url, "SEISM_MODULES": str(modules)},
                stdout=subprocess.PIPE,
                text=True,
                timeout=120,
                check=False,
            )
    counts = dict(re.findall(r"^# (pass|fail|cancelled|skipped) (\d+)$", done.stdout, re.MULTILINE))
    passed, failed = int(counts.get("pass", 0)), int(counts.get("fail", 0)) + int(counts.get("cancelled", 0))
    if done.returncode != 0 or failed:
        print(done.stdout)
        failed = max(failed, 1)
    print(f"client: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
