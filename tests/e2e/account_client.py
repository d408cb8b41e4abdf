"""A small client of the accounts' API that shares nothing with the page or the server: from e-mail and password to keys."""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Any

from sync_client import Answer, Token, ask_for_token, given_token, hawk_header, hkdf, request

NAMESPACE = "identity.mozilla.com/picl/v1/"
OLDSYNC = "https://identity.mozilla.com/apps/oldsync"
FIREFOX = "5882386c6d801776"  # the client id of desktop Firefox


class AccountError(Exception):
    """The server refused; `errno` is the number it gave, `status` the HTTP status."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status}: {answer.body[:300]!r}")
        self.status = answer.status
        try:
            self.errno = answer.json().get("errno")
        except (ValueError, AttributeError):
            self.errno = None


def _derive(key: bytes, name: str, length: int) -> bytes:
    return hkdf(key, (NAMESPACE + name).encode(), length)


def _plain64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class Stretched:
    """What becomes of a password: the part the server sees, and the part it never sees."""

    auth: str
    unwrap: bytes


def new_client_salt() -> str:
    """What a new account's password is stretched with; stored and handed out by the server as it is."""
    return f"{NAMESPACE}quickStretchV2:{secrets.token_hex(16)}"


def stretch(password: str, salt: str) -> Stretched:
    """The newer stretching (650,000 rounds) with an account's client salt."""
    quick = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), 650000, 32)
    return Stretched(_derive(quick, "authPW", 32).hex(), _derive(quick, "unwrapBkey", 32))


class AccountServer:
    """The accounts' API below `ROOT/auth/v1`. Every method raises AccountError when the server refuses."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._auth = root + "/auth/v1"

    def create(self, email: str, password: str, invite: str = "") -> str:
        """Makes an account, with an invitation's code if there is one, and returns its uid."""
        salt = new_client_salt()
        body = {"email": email, "authPW": stretch(password, salt).auth, "version": 2, "clientSalt": salt}
        if invite:
            body["invite"] = invite
        return self._post("/account/create", body)["uid"]

    def try_login(self, email: str, auth: str) -> None:
        """A login with the stretched password as it goes over the wire, whatever it is."""
        self._post("/account/login", {"email": email, "authPW": auth, "version": 2})

    def sign_in(self, email: str, password: str) -> "SignedIn":
        """Signs in and fetches the account's keys."""
        salt = self._post("/account/credentials/status", {"email": email})["clientSalt"]
        stretched = stretch(password, salt)
        account = self._post("/account/login?keys=true", {"email": email, "authPW": stretched.auth, "version": 2})
        session = "fxs_" + _derive(bytes.fromhex(account["sessionToken"]), "sessionToken", 96)[:32].hex()
        wrapped = self._wrapped_key(bytes.fromhex(account["keyFetchToken"]))
        key = bytes(one ^ other for one, other in zip(wrapped, stretched.unwrap, strict=True))
        scope = self._post("/account/scoped-key-data", {"client_id": FIREFOX, "scope": OLDSYNC}, session)[OLDSYNC]
        return SignedIn(account["uid"], session, key, scope["keyRotationTimestamp"])

    def storage_token(self, who: "SignedIn") -> Token:
        """Asks for an access token, and with it the token server for a storage token."""
        grant = {"grant_type": "fxa-credentials", "client_id": FIREFOX, "scope": OLDSYNC, "ttl": 600}
        access = self._post("/oauth/token", grant, who.session)["access_token"]
        answer = ask_for_token(self._root, access, who.key_id)
        if answer.status != 200:
            raise AccountError(answer)
        return given_token(answer)

    def sign_out(self, who: "SignedIn") -> None:
        """Ends the session."""
        self._post("/session/destroy", {}, who.session)

    def _wrapped_key(self, token: bytes) -> bytes:
        derived = _derive(token, "keyFetchToken", 96)
        url = self._auth + "/account/keys"
        answer = request("GET", url, {"Authorization": hawk_header(url, "GET", derived[:32].hex(), derived[32:64])})
        if answer.status != 200:
            raise AccountError(answer)
        bundle = bytes.fromhex(answer.json()["bundle"])
        pads = _derive(derived[64:], "account/keys", 96)
        if not hmac.compare_digest(hmac.digest(pads[:32], bundle[:64], "sha256"), bundle[64:]):
            raise ValueError("the key bundle's MAC is wrong")
        return bytes(one ^ other for one, other in zip(bundle[32:64], pads[64:], strict=True))

    def _post(self, path: str, body: dict[str, Any], session: str = "") -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if session:
            headers["Authorization"] = f"Bearer {session}"
        answer = request("POST", self._auth + path, headers, json.dumps(body).encode())
        if answer.status != 200:
            raise AccountError(answer)
        return answer.json()


@dataclass(frozen=True)
class SignedIn:
    """A session and the account's key, which the server never sees."""

    uid: str
    session: str
    key: bytes
    changed: int  # when the key was made, milliseconds

    @property
    def key_id(self) -> str:
        """As the token server wants it in X-KeyID."""
        return f"{self.changed}-{_plain64(hashlib.sha256(self.key).digest()[:16])}"

    def seals(self, payload: str) -> bool:
        """Whether a record's payload (of `crypto/keys`) carries a MAC made with this account's Sync key."""
        sealed = json.loads(payload)
        mac_key = _derive(self.key, "oldsync", 64)[32:]
        return hmac.compare_digest(hmac.new(mac_key, sealed["ciphertext"].encode(), "sha256").hexdigest(), sealed["hmac"])
