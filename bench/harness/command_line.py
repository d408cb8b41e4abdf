"""bench/run: builds, runs the benchmarks that were named, prints tables, writes build/bench/NAME.json."""

import argparse
import shutil
import subprocess
from pathlib import Path

from homespun_server import ServerError

from harness import collections_bench, memory_bench, newer_bench, proxy_bench, purge_bench, stampede_bench, start_bench, sync_bench, users_bench, weave_bench, writes_bench
from harness.report import MARKDOWN_HEAD, Result
from harness.setting import Setting

TOP = Path(__file__).resolve().parents[2]
BENCHMARKS = {
    "collections": collections_bench.run,
    "writes": writes_bench.run,
    "start": start_bench.run,
    "memory": memory_bench.run,
    "newer": newer_bench.run,
    "proxy": proxy_bench.run,
    "purge": purge_bench.run,
    "stampede": stampede_bench.run,
    "sync": sync_bench.run,
    "users": users_bench.run,
    "weave": weave_bench.run,
}
PROGRAMS = ("homespun", "stampede", "bench_load", "bench_plain_writes", "bench_fill", "bench_peers", "bench_purge", "bench_seism_proxy", "bench_null_server")


def build(folder: Path, jobs: int) -> None:
    """The release build with the programs of the benchmarks; raises CalledProcessError."""
    subprocess.run(
        ["cmake", "--preset", "release", "-B", str(folder), "-DHOMESPUN_BENCH=ON"], cwd=TOP, check=True, stdout=subprocess.DEVNULL
    )
    subprocess.run(["ninja", "-C", str(folder), "-j", str(jobs), *PROGRAMS], check=True, stdout=subprocess.DEVNULL)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures Homespun against baselines; see bench/README.md.")
    parser.add_argument("names", nargs="+", choices=[*BENCHMARKS, "all"], metavar="NAME", help=f"{', '.join(BENCHMARKS)}, or all")
    parser.add_argument("--rounds", type=int, default=5, help="alternations of ours and the baseline (5)")
    parser.add_argument("--seconds", type=int, default=5, help="length of one measured stretch (5)")
    parser.add_argument("--quick", action="store_true", help="one short round of less: only shows that it works")
    parser.add_argument("--build", type=Path, default=TOP / "build" / "release", help="build directory (build/release)")
    parser.add_argument("--no-build", action="store_true", help="take the programs as they are")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="compilers at a time (2)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """0, or 1 when a benchmark was void. A missed goal is told in the table only."""
    options = parse(arguments)
    if not options.no_build:
        build(options.build, options.jobs)
    output = TOP / "build" / "bench"
    setting = Setting(
        options.build.resolve(),
        output / "scratch",
        1 if options.quick else options.rounds,
        min(options.seconds, 2) if options.quick else options.seconds,
        options.quick,
    )
    results: list[Result] = []
    void = 0
    for name in BENCHMARKS if "all" in options.names else dict.fromkeys(options.names):
        print(f"{name} …", flush=True)
        try:
            result = BENCHMARKS[name](setting)
        except (RuntimeError, ServerError, OSError, ValueError, subprocess.SubprocessError) as error:
            print(f"{name}: void: {error}", flush=True)
            void += 1
            continue  # what it left in the scratch folder tells why
        shutil.rmtree(setting.scratch, ignore_errors=True)
        result.print()
        print(f"  {result.save(output).relative_to(TOP)}", flush=True)
        results.append(result)
    if "all" in options.names:
        print("\n" + MARKDOWN_HEAD)
        for result in results:
            print(result.markdown())
    return 1 if void else 0
