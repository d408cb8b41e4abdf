"""Reads Prometheus' text format 0.0.4, strictly: whatever a scraper might tolerate or drop is an error here."""

import math
import re
from dataclasses import dataclass, field

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
KINDS = ("counter", "gauge", "histogram")

Labels = tuple[tuple[str, str], ...]


class FormatError(Exception):
    """The text is not what the format allows."""


@dataclass
class Family:
    """All samples of one name; those of a histogram under the suffix `_bucket`, `_sum` or `_count`."""

    kind: str
    help: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)


def demand(holds: bool, text: str) -> None:
    """Raises FormatError with `text` when it does not hold."""
    if not holds:
        raise FormatError(text)


def labels_of(text: str | None) -> Labels:
    """`a="1",b="2"` as pairs, sorted by name."""
    if text is None:
        return ()
    pairs: list[tuple[str, str]] = []
    at = 0
    while True:
        found = LABEL.match(text, at)
        if not found:
            raise FormatError(f"labels {text!r}")
        value = re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), found[2])
        pairs.append((found[1], value))
        at = found.end()
        if at == len(text):
            break
        demand(text[at] == ",", f"labels {text!r}")
        at += 1
    demand(len({name for name, _ in pairs}) == len(pairs), f"a label twice: {text!r}")
    return tuple(sorted(pairs))


def check_histogram(name: str, family: Family) -> None:
    """Buckets rise, +Inf is there and is the count, and so is the sum."""
    by_series: dict[Labels, list[tuple[float, float]]] = {}
    for (suffix, labels), value in family.samples.items():
        if suffix != "_bucket":
            continue
        bounds = [text for label, text in labels if label == "le"]
        demand(len(bounds) == 1, f"{name}: a bucket without le")
        rest = tuple(pair for pair in labels if pair[0] != "le")
        by_series.setdefault(rest, []).append((float(bounds[0]), value))
    for (suffix, labels) in family.samples:
        demand(suffix == "_bucket" or labels in by_series, f"{name}{suffix} {labels} has no buckets")
    for labels, buckets in by_series.items():
        bounds_in_order = [bound for bound, _ in buckets]
        demand(bounds_in_order == sorted(set(bounds_in_order)), f"{name} {labels}: bounds {bounds_in_order}")
        values = [value for _, value in buckets]
        demand(values == sorted(values), f"{name} {labels}: {values} are not cumulative")
        demand(math.isinf(bounds_in_order[-1]), f"{name} {labels}: +Inf is missing")
        demand(family.samples.get(("_count", labels)) == values[-1], f"{name} {labels}: the count is not the +Inf bucket")
        demand(("_sum", labels) in family.samples, f"{name} {labels}: the sum is missing")


def read(text: str) -> dict[str, Family]:
    """The families by name; raises FormatError."""
    demand(text.endswith("\n"), "the last line does not end")
    families: dict[str, Family] = {}
    helps: dict[str, str] = {}
    current = ""
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, _, words = line.removeprefix("# HELP ").partition(" ")
            demand(re.fullmatch(NAME, name) is not None and bool(words), line)
            demand(name not in helps, f"HELP of {name} twice")
            helps[name] = words
        elif line.startswith("# TYPE "):
            name, _, kind = line.removeprefix("# TYPE ").partition(" ")
            demand(name in helps and kind in KINDS, line)
            demand(name not in families, f"TYPE of {name} twice")
            families[name] = Family(kind, helps[name])
            demand((kind == "counter") == name.endswith("_total"), f"{kind} {name}: counters end with _total, others do not")
            current = name
        else:
            found = SAMPLE.fullmatch(line)
            if not found or not current:
                raise FormatError(f"no sample: {line!r}")
            family = families[current]
            suffix = found[1].removeprefix(current)
            allowed = ("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",)
            demand(found[1].startswith(current) and suffix in allowed, f"{found[1]} among the samples of {current}")
            key = (suffix, labels_of(found[2]))
            demand(key not in family.samples, f"twice: {line}")
            value = float(found[3])
            demand(math.isfinite(value) and (family.kind == "gauge" or value >= 0), line)
            family.samples[key] = value
    for name, family in families.items():
        demand(bool(family.samples), f"{name} has no samples")
        if family.kind == "histogram":
            check_histogram(name, family)
    return families
