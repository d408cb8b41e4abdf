#!/usr/bin/env python3
"""The list has not rotted, and the runner sees what kills and what does not. Fast: nothing is built."""

import unittest
from collections import Counter
from dataclasses import replace
from typing import Any

from mutants import Mutant, MutantError, mutant_of, problems, read_mutants, requirements
from run_mutants import verdict

GOOD = Mutant(
    name="good",
    breaks="Something.",
    file="tests/api/ids.txt",
    old="sync15-1-1 ",
    new="sync15-1-1-and-a-half ",
    ids=("sync15-1-1",),
    cases=("storage",),
)


class ListTest(unittest.TestCase):
    """mutants.toml as it is."""

    def test_every_mutant_can_be_planted(self) -> None:
        """Whoever moves the code that a mutant changes must move the mutant, too."""
        known = requirements()
        for mutant in read_mutants():
            with self.subTest(mutant.name):
                self.assertEqual(problems(mutant, known), [])

    def test_names_and_faults_are_there_once(self) -> None:
        """Two entries of one name could not be chosen; two of one fault prove it once."""
        mutants = read_mutants()
        for name, count in Counter(mutant.name for mutant in mutants).items():
            self.assertEqual(count, 1, name)
        for fault, count in Counter((mutant.file, mutant.old, mutant.new) for mutant in mutants).items():
            self.assertEqual(count, 1, fault)


class MutantTest(unittest.TestCase):
    """What is wrong with an entry is said."""

    def said(self, **changes: Any) -> str:
        """The problems of the good mutant with a change."""
        return "\n".join(problems(replace(GOOD, **changes), requirements()))

    def test_a_good_one(self) -> None:
        """Nothing is wrong with it, and it changes what it should."""
        self.assertEqual(self.said(), "")
        self.assertEqual(GOOD.mutated("x sync15-1-1 y"), "x sync15-1-1-and-a-half y")

    def test_an_old_text_that_is_not_there_once(self) -> None:
        """Neither missing nor twice: which one would be meant?"""
        self.assertIn("0 times in tests/api/ids.txt", self.said(old="no such text"))
        self.assertRegex(self.said(old="sync15-"), r"good: the old text is \d+ times")
        with self.assertRaises(MutantError):
            GOOD.mutated("sync15-1-1 sync15-1-1 ")

    def test_what_else_can_be_wrong(self) -> None:
        """A file, an id or a case that does not exist, and a change that is none."""
        self.assertIn("src/nothing.cpp", self.said(file="src/nothing.cpp"))
        self.assertIn("sync15-1-99 is not in", self.said(ids=("sync15-1-99",)))
        self.assertIn("no tests/api/storage/none.http", self.said(cases=("storage/none.http",)))
        self.assertIn("changes nothing", self.said(new=GOOD.old))
        self.assertIn("needs ids and cases", self.said(ids=()))

    def test_a_misspelt_member(self) -> None:
        """Of an entry in the file."""
        entry = {"name": "n", "breaks": "b", "file": "f", "old": "o", "neu": "n", "ids": ["i"], "cases": ["c"]}
        with self.assertRaisesRegex(MutantError, "n: missing or unknown: neu, new"):
            mutant_of(entry)


class VerdictTest(unittest.TestCase):
    """A mutant is killed by a step that shows what it breaks, and by no other."""

    def judged(self, outcome: str = "failed", line: int = 3, reason: str = "HTTP 200 expected, got 500") -> tuple[int, int]:
        """How many steps kill the good mutant, and how many fail besides."""
        step = {"file": "a.http", "step": "a step", "line": line, "outcome": outcome, "reasons": [reason]}
        shown = {("a.http", 3): {"sync15-1-1", "acc-5-1"}, ("a.http", 9): {"acc-5-1"}}
        found = verdict(GOOD, [step], shown)
        return len(found.killers), len(found.others)

    def test_a_step_with_the_requirement(self) -> None:
        """It must have failed."""
        self.assertEqual(self.judged(), (1, 0))
        self.assertEqual(self.judged("passed"), (0, 0))
        self.assertEqual(self.judged("skipped"), (0, 0))

    def test_a_step_with_others(self) -> None:
        """Or with none, as when the server does not start."""
        self.assertEqual(self.judged(line=9), (0, 1))
        self.assertEqual(self.judged(line=0), (0, 1))

    def test_what_must_hold_for_every_answer(self) -> None:
        """Complaints of runner/always.py name their requirements themselves."""
        self.assertEqual(self.judged(line=9, reason="always (acc-5-5 sync15-1-1): it is missing"), (1, 0))
        self.assertEqual(self.judged(line=9, reason="always (acc-5-5): it is missing"), (0, 1))


if __name__ == "__main__":
    unittest.main()
