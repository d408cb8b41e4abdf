"""A small Sync client that shares nothing with the server: tokenlib tokens, HAWK, storage requests.

Used to look at the store and to change it behind a browser's back.
"""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

TOKENLIB = "services.mozilla.com/tokenlib/v1/"


def hkdf(key: bytes, info: bytes, length: int, salt: bytes = b"") -> bytes:
    """HKDF with SHA-256 (RFC 5869)."""
    extracted = hmac.digest(salt or bytes(32), key, "sha256")
    result = block = b""
    while len(result) < length:
        block = hmac.digest(extracted, block + info + bytes([len(result) // 32 + 1]), "sha256")
        result += block
    return result[:length]


@dataclass(frozen=True)
class Token:
    """What a client needs to speak to the storage of one user."""

    id: str
    key: str
    endpoint: str  # http://host:port/path/<user>, no slash at the end


def seal(master: str, payload: str) -> tuple[str, str]:
    """The id and the key of a token with this payload, which is JSON with a `salt` and is used as it is."""
    text = payload.encode()
    signature = hmac.digest(hkdf(master.encode(), (TOKENLIB + "signing").encode(), 32), text, "sha256")
    name = base64.urlsafe_b64encode(text + signature).decode()
    key = hkdf(master.encode(), (TOKENLIB + "derive/" + name).encode(), 32, json.loads(payload)["salt"].encode())
    return name, base64.urlsafe_b64encode(key).decode()


def sign_token(master: str, root: str, user: int, lifetime: int = 300) -> Token:
    """Makes a token for a storage user out of the server's master secret, without asking anybody."""
    payload = {"uid": user, "node": root, "expires": int(time.time()) + lifetime, "salt": secrets.token_hex(3)}
    return Token(*seal(master, json.dumps(payload)), f"{root}/storage/1.5/{user}")


def hawk_header(
    url: str, method: str, token: str, key: bytes, body: bytes = b"", content_type: str = "", moment: int = 0, nonce: str = ""
) -> str:
    """The Authorization header of a request; the body is signed when a content type is given. `key` is used as it is."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    stamp, nonce = str(moment or int(time.time())), nonce or secrets.token_urlsafe(9)
    digest = ""
    if content_type:
        text = b"hawk.1.payload\n%s\n%s\n" % (content_type.encode(), body)
        digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
    lines = ["hawk.1.header", stamp, nonce, method, target, (parts.hostname or "").lower(), str(port), digest, "", ""]
    mac = base64.b64encode(hmac.digest(key, "\n".join(lines).encode(), "sha256")).decode()
    payload = f', hash="{digest}"' if digest else ""
    return f'Hawk id="{token}", ts="{stamp}", nonce="{nonce}"{payload}, mac="{mac}"'


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case) and body of a response."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


def request(method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
    """One request on a connection of its own; raises OSError when there is no answer."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    finally:
        connection.close()


class SyncError(Exception):
    """The server answered with another status than expected."""


def ask_for_token(root: str, access_token: str, key_id: str) -> Answer:
    """Asks the token server for a storage token."""
    return request("GET", f"{root}/token/1.0/sync/1.5", {"Authorization": f"Bearer {access_token}", "X-KeyID": key_id})


def given_token(answer: Answer) -> Token:
    """The storage token in that answer; raises SyncError when there is none."""
    if answer.status != 200:
        raise SyncError(f"no token: {answer.status} {answer.body[:200]!r}")
    return Token(*(answer.json()[name] for name in ("id", "key", "api_endpoint")))


class SyncStorage:
    """The storage of one user. Every method is one request."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """`path` comes after the endpoint, percent-encoded, with its query."""
        url = self._token.endpoint + path
        headers = {"Authorization": hawk_header(url, method, self._token.id, self._token.key.encode())}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return request(method, url, headers, body)

    def collections(self) -> dict[str, float]:
        """The collections and when each was last modified."""
        return self._good(self.request("GET", "/info/collections")).json()

    def ids(self, collection: str) -> set[str]:
        """The ids of all records of a collection; empty when there is no such collection."""
        return set(self._good(self.request("GET", f"/storage/{quote(collection)}")).json())

    def record(self, collection: str, name: str) -> dict[str, Any]:
        """One record with its payload, which is text."""
        return self._good(self.request("GET", f"/storage/{quote(collection)}/{quote(name)}")).json()

    def delete(self, collection: str, name: str) -> None:
        """Deletes one record, which must exist."""
        self._good(self.request("DELETE", f"/storage/{quote(collection)}/{quote(name)}"))

    @staticmethod
    def _good(answer: Answer) -> Answer:
        if answer.status != 200:
            raise SyncError(f"storage answered {answer.status}: {answer.body[:200]!r}")
        return answer
