"""What Toxiproxy answered, call by call: transcript.txt."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from processes import free_port
from seism_server import Answer, SeismServer, check

CALLS = 68


@dataclass
class Call:
    """One call and the answer it must get."""

    line: int
    method: str
    path: str
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    content_type: str = ""
    answer: str = ""


def read(text: str) -> list[Call]:
    """The calls of the file."""
    calls = []
    number = 1
    for block in text.split("\n\n"):
        lines = [(number + i, line) for i, line in enumerate(block.splitlines()) if line and not line.startswith("#")]
        number += block.count("\n") + 2
        if not lines:
            continue
        at, (method, path, *body) = lines[0][0], lines[0][1].split(" ", 2)
        call = Call(at, method, path, body[0] if body else "")
        for _, line in lines[1:]:
            if line.startswith("-> "):
                status, _, call.content_type = line[3:].partition(" ")
                call.status = int(status)
            elif call.status:
                call.answer = line
            else:
                name, _, value = line.partition(": ")
                call.headers[name] = value
        calls.append(call)
    return calls


def fits(expected: object, came: object) -> bool:
    """Whether two JSON values are the same, members in the same order; a `*` at the end stands for digits and dots."""
    if isinstance(expected, str) and isinstance(came, str) and (expected == "*" or expected.endswith(":*")):
        return re.fullmatch(re.escape(expected).replace(r"\*", "[0-9.]+"), came) is not None
    if isinstance(expected, list | tuple) and isinstance(came, list | tuple):
        return len(expected) == len(came) and all(map(fits, expected, came))
    return type(expected) is type(came) and expected == came


def complaint(call: Call, answer: Answer) -> str:
    """What is wrong with an answer."""
    if (answer.status, answer.headers.get("content-type", "")) != (call.status, call.content_type):
        return f"{call.status} {call.content_type} expected, got {answer.status} {answer.headers}"
    is_ours = call.status != 405 and call.answer != "404 page not found"
    if is_ours != bool(re.fullmatch("[0-9a-v]{20}", answer.headers.get("x-toxiproxy-request-id", ""))):
        return f"request id: {answer.headers}"
    if call.content_type.startswith("text/plain; charset") and answer.headers.get("x-content-type-options") != "nosniff":
        return f"nosniff: {answer.headers}"
    text = answer.body.decode()
    if call.path == "/metrics":
        return "" if "\nprocess_resident_memory_bytes " in text else text
    if not call.content_type.startswith("application/json") and not text.endswith("\n") and text:
        return "an error ends its line"
    if call.answer.startswith(("{", "[")):
        same = fits(*(json.loads(each, object_pairs_hook=list) for each in (call.answer, text)))
    else:
        same = call.answer == text.rstrip("\n")
    return "" if same else f"{call.answer} expected, got {text}"


def the_transcript_holds(program: Path, folder: Path) -> None:
    text = (Path(__file__).parent / "transcript.txt").read_text()
    for name in "ABC":
        text = text.replace("{" + name + "}", str(free_port()))
    calls = read(text)
    check(len(calls) == CALLS, f"{len(calls)} calls in the file")
    wrong = []
    with SeismServer(program, folder, "-runtime-metrics") as server:
        for call in calls:
            said = complaint(call, server.call(call.method, call.path, call.body.encode() or None, call.headers))
            if said:
                wrong.append(f"line {call.line}: {call.method} {call.path} {call.body}: {said}")
    check(not wrong, "\n".join(wrong))


CASES = (the_transcript_holds,)
