#!/usr/bin/env python3
"""Checks who includes whom: the layering rules of docs/architecture.md.

check_layers.py [--tree DIR]   prints every violation as file:line and a last line `layers: N passed, N failed`.
check_layers.py --self-test    plants violations in a temporary tree and demands that each is found, and no more.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# A room may include itself and every room on a lower floor.
FLOORS = {"base": 0, "sys": 1, "net": 1, "barrel": 2, "report": 2, "sync": 3, "seism": 3, "stampede": 3}

# (room, directory of another room on its own floor)
EXCEPTIONS = (("stampede", "sync/protocol"), ("stampede", "sync/client"))

# Below this directory nothing else of its own room is known, save the headers named.
SELF_CONTAINED = {
    "net/http": (),
    "sync/protocol": ("sync/store/store.hpp",),  # the types of records
    "barrel/rbr": (),
    "seism/wire": (),
}

# These take bytes and give values: no header of the operating system.
PURE = ("base", "net/http", "sync/protocol", "barrel/rbr", "seism/wire")

# Headers of ours that no other room may see.
PRIVATE = {"net/io/asio.hpp": "net", "net/io/connection.hpp": "net", "net/io/tls_context.hpp": "net"}

# Third-party header -> where it may be included; paths from the top of the tree.
THIRD_PARTY = (
    (r"boost/", r"src/net/(.+\.cpp|io/asio\.hpp|io/connection\.hpp)"),
    (r"sqlite3", r"src/sync/store/sqlite/.+"),
    (r"simdjson", r"src/(base|sync/protocol)/.+\.cpp"),
    (r"spdlog/", r"src/base/log\.cpp"),
    (r"fmt/", r"(apps|src)/.+\.cpp"),
    (r"openssl/", r"src/((base|net|sync)/.+\.cpp|net/io/tls_context\.hpp)"),
    (r"argon2\.h", r"src/sync/accounts/.+\.cpp"),
    (r"curl/", r"src/sync/registration/.+\.cpp"),
    (r"(?:ldap|lber)\.h", r"src/sync/auth/ldap_.+\.cpp"),
    (r"idn2\.h", r"src/sync/auth/user_name\.cpp"),
    (r"re2/", r"src/(barrel|seism)/.+\.cpp"),
    (r"CLI/", r"apps/.+"),
    (r"toml\+\+/", r"src/base/config\.cpp"),
    (r"zlib\.h", r"src/base/histogram_log\.cpp"),
    (r"(gtest|gmock|rapidcheck)[/.]", r"src/.+_(test|fixture)\.[ch]pp"),
    (r"benchmark/", r"(src|bench)/.+_bench\.cpp"),
)

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^">]+)[">]')
OPERATING_SYSTEM = re.compile(
    r"(sys|netinet|arpa|net|linux)/.+\.h|"
    r"(dirent|dlfcn|fcntl|grp|netdb|poll|pthread|pwd|sched|signal|spawn|stdlib|syslog|termios|unistd)\.h"
)


@dataclass(frozen=True)
class Violation:
    """One include that should not be."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


def is_below(path: str, directory: str) -> bool:
    """Whether `path` lies in `directory` or deeper."""
    return path.startswith(directory + "/")


def room_of(path: str) -> str:
    """The room of a path counted from src/."""
    return path.split("/", 1)[0]


def own_reason(includer: str, included: str) -> str | None:
    """Why the file `includer` may not include our header `included`; both counted from src/."""
    room, other = room_of(includer), room_of(included)
    if other not in FLOORS:
        return f'"{included}" is in no room; paths are counted from src/'
    if PRIVATE.get(included, room) != room:
        return f'"{included}" is for src/{PRIVATE[included]} only'
    if room == other:
        for directory, save in SELF_CONTAINED.items():
            if is_below(includer, directory) and not is_below(included, directory) and included not in save:
                return f'{directory} knows nothing else of its room, so not "{included}"'
        return None
    if FLOORS[other] < FLOORS[room]:
        return None
    if any(room == who and is_below(included, what) for who, what in EXCEPTIONS):
        return None
    return f'{room} (floor {FLOORS[room]}) may not include {other} (floor {FLOORS[other]}): "{included}"'


def foreign_reason(file: str, header: str) -> str | None:
    """Why `file` (from the top) may not include <header>."""
    for pattern, home in THIRD_PARTY:
        if re.match(pattern, header):
            return None if re.fullmatch(home, file) else f"<{header}> may be included by {home} only"
    if OPERATING_SYSTEM.fullmatch(header):
        for directory in PURE:
            if is_below(file, "src/" + directory):
                return f"src/{directory} is pure: no <{header}>"
        return None
    if re.fullmatch(r"[a-z_0-9]+", header):  # the standard library
        return None
    return f"<{header}>: tests/house/check_layers.py does not say who may include it"


def violations_in(file: str, text: str) -> Iterator[Violation]:
    """Of one source file; `file` is counted from the top of the tree."""
    from_src = file.removeprefix("src/")
    in_room = from_src != file
    if in_room and room_of(from_src) not in FLOORS:
        yield Violation(file, 1, f"src/{room_of(from_src)} is no room; tests/house/check_layers.py lists them")
        return
    for number, line in enumerate(text.splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        if found[1] == "<":
            reason = foreign_reason(file, found[2])
        elif in_room:
            reason = own_reason(from_src, found[2])
        else:
            private = PRIVATE.get(found[2])
            reason = f'"{found[2]}" is for src/{private} only' if private else None
        if reason:
            yield Violation(file, number, reason)


def check_tree(top: Path) -> list[Violation]:
    """Of all C++ files below src/ and apps/."""
    found: list[Violation] = []
    for place in ("src", "apps"):
        for path in sorted((top / place).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".h") and path.is_file():
                name = str(PurePosixPath(path.relative_to(top)))
                found += violations_in(name, path.read_text(encoding="utf-8", errors="replace"))
    return found


# (file, its include, whether that is a violation)
PLANTED = (
    ("src/base/a.cpp", '"base/b.hpp"', False),
    ("src/base/a.cpp", "<vector>", False),
    ("src/base/a.cpp", '"net/http/parser.hpp"', True),
    ("src/base/a.cpp", "<unistd.h>", True),
    ("src/sys/a.cpp", '"net/io/loop.hpp"', True),
    ("src/net/io/a.cpp", '"sys/files.hpp"', True),
    ("src/net/io/a.cpp", "<unistd.h>", False),
    ("src/net/http/a.cpp", '"net/io/loop.hpp"', True),
    ("src/net/http/a.cpp", "<sys/socket.h>", True),
    ("src/barrel/server/a.cpp", '"net/io/server.hpp"', False),
    ("src/barrel/server/a.cpp", '"sync/store/store.hpp"', True),
    ("src/barrel/rbr/a.cpp", '"barrel/server/context.hpp"', True),
    ("src/report/a.cpp", '"barrel/server/context.hpp"', True),
    ("src/sync/token/a.cpp", '"barrel/server/context.hpp"', False),
    ("src/sync/protocol/a.cpp", '"sync/store/store.hpp"', False),
    ("src/sync/protocol/a.cpp", '"sync/token/rules.hpp"', True),
    ("src/sync/token/a.cpp", '"seism/proxy/proxy.hpp"', True),
    ("src/sync/token/a.cpp", '"token.hpp"', True),
    ("src/seism/proxy/a.cpp", '"sync/protocol/token.hpp"', True),
    ("src/stampede/engine/a.cpp", '"sync/protocol/token.hpp"', False),
    ("src/stampede/engine/a.cpp", '"sync/client/client.hpp"', False),
    ("src/stampede/engine/a.cpp", '"sync/store/store.hpp"', True),
    ("src/utils/a.cpp", "<vector>", True),
    ("src/net/io/a.cpp", "<boost/asio/write.hpp>", False),
    ("src/net/io/asio.hpp", "<boost/asio/io_context.hpp>", False),
    ("src/net/io/loop.hpp", "<boost/asio/io_context.hpp>", True),
    ("src/barrel/server/a.cpp", "<boost/asio/post.hpp>", True),
    ("src/barrel/server/a.cpp", '"net/io/asio.hpp"', True),
    ("apps/homespun/a.cpp", '"net/io/connection.hpp"', True),
    ("apps/homespun/a.cpp", '"sync/store/store.hpp"', False),
    ("src/sync/store/sqlite/a.hpp", "<sqlite3.h>", False),
    ("src/sync/store/a.cpp", "<sqlite3.h>", True),
    ("src/sync/storage/a.cpp", "<simdjson.h>", True),
    ("src/base/json.hpp", "<simdjson.h>", True),
    ("src/base/json.cpp", "<simdjson.h>", False),
    ("src/sys/a.cpp", "<spdlog/spdlog.h>", True),
    ("src/sync/accounts/a.cpp", "<argon2.h>", False),
    ("src/sync/auth/a.cpp", "<argon2.h>", True),
    ("src/sync/auth/a.cpp", "<re2/re2.h>", True),
    ("src/base/a.hpp", "<fmt/format.h>", True),
    ("src/base/a.cpp", "<gtest/gtest.h>", True),
    ("src/base/a_test.cpp", "<gtest/gtest.h>", False),
    ("src/sync/a.cpp", "<toml++/toml.h>", True),
    ("src/sync/a.cpp", "<zmq.hpp>", True),
)


def self_test() -> int:
    """The number of planted cases that were judged wrongly; each is printed."""
    wrong = 0
    for file, include, expected in PLANTED:
        with tempfile.TemporaryDirectory(prefix="layers-") as scratch:
            path = Path(scratch) / file
            path.parent.mkdir(parents=True)
            path.write_text(f"// planted\n  #  include {include}\n")
            found = check_tree(Path(scratch))
        if bool(found) != expected or any(each.file != file for each in found):
            wrong += 1
            print(f"self-test: {file} with {include}: " + ("not found" if expected else f"refused: {found[0]}"))
    return wrong


def main() -> int:
    """One test a room (and one for apps/), or one a planted case; 0 when all are well."""
    parser = argparse.ArgumentParser(description="Who includes whom.")
    parser.add_argument("--tree", type=Path, default=Path(__file__).resolve().parents[2], metavar="DIR")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        total, wrong = len(PLANTED), self_test()
    else:
        found = check_tree(options.tree)
        for each in found:
            print(each)
        places = {path.name for path in (options.tree / "src").iterdir() if path.is_dir()} | {"apps"}
        total = len(places)
        wrong = len({each.file.removeprefix("src/").split("/", 1)[0] for each in found})
    print(f"layers: {total - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
