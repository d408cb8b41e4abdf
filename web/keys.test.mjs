// The published vectors of the derivations, and the encryption for Firefox opened again. node --test web/

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

globalThis.crypto ??= webcrypto; // Node 18

const { fromBase64Url, fromHex, join, textOf, toBase64Url, toHex, utf8, xor } = await import("./assets/bytes.js");
const keys = await import("./assets/keys.js");
const { encryptFor } = await import("./assets/jwe.js");

const NAMESPACE = "identity.mozilla.com/picl/v1/";
const count = (from, length) => Uint8Array.from({ length }, (_, i) => from + i);
const UNWRAP_B_KEY = "de6a2648b78284fcb9ffa81ba95803309cfba7af583c01a8a1a63e567234dd28";
const BUNDLE =
  "ee5c58845c7c9412b11bbd20920c2fddd83c33c9cd2c2de2d66b222613364636c2c0f8cfbb7c630472c0bd88451342c6" +
  "c05b14ce342c5ad46ad89e84464c993c3927d30230157d0817a077eef4b20d976f7a97363faf3f064c003ada7d01aa70";
const REQUEST_KEY = "14f338a9e8c6324d9e102d4e6ee83b209796d5c74bb734a410e729e014a4a546";

test("password stretching, version 2", async () => {
  const salt = `${NAMESPACE}quickStretchV2:0123456789abcdef0123456789abcdef`;
  const { authPW, unwrapBKey } = await keys.stretchPassword("pässwörd", salt);
  assert.equal(toHex(authPW), "d278c764bd1852a14bfc4e9d8c1682b4f1a57edb9a9372bf8c370cc41592155b");
  assert.equal(toHex(unwrapBKey), "616616095eff30032abf6a47df30d9a3fc799d8af5e8519905c1601170553493");
});

test("a password is neither trimmed nor normalised", async () => {
  const salt = keys.newClientSalt();
  const proofs = await Promise.all([" pässwörd ", "pässwörd", "pässwörd".normalize("NFD")].map(
    async (password) => toHex((await keys.stretchPassword(password, salt)).authPW)));
  assert.equal(new Set(proofs).size, 3);
});

test("client salts", () => {
  assert.ok(keys.isClientSalt(keys.newClientSalt()));
  assert.notEqual(keys.newClientSalt(), keys.newClientSalt());
  for (const salt of [
    undefined, "", `${NAMESPACE}quickStretch:andre@example.org`, `${NAMESPACE}quickStretchV2:0123`,
    `${NAMESPACE}quickStretchV2:0123456789ABCDEF0123456789abcdef`,
  ]) {
    assert.equal(keys.isClientSalt(salt), false, String(salt));
  }
});

test("session token", async () => {
  assert.equal(
    await keys.sessionId(toHex(count(0xa0, 32))), "c0a29dcf46174973da1378696e4c82ae10f723cf4f4d9f75e39f4ae3851595ab");
  assert.equal(
    await keys.sessionId("0f".repeat(32)), "923ee512d6153af6796ecb3aaddb1e8a48a713ef79cf0dbcfcc124456fd3ed6a");
});

test("key-fetch token", async () => {
  const { id, requestKey } = await keys.keyFetchCredentials(toHex(count(0x80, 32)));
  assert.equal(id, "3d0a7c02a15a62a2882f76e39b6494b500c022a8816e048625a495718998ba60");
  assert.equal(toHex(requestKey), REQUEST_KEY);
});

test("key bundle, kB and the Sync key", async () => {
  const { kA, wrapKB } = await keys.openKeyBundle(BUNDLE, fromHex(REQUEST_KEY));
  assert.deepEqual(kA, count(0x20, 32));
  assert.deepEqual(wrapKB, count(0x40, 32));
  const kB = xor(wrapKB, fromHex(UNWRAP_B_KEY));
  assert.equal(toHex(kB), "9e2b640bf3c7c2bbf1b6e250e5154d7fccaaf5fc0c6957fff9ff640d2e698377");
  assert.deepEqual(await keys.syncKey(kB, 1795232912345), {
    kty: "oct",
    scope: "https://identity.mozilla.com/apps/oldsync",
    kid: "1795232912345-6RAnWPgsVlcAHkXU9-kTng",
    k: "LKbuhCCuNa8cPdiBqnGzJMO_mqh5K6yUkfOKRL3X07kZ35YHuAItwvgAfMQoV_n7WmxidLzweBWh-bQxgXYsfQ",
  });
});

test("a changed key bundle is refused", async () => {
  const requestKey = fromHex(REQUEST_KEY);
  await assert.rejects(keys.openKeyBundle(`ff${BUNDLE.slice(2)}`, requestKey), /check sum/);
  await assert.rejects(keys.openKeyBundle(`${BUNDLE.slice(0, -2)}ff`, requestKey), /check sum/);
  await assert.rejects(keys.openKeyBundle(BUNDLE.slice(2), requestKey), /length/);
  await assert.rejects(keys.openKeyBundle("zz", requestKey), RangeError);
});

test("what is encrypted for Firefox can be opened by its private key alone", async () => {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const firefox = await crypto.subtle.generateKey(curve, true, ["deriveBits"]);
  const recipient = await crypto.subtle.exportKey("jwk", firefox.publicKey);
  const parts = (await encryptFor(recipient, utf8("wool"))).split(".");
  assert.equal(parts.length, 5);
  assert.equal(parts[1], "");
  const header = JSON.parse(textOf(fromBase64Url(parts[0])));
  assert.deepEqual(Object.keys(header), ["alg", "enc", "epk"]); // apu and apv would break Firefox's KDF
  assert.deepEqual([header.alg, header.enc], ["ECDH-ES", "A256GCM"]);
  assert.deepEqual(Object.keys(header.epk).sort(), ["crv", "kty", "x", "y"]);

  const theirs = await crypto.subtle.importKey("jwk", header.epk, curve, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, firefox.privateKey, 256);
  const info = join(
    fromHex("00000001"), new Uint8Array(shared), fromHex("00000007"), utf8("A256GCM"), fromHex("000000000000000000000100"));
  const key = await crypto.subtle.importKey("raw", await keys.sha256(info), "AES-GCM", false, ["decrypt"]);
  const opened = await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: fromBase64Url(parts[2]), additionalData: utf8(parts[0]) },
    key, join(fromBase64Url(parts[3]), fromBase64Url(parts[4])));
  assert.equal(textOf(new Uint8Array(opened)), "wool");
});

test("base64url has no padding and takes none", () => {
  assert.equal(toBase64Url(Uint8Array.of(255, 239)), "_-8");
  assert.deepEqual(fromBase64Url("_-8"), Uint8Array.of(255, 239));
  for (const text of ["_-8=", "+/8", "a", "ä"]) {
    assert.throws(() => fromBase64Url(text), RangeError, text);
  }
});
