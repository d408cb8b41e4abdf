"""The `auth:` directive: what goes into the Authorization header, right or wrong on purpose."""

import base64
import json
import re
import secrets
import shlex
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

from sync_client import hawk_header, seal

from .accounts import Account, derive


class AuthError(Exception):
    """The directive is not understood."""


class Identity(Protocol):
    """What signing needs to know about the file and the server."""

    root: str
    uid: int
    master: str

    def now(self) -> float:
        """The server's time, as far as the case has shifted it."""

    def account(self) -> Account:
        """The file's account."""

    def access_token(self, scope: str) -> str:
        """One for the file's account; made once per scope."""


OPTIONS = {
    "none": set(),
    "storage": {
        "uid", "expires", "secret", "key", "id", "payload", "node", "salt",
        "scheme", "ts", "drop", "method", "target", "host", "port", "hash", "nonce", "mac", "reverse",
    },
    "session": {"token", "scheme", "ts", "drop", "method", "target", "host", "port", "hash", "nonce", "mac", "reverse"},
    "keyfetch": {"token", "scheme", "ts", "drop", "method", "target", "host", "port", "hash", "nonce", "mac", "reverse"},
    "session-bearer": {"token"},
    "keyfetch-bearer": {"token"},
    "access": {"scope"},
    "basic": {"name", "password", "scheme", "raw"},
}  # fmt: skip


def read_directive(text: str) -> tuple[str, dict[str, str]]:
    """The kind and its options; raises AuthError."""
    try:
        words = shlex.split(text) or ["none"]
    except ValueError as problem:
        raise AuthError(str(problem)) from problem
    kind, options = words[0], {}
    if kind not in OPTIONS:
        raise AuthError(f"auth: only {', '.join(OPTIONS)}")
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals or name not in OPTIONS[kind]:
            raise AuthError(f"auth: {kind} has no option {word!r}")
        options[name] = value
    return kind, options


def mint(who: Identity, options: Mapping[str, str]) -> tuple[str, bytes]:
    """A storage token's id and HAWK key."""
    secret = options.get("secret", who.master)
    salt = options.get("salt", secrets.token_hex(3))
    payload = options.get("payload") or json.dumps(
        {
            "uid": int(options.get("uid", who.uid)),
            "node": options.get("node", who.root),
            "expires": who.now() + float(options.get("expires", 300)),
            "fxa_uid": "0123456789abcdef0123456789abcdef",
            "fxa_kid": "0000000001234-qqo",
            "hashed_fxa_uid": "4d00ecae64b98dd7dc7dea68d0dd615d",
            "salt": salt,
        }
    )
    try:
        name, key = seal(secret, payload)
    except (ValueError, TypeError, AttributeError, KeyError):  # a payload that is wrong on purpose
        name, key = _seal_nonsense(secret, payload)
    return options.get("id", name), (options.get("key") or key).encode()


def _seal_nonsense(secret: str, payload: str) -> tuple[str, str]:
    """A token with a good signature around something that is no token payload."""
    import base64
    import hmac

    from sync_client import TOKENLIB, hkdf

    text = payload.encode()
    signature = hmac.digest(hkdf(secret.encode(), (TOKENLIB + "signing").encode(), 32), text, "sha256")
    name = base64.urlsafe_b64encode(text + signature).decode()
    key = hkdf(secret.encode(), (TOKENLIB + "derive/" + name).encode(), 32, b"")
    return name, base64.urlsafe_b64encode(key).decode()


def hawk(
    who: Identity, token: str, key: bytes, method: str, target: str, body: bytes, content_type: str, options: Mapping[str, str]
) -> str:
    """A HAWK header, changed as the options say. `content_type` empty: the body is not signed."""
    parts = urlsplit(who.root)
    host = options.get("host", parts.hostname or "")
    port = options.get("port", str(parts.port or (443 if parts.scheme == "https" else 80)))
    url = f"{parts.scheme}://{host}:{port}{parts.path}{options.get('target', target)}"
    kind = content_type.split(";")[0].strip().lower()
    if options.get("hash") == "none":
        kind = ""
    elif options.get("hash") == "wrong":
        kind, body = kind or "text/plain", body + b"?"
    elif options.get("hash") == "good":
        kind = kind or "text/plain"
    moment = int(who.now() + float(options.get("ts", 0)))
    header = hawk_header(url, options.get("method", method), token, key, body, kind, moment, options.get("nonce", ""))
    for name in filter(None, options.get("drop", "").split(",")):
        header = re.sub(rf'(, )?\b{name}="[^"]*"', "", header).replace("Hawk , ", "Hawk ")
    if "mac" in options:
        header = re.sub(r'mac="[^"]*"', f'mac="{options["mac"]}"', header)
    if "reverse" in options:
        header = "Hawk " + ", ".join(reversed(header[5:].split(", ")))
    if "scheme" in options:
        header = options["scheme"] + header[4:]
    return header


def authorization(who: Identity, directive: str, method: str, target: str, body: bytes, content_type: str) -> str | None:
    """The header's value, or None for a request without."""
    scheme, options = read_directive(directive)
    match scheme:
        case "none":
            return None
        case "storage":
            token, storage_key = mint(who, options)
            kind = content_type if "hash" in options else ""
            return hawk(who, token, storage_key, method, target, body, kind, options)
        case "session" | "keyfetch":
            purpose = "sessionToken" if scheme == "session" else "keyFetchToken"
            name, key = derive(options.get("token") or who.account().session, purpose)
            return hawk(who, name, key, method, target, body, (content_type or "text/plain") if body else "", options)
        case "session-bearer":
            return "Bearer fxs_" + derive(options.get("token") or who.account().session, "sessionToken")[0]
        case "keyfetch-bearer":
            return "Bearer fxk_" + derive(options["token"], "keyFetchToken")[0]
        case "basic":
            text = options.get("raw") or base64.b64encode(f"{options.get('name', '')}:{options.get('password', '')}".encode()).decode()
            return f"{options.get('scheme', 'Basic')} {text}"
        case _:
            return "Bearer " + who.access_token(options.get("scope", "oldsync"))
