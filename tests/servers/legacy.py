"""What the cases about the services of 2010 use: users, Basic authentication, a real SMTP server, the security log."""

import base64
import hashlib
import json
import socket
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from homespun_server import HomespunServer
from sync_client import Answer, request


def user_name(mail: str) -> str:
    """The name that clients make of an address."""
    return base64.b32encode(hashlib.sha1(mail.lower().encode()).digest()).decode().lower()


def basic(name: str, password: str) -> dict[str, str]:
    """The header of a login."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def ask(server: HomespunServer, method: str, path: str, body: str | bytes = b"", headers: dict[str, str] | None = None) -> Answer:
    """One request to the user API or a page."""
    data = body.encode() if isinstance(body, str) else body
    return request(method, server.root + path, headers or {}, data or None)


def create(server: HomespunServer, mail: str, password: str, **more: Any) -> Answer:
    """As a client of that time makes a user."""
    return ask(server, "PUT", f"/user/1.0/{user_name(mail)}", json.dumps({"password": password, "email": mail, **more}))


@dataclass
class Box:
    """Takes mail; the handler of the SMTP server."""

    refuse: str = ""
    mails: list[tuple[str, list[str], str]] = field(default_factory=list)  # sender, recipients, text
    subjects: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """One message."""
        if self.refuse:
            return self.refuse
        message = message_from_bytes(envelope.content)
        text = message.get_payload(decode=True).decode()
        self.subjects.append(str(message["Subject"]))
        self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), text))
        return "250 OK"


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def smtp_server(box: Box, port: int = 0, **options: Any) -> Controller:
    """A server that is started and stopped by the caller."""
    return Controller(box, hostname="127.0.0.1", port=port or free_port(), **options)


def security_events(path: Path) -> list[dict[str, str]]:
    """The lines of a security log, taken apart by the format's rules."""
    events = []
    for line in path.read_text(encoding="utf-8").splitlines():
        head, _, rest = line.partition(" CEF:")
        if len(head) < 16 or not rest:
            raise AssertionError(f"no CEF line: {line}")
        fields: list[str] = [""]
        position = 0
        while len(fields) < 8:
            letter = rest[position]
            if letter == "\\":
                position += 1
                fields[-1] += rest[position]
            elif letter == "|":
                fields.append("")
            else:
                fields[-1] += letter
            position += 1
        event = dict(zip(("version", "vendor", "product", "device", "signature", "name", "severity"), fields, strict=False))
        event["extensions"] = rest[position:]
        events.append(event)
    return events
