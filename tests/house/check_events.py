#!/usr/bin/env python3
"""Every event the sources log is in docs/events.md with its levels and fields, and the other way round.

check_events.py              prints what differs and a last line `events: N passed, N failed`.
check_events.py --self-test  reads a planted source and a planted page and demands that each difference is found.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
CALL = re.compile(r"\blogger_?(?:\(\))?\s*(?:\.|->)\s*(debug|info|warning|error)\(")
WORD = re.compile(r'"([a-z][a-z0-9_]*)"')
FIELD = re.compile(r'\{\s*"([a-z][a-z0-9_]*)"\s*,')
ROW = re.compile(r"\| `([a-z0-9_]+)` \| ([a-z, ]+) \|([^|]*)\| [^|]+ \|")


@dataclass
class Event:
    """What is known of one event."""

    levels: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)


class SourceError(Exception):
    """A call whose event cannot be read."""


def arguments(text: str, begin: int) -> str:
    """What stands between the parenthesis before `begin` and the one that closes it."""
    depth, quoted, at = 1, False, begin
    while depth > 0:
        letter = text[at]
        if letter == "\\" and quoted:
            at += 1
        elif letter == '"':
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, ")": -1}.get(letter, 0)
        at += 1
    return text[begin : at - 1]


def logged(text: str, events: dict[str, Event]) -> None:
    """Adds the events that a source logs; raises SourceError."""
    for call in CALL.finditer(text):
        inside = arguments(text, call.end())
        first, _, rest = inside.partition("{{")
        words = WORD.findall(first)
        if not words:
            raise SourceError(f"the event of this call is no word: {call[0]}{inside[:60]}")
        for word in words:
            event = events.setdefault(word, Event())
            event.levels.add(call[1])
            event.fields.update(FIELD.findall("{" + rest))


def documented(page: str) -> dict[str, Event]:
    """The rows of the page's tables."""
    return {
        word: Event(set(re.findall(r"[a-z]+", levels)), set(re.findall(r"`([a-z0-9_]+)`", fields)))
        for word, levels, fields in ROW.findall(page)
    }


def differences(sources: dict[str, Event], page: dict[str, Event]) -> list[str]:
    """A line for each event that is not the same in both."""
    told = []
    for word in sorted(sources.keys() | page.keys()):
        if word not in page:
            told.append(f"{word} is logged, but docs/events.md does not have it")
        elif word not in sources:
            told.append(f"{word} is in docs/events.md, but nobody logs it")
        elif sources[word] != page[word]:
            told.append(f"{word}: logged as {sources[word]}, described as {page[word]}")
    return told


def self_test() -> int:
    """Plants one difference of each kind."""
    source = """logger_.info(good ? "well" : "ill", {{"a", f(1)}, {"b", text}}); parts_.logger->warning("new_one");
        installation->logger()\n.error("moved", {{"x", 1}}); other.info("nothing");"""
    page = """| `well` | info | `a`, `b` | x |\n| `ill` | info | `a` | x |\n| `moved` | info | `x` | x |\n| `gone` | info | | x |\n"""
    events: dict[str, Event] = {}
    logged(source, events)
    found = [line.split()[0].rstrip(":") for line in differences(events, documented(page))]
    wanted = ["gone", "ill", "moved", "new_one"]
    try:
        logged("logger_.info(word);", events)
        found.append("an event that is no word was taken")
    except SourceError:
        pass
    if found != wanted:
        print(f"found {found}, planted {wanted}")
    print(f"events: {int(found == wanted)} passed, {int(found != wanted)} failed")
    return int(found != wanted)


def main() -> int:
    """0 when the page and the sources agree."""
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    events: dict[str, Event] = {}
    for path in sorted([*TOP.glob("src/**/*.[ch]pp"), *TOP.glob("apps/**/*.[ch]pp")]):
        if not re.search(r"_(test|fixture)\.[ch]pp$", path.name) and path.parent != TOP / "src" / "base":
            logged(path.read_text(encoding="utf-8"), events)
    page = documented((TOP / "docs" / "events.md").read_text(encoding="utf-8"))
    told = differences(events, page)
    print("\n".join(told))
    print(f"events: {len(events.keys() | page.keys()) - len(told)} passed, {len(told)} failed")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
