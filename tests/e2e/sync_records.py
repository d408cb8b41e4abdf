"""Records as Firefox seals them, made without a browser: keys of an account, AES-256-CBC, HMAC-SHA-256.

The cipher is OpenSSL's own library, called directly: Python's standard library has none.
"""

import base64
import ctypes
import ctypes.util
import functools
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from account_client import NAMESPACE, SignedIn
from sync_client import SyncError, SyncStorage, hkdf

ROOM = 32  # what a cipher may add


@functools.cache
def _openssl() -> ctypes.CDLL:
    library = ctypes.CDLL(ctypes.util.find_library("crypto"))
    for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_cbc"):
        getattr(library, name).restype = ctypes.c_void_p
    return library


def aes_cbc(key: bytes, vector: bytes, text: bytes) -> bytes:
    """AES-256-CBC with PKCS#7 padding."""
    library = _openssl()
    context = ctypes.c_void_p(library.EVP_CIPHER_CTX_new())
    try:
        output, length, last = ctypes.create_string_buffer(len(text) + ROOM), ctypes.c_int(), ctypes.c_int()
        cipher = ctypes.c_void_p(library.EVP_aes_256_cbc())
        good = library.EVP_EncryptInit_ex(context, cipher, None, key, vector)
        good &= library.EVP_EncryptUpdate(context, output, ctypes.byref(length), text, len(text))
        good &= library.EVP_EncryptFinal_ex(context, ctypes.byref(output, length.value), ctypes.byref(last))
        if not good:
            raise ValueError("OpenSSL refuses to encrypt")
        return output.raw[: length.value + last.value]
    finally:
        library.EVP_CIPHER_CTX_free(context)


@dataclass(frozen=True)
class Keys:
    """A pair of Sync keys of 32 bytes each."""

    encryption: bytes
    hmac: bytes

    @classmethod
    def new(cls) -> "Keys":
        """Random ones."""
        return cls(secrets.token_bytes(32), secrets.token_bytes(32))

    def seal(self, content: dict[str, Any], vector: bytes = b"") -> str:
        """The payload of a record with this content, which holds the record's `id`."""
        vector = vector or secrets.token_bytes(16)
        sealed = base64.b64encode(aes_cbc(self.encryption, vector, json.dumps(content).encode())).decode()
        mac = hmac.new(self.hmac, sealed.encode(), "sha256").hexdigest()
        return json.dumps({"ciphertext": sealed, "IV": base64.b64encode(vector).decode(), "hmac": mac})


def account_keys(who: SignedIn) -> Keys:
    """The keys that crypto/keys is sealed with."""
    both = hkdf(who.key, (NAMESPACE + "oldsync").encode(), 64)
    return Keys(both[:32], both[32:])


class SealedStorage:
    """A person's storage, written to as a Firefox would."""

    def __init__(self, storage: SyncStorage, who: SignedIn) -> None:
        self.storage = storage
        self._root = account_keys(who)
        self.keys = Keys.new()

    def begin(self) -> None:
        """Stores crypto/keys."""
        pair = [base64.b64encode(each).decode() for each in (self.keys.encryption, self.keys.hmac)]
        content = {"id": "keys", "collection": "crypto", "default": pair, "collections": {}}
        self._put("crypto", [{"id": "keys", "payload": self._root.seal(content)}])

    def store(self, collection: str, *contents: dict[str, Any]) -> None:
        """Seals and stores records, a hundred at a time."""
        self._put(collection, [{"id": each["id"], "payload": self.keys.seal(each)} for each in contents])

    def store_payload(self, collection: str, name: str, payload: str) -> None:
        """Stores a record as it is."""
        self._put(collection, [{"id": name, "payload": payload}])

    def _put(self, collection: str, records: list[dict[str, Any]]) -> None:
        for at in range(0, len(records), 100):
            part = records[at : at + 100]
            answer = self.storage.request("POST", f"/storage/{collection}", json.dumps(part).encode())
            if answer.status != 200 or answer.json()["failed"]:
                raise SyncError(f"storing {collection}: {answer.status} {answer.body[:200]!r}")


# ---- contents, as Firefox writes them


def bookmark(name: str, parent: str, **facts: Any) -> dict[str, Any]:
    """A bookmark's record."""
    return {"id": name, "type": "bookmark", "parentid": parent, "title": name, "bmkUri": f"https://{name}.example/", **facts}


def folder(name: str, parent: str, children: Sequence[str], title: str = "") -> dict[str, Any]:
    """A folder's record."""
    return {"id": name, "type": "folder", "parentid": parent, "title": title or name, "children": list(children)}


def visit(number: int) -> dict[str, Any]:
    """A visited page's record, the later the higher its number."""
    moment = (1_790_000_000 + 60 * number) * 1_000_000
    return {
        "id": f"visit-{number}",
        "histUri": f"https://visit-{number}.example/",
        "title": f"page number {number}",
        "visits": [{"date": moment, "type": 1}],
    }
