"""The tools of the tests themselves, against published vectors: what looks at the server must not err the way it does."""

import json
from collections.abc import Callable, Sequence

from account_client import NAMESPACE, SignedIn, stretch
from cases import Suite, check
from refusing_proxy import RefusingProxy
from sync_client import hawk_header, request, seal

PAYLOAD = (
    '{"uid": 42, "node": "http://127.0.0.1:8000", "expires": 4102444800, "fxa_uid": "0123456789abcdef0123456789abcdef",'
    ' "fxa_kid": "0000000001234-qqo", "hashed_fxa_uid": "4d00ecae64b98dd7dc7dea68d0dd615d",'
    ' "hashed_device_id": "3a41cccbdd666ebc4199f1f9d1249d44", "salt": "a1b2c3", "tokenserver_origin": "rust"}'
)
TOKEN_END = "AmV9X7rOtu9WYy3iJb8gLKqpo2spwYubaSJE3vTmv"
TOKEN_KEY = "ps7ePdEV24J5W45Sq22xGMpcyuRGclLmRItVD6QLBdI="


class Clients(Suite):
    """No browser, no server."""

    name = "clients"

    def cases(self) -> Sequence[Callable[[], None]]:
        return (self.tokens, self.hawk, self.passwords, self.key_ids, self.refusing_proxy)

    def tokens(self) -> None:
        token, key = seal("secret0", PAYLOAD)
        check(token.endswith(TOKEN_END), f"the token is {token}")
        check(key == TOKEN_KEY, f"the key is {key}")

    def hawk(self) -> None:
        url = "http://127.0.0.1:8000/1.5/42/storage/bookmarks?full=1&ids=a%2Cb"
        header = hawk_header(url, "GET", "x", TOKEN_KEY.encode(), moment=1700000000, nonce="abc123")
        check('mac="zvylBXvpLp4rZ90y9evzEhRQPS2DKU+hRGXJ0Yqygao="' in header, header)
        header = hawk_header(url, "POST", "x", b"k", b'[{"id":"a","payload":"x"}]', "application/json")
        check('hash="GiNvSH/+UHArHV6/jj4KSpkCFmH4lRxRlm4UmCNLIcM="' in header, header)

    def passwords(self) -> None:
        stretched = stretch("pässwörd", NAMESPACE + "quickStretchV2:0123456789abcdef0123456789abcdef")
        check(stretched.auth == "d278c764bd1852a14bfc4e9d8c1682b4f1a57edb9a9372bf8c370cc41592155b", stretched.auth)
        unwrap = stretched.unwrap.hex()
        check(unwrap == "616616095eff30032abf6a47df30d9a3fc799d8af5e8519905c1601170553493", unwrap)

    def key_ids(self) -> None:
        key = bytes.fromhex("9e2b640bf3c7c2bbf1b6e250e5154d7fccaaf5fc0c6957fff9ff640d2e698377")
        who = SignedIn("", "", key, 1234)
        check(who.key_id == "1234-6RAnWPgsVlcAHkXU9-kTng", who.key_id)
        check(not who.seals(json.dumps({"ciphertext": "eA==", "hmac": "00" * 32})), "any MAC will do")

    def refusing_proxy(self) -> None:
        with RefusingProxy() as proxy:
            check(not proxy.requests(), "it counts before it is asked")
            for number in (1, 2):
                answer = request("GET", f"http://127.0.0.1:{proxy.port}/planted")
                check(answer.status == 502, f"it answers {answer.status}")
                check(proxy.requests() == ["GET /planted"] * number, f"it counts {proxy.requests()}")


SUITES = (Clients,)
