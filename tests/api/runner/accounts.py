"""The account of a case file: made when it is first needed, with a password nobody types."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from account_client import FIREFOX, NAMESPACE, OLDSYNC, new_client_salt
from sync_client import hkdf

from .wire import Response, Wire

SCOPES = {"oldsync": OLDSYNC, "profile": "profile"}


class AccountTrouble(Exception):
    """The account a case needs cannot be had."""


class SignUpClosed(AccountTrouble):
    """This server takes no new accounts from us."""


def derive(token: str, name: str) -> tuple[str, bytes]:
    """The id and the Hawk key behind a token given as hex."""
    credentials = hkdf(bytes.fromhex(token), (NAMESPACE + name).encode(), 96)
    return credentials[:32].hex(), credentials[32:64]


def session_id(token: str) -> str:
    """What stands in `Bearer fxs_…`."""
    return derive(token, "sessionToken")[0]


def key_fetch_id(token: str) -> str:
    """What stands in `Bearer fxk_…`."""
    return derive(token, "keyFetchToken")[0]


@dataclass
class Account:
    """An account with one session."""

    email: str
    authpw: str
    salt: str
    uid: str
    session: str  # token, hex

    def access_token(self, root: str, scope: str) -> str:
        """A new access token."""
        body = {"grant_type": "fxa-credentials", "client_id": FIREFOX, "scope": SCOPES.get(scope, scope)}
        return post(root, "/oauth/token", body, "fxs_" + session_id(self.session))["access_token"]


def new_email() -> str:
    """An address nobody has used."""
    return f"case-{secrets.token_hex(6)}@example.org"


def _call(root: str, method: str, path: str, bearer: str = "", body: dict[str, Any] | None = None) -> Response:
    headers = [("Content-Type", "application/json"), ("Accept", "application/json")]
    if bearer:
        headers.append(("Authorization", f"Bearer {bearer}"))
    wire = Wire(root)
    try:
        data = None if body is None else json.dumps(body).encode()
        return wire.request(method, wire.prefix + "/auth/v1" + path, headers, data, True)
    finally:
        wire.close()


def post(root: str, path: str, body: dict[str, Any], bearer: str = "") -> dict[str, Any]:
    """A call of the accounts' API that must succeed."""
    answer = _call(root, "POST", path, bearer, body)
    if answer.status == 403:
        raise SignUpClosed(f"{path}: {answer.text[:200]}")
    if answer.status != 200:
        raise AccountTrouble(f"{path} answered {answer.status}: {answer.text[:200]}")
    return json.loads(answer.body)


def sign_up_open(root: str) -> bool:
    """Whether anybody may make an account."""
    answer = _call(root, "GET", "/account/create/status")
    return answer.status == 200 and json.loads(answer.body).get("open") is True


def make_account(root: str, invite: str) -> Account:
    """Signs somebody up."""
    email, authpw, salt = new_email(), secrets.token_hex(32), new_client_salt()
    body = {"email": email, "authPW": authpw, "version": 2, "clientSalt": salt}
    if invite:
        body["invite"] = invite
    made = post(root, "/account/create?keys=true", body)
    return Account(email, authpw, salt, made["uid"], made["sessionToken"])
