"""Keys, tokens and certificates, made by the openssl command: this suite shares no cryptography with the server."""

import base64
import hmac
import json
import subprocess
from pathlib import Path
from typing import Any


def openssl(*arguments: str | Path, given: bytes = b"") -> bytes:
    """What `openssl ARGUMENTS` prints; raises CalledProcessError when it fails."""
    return subprocess.run(["openssl", *map(str, arguments)], input=given, capture_output=True, timeout=30, check=True).stdout


def plain64(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """The signed part of a token."""
    return ".".join(plain64(json.dumps(part).encode()) for part in (header, claims))


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token of `alg: none`."""
    return compact(header, claims) + "."


def shared_secret(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """A token of HS256 with a secret that everybody knows, for instance somebody's public key."""
    text = compact(header, claims)
    return f"{text}.{plain64(hmac.digest(secret, text.encode(), 'sha256'))}"


class SigningKey:
    """A private key in a file, `rsa` or `ec`, and what an account server does with it."""

    def __init__(self, folder: Path, name: str, kind: str = "rsa") -> None:
        self.name, self.kind, self.path = name, kind, folder / f"{name}-{kind}.pem"
        words = ["rsa", "-pkeyopt", "rsa_keygen_bits:2048"] if kind == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        openssl("genpkey", "-algorithm", *words, "-out", self.path)

    def public_pem(self) -> bytes:
        """As an attacker would use it for a secret."""
        return openssl("pkey", "-in", self.path, "-pubout")

    def jwk(self) -> dict[str, str]:
        """The public key for a key set."""
        common = {"kid": self.name, "use": "sig"}
        if self.kind == "rsa":
            modulus = openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().partition("=")[2].strip()
            return common | {"kty": "RSA", "alg": "RS256", "n": plain64(bytes.fromhex(modulus)), "e": "AQAB"}
        point = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-64:]  # ends with x and y
        return common | {"kty": "EC", "alg": "ES256", "crv": "P-256", "x": plain64(point[:32]), "y": plain64(point[32:])}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """A token; `header` adds to or replaces what an account server writes, None leaves out."""
        full = {"alg": "RS256" if self.kind == "rsa" else "ES256", "typ": "at+jwt", "kid": self.name} | header
        text = compact({name: value for name, value in full.items() if value is not None}, claims)
        signature = openssl("dgst", "-sha256", "-sign", self.path, given=text.encode())
        return f"{text}.{plain64(signature if self.kind == 'rsa' else _side_by_side(signature))}"


def _side_by_side(der: bytes) -> bytes:
    """The two numbers of an ECDSA signature with 32 bytes each."""
    numbers, at = b"", 2
    for _ in range(2):
        size = der[at + 1]
        numbers += der[at + 2 : at + 2 + size].lstrip(b"\0").rjust(32, b"\0")
        at += 2 + size
    return numbers


class Authority:
    """A certificate authority; `file` is its certificate."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder, self.file, self._key = folder, folder / f"{name}.pem", folder / f"{name}-key.pem"
        openssl(
            *"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=tests".split(),
            *("-addext", "keyUsage=critical,keyCertSign", "-keyout", self._key, "-out", self.file),
        )

    def certificate(self, names: str) -> tuple[Path, Path]:
        """Certificate and key for `names`, like `IP:127.0.0.1,DNS:accounts.test`."""
        stem = "".join(letter if letter.isalnum() else "-" for letter in names)
        key, request, made, extra = (self._folder / f"{stem}{end}" for end in (".key", ".csr", ".crt", ".ext"))
        extra.write_text(f"subjectAltName={names}\n")
        openssl(
            *"req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server".split(),
            *("-keyout", key, "-out", request),
        )
        openssl(
            *("x509", "-req", "-days", "1", "-in", request, "-CA", self.file, "-CAkey", self._key),
            *("-CAcreateserial", "-extfile", extra, "-out", made),
        )
        return made, key
