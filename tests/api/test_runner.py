#!/usr/bin/python3
"""Tests of the runner itself: it must see what is wrong, and say when a file is."""

import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from runner.authorization import AuthError, read_directive  # noqa: E402
from runner.checks import status_fits, statuses_fit  # noqa: E402
from runner.matching import at_pointer, difference, read_json  # noqa: E402
from runner.model import CaseFile, FormatError  # noqa: E402
from runner.parser import parse  # noqa: E402
from runner.play import Play  # noqa: E402
from runner.report import Report  # noqa: E402
from runner.syntax import syntax_problems  # noqa: E402
from runner.target import Target  # noqa: E402
from runner.values import UnknownValue, Values, names_in  # noqa: E402
from runner.wire import unescape  # noqa: E402


def case(text: str) -> CaseFile:
    """A file with this text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.http"
        path.write_text(text)
        return parse(path, Path(folder).resolve())


class Matching(unittest.TestCase):
    """JSON against what is expected."""

    def differs(self, expected: str, got: str, subset: bool = False) -> bool:
        """Whether a difference is seen."""
        return difference(read_json(expected), read_json(got), subset) is not None

    def test_exact(self) -> None:
        self.assertFalse(self.differs('{"a": [1, "x", null, true]}', '{"a":[1,"x",null,true]}'))
        for got in ('{"a": 1, "b": 2}', '{"a": "1"}', '{"a": 2}', '{"a": true}', "{}", "[]", "1"):
            self.assertTrue(self.differs('{"a": 1}', got), got)
        self.assertTrue(self.differs("[1, 2]", "[2, 1]"))
        self.assertFalse(self.differs('["<unordered>", 1, 2]', "[2, 1]"))
        self.assertTrue(self.differs('["<unordered>", 1, 2]', "[2, 1, 3]"))

    def test_subset(self) -> None:
        self.assertFalse(self.differs('{"a": {"b": 1}}', '{"a": {"b": 1, "c": 2}, "d": 3}', subset=True))
        self.assertTrue(self.differs('{"a": "<absent>"}', '{"a": 1}', subset=True))

    def test_wildcards(self) -> None:
        self.assertFalse(self.differs('"<timestamp>"', "1700000000.10"))
        for got in ("1700000000.1", "1700000000", '"1700000000.10"'):
            self.assertTrue(self.differs('"<timestamp>"', got), got)
        self.assertTrue(self.differs('"<integer>"', "1.0"))
        self.assertTrue(self.differs('"<hex:4>"', '"abc"'))
        self.assertTrue(self.differs('"<list:2>"', "[1]"))

    def test_strict_json(self) -> None:
        for text in ("NaN", '{"a": 1, "a": 2}', "[1,]", ""):
            self.assertRaises(ValueError, read_json, text)

    def test_pointer(self) -> None:
        self.assertEqual(at_pointer({"a/b": [1, 2]}, "/a~1b/-1"), 2)
        self.assertRaises(KeyError, at_pointer, {"a": 1}, "/b")


class Format(unittest.TestCase):
    """Reading case files."""

    def test_step(self) -> None:
        head = 'auth: storage\n\n### One\nid: a b\nPUT /x\nA: b\n\n= "\\n"\n'
        step = case(head + "HTTP 200|204\nX: y\ncapture m = json /a\n").steps[0]
        self.assertEqual((step.title, step.method, step.target, step.auth), ("One", "PUT", "/x", "storage"))
        self.assertEqual((step.ids, step.headers, step.body, step.body_is_escaped), (["a", "b"], [("A", "b")], '"\\n"', True))
        self.assertEqual((step.statuses, step.header_checks[0].kind, step.captures[0].name), (["200|204"], "equals", "m"))

    def test_refused(self) -> None:
        for text in (
            "",
            "### One\nGET /x\n",
            "### One\nGET /x\nHTTP abc\n",
            "### One\nGET /x\nHTTP 200\nwhat is this\n",
            "nonsense\n### One\nGET /x\nHTTP 200\n",
            "### One\nneeds: money\nGET /x\nHTTP 200\n",
            "### One\nGET /x\nHTTP 200\n### One\nGET /x\nHTTP 200\n",
            "### One\nGET /x\nHTTP 200 200\n",
        ):
            with self.assertRaises(FormatError, msg=text):
                case(text)

    def test_syntax(self) -> None:
        for text in (
            "### One\nGET /{{nobody}}\nHTTP 200\n",
            "### One\nGET /{{repeta:x:1}}\nHTTP 200\n",
            "### One\nid: unknown\nGET /\nHTTP 200\n",
            "### One\nauth: storage colour=blue\nGET /\nHTTP 200\n",
            "### One\nGET /\nHTTP 200\nX ~ (\n",
            '### One\nGET /\nHTTP 200\njson: {"a": }\n',
        ):
            self.assertTrue(syntax_problems(case(text), set()), text)

    def test_raw(self) -> None:
        self.assertEqual(unescape(r"a\r\n\x00é\\"), b"a\r\n\0\xc3\xa9\\")


class Small(unittest.TestCase):
    """Values, statuses, directives."""

    def value_of(self, name: str) -> str:
        """Stands in for the variables."""
        if name != "t":
            raise UnknownValue(name)
        return "1.10"

    def test_values(self) -> None:
        values = Values(self, lambda: 1000.0)
        self.assertEqual(values.fill("{{add:t:0.01}} {{now:-1}} {{ids:2}} {{repeat:ab:2}}"), "1.11 999.00 r00000,r00001 abab")
        self.assertEqual(values.fill('{"a":{"b":{}}} {GUID}'), '{"a":{"b":{}}} {GUID}')
        self.assertRaises(UnknownValue, values.fill, "{{other}}")
        self.assertEqual(names_in("{{a}} {{uid}} {{add:b:1}} {{repeat:x:1}}"), {"a", "b"})

    def test_statuses(self) -> None:
        self.assertTrue(status_fits("4xx|200", 404) and status_fits("closed", 0))
        self.assertFalse(status_fits("4xx", 500) or status_fits("0xx", 0))
        self.assertTrue(statuses_fit(["200", "412"], [412, 200]))
        self.assertFalse(statuses_fit(["200", "412"], [200, 200]))

    def test_directives(self) -> None:
        options = {"payload": '{"a": 1}', "expires": "-1"}
        self.assertEqual(read_directive("storage payload='{\"a\": 1}' expires=-1"), ("storage", options))
        for text in ("stroage", "access colour=x", "storage uid", "storage 'x"):
            self.assertRaises(AuthError, read_directive, text)


class _Server(BaseHTTPRequestHandler):
    """Answers /good well, /bare without nosniff."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The same to everybody."""
        body = b'{"n": 1}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.path != "/bare":
            self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


class Playing(unittest.TestCase):
    """A file against a server."""

    def outcomes(self, text: str) -> list[str]:
        """Of the file's steps."""
        with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            report = Report(verbose=False)
            report.add = report.results.append  # type: ignore[method-assign]
            Play(case(text), Target(f"http://127.0.0.1:{server.server_port}", "secret")).run(report, "")
            server.shutdown()
        return [result.outcome for result in report.results]

    def test_outcomes(self) -> None:
        good = "### Good\nGET /good\nHTTP 200\njson: {\"n\": 1}\ncapture n = json /n\ncheck {{n}} < 2\n"
        self.assertEqual(self.outcomes(good), ["passed"])
        bad = "X-Missing present|Content-Type absent|body: x|body empty|json: {}|capture x = json /x|check 2 < 1"
        for line in bad.split("|"):
            self.assertEqual(self.outcomes(f"### Bad\nGET /good\nHTTP 200\n{line}\n"), ["failed"], line)
        self.assertEqual(self.outcomes("### Status\nGET /good\nHTTP 404\n"), ["failed"])
        self.assertEqual(self.outcomes("### Always\nGET /bare\nHTTP 200\n"), ["failed"])

    def test_skips(self) -> None:
        text = "### Bad\nGET /good\nHTTP 200\ncapture x = json /x\n\n### Next\nGET /{{x}}\nHTTP 200\n\n"
        text += "### Local\nneeds: local\nGET /good\nHTTP 200\n"
        self.assertEqual(self.outcomes(text), ["failed", "skipped", "skipped"])


if __name__ == "__main__":
    unittest.main()
