// Where the pages find the accounts.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { accountsApi } from "./assets/api.js";

/** A fetch() that keeps the addresses it was asked for. */
function fetcher(asked) {
  return async (url) => {
    asked.push(url);
    return { ok: true, status: 200, text: async () => "{}" };
  };
}

test("calls go below the base they are given", async () => {
  const asked = [];
  await accountsApi("/elsewhere/v1", fetcher(asked)).signupStatus("a b");
  assert.deepEqual(asked, ["/elsewhere/v1/account/create/status?invite=a%20b"]);
});

test("without one, below what the server wrote into the page", async () => {
  globalThis.document = { documentElement: { dataset: { accounts: "/written/v1" } } };
  try {
    const asked = [];
    await accountsApi(undefined, fetcher(asked)).devices("01");
    assert.deepEqual(asked, ["/written/v1/account/devices"]);
  } finally {
    delete globalThis.document;
  }
});

test("no script names the place itself", () => {
  const assets = new URL("./assets/", import.meta.url);
  for (const name of readdirSync(assets).filter((each) => each.endsWith(".js"))) {
    assert.ok(!readFileSync(new URL(name, assets), "utf8").includes("/auth/v1"), name);
  }
});
