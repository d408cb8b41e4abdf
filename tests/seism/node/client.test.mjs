// A client library that was written for Toxiproxy drives Seism. SEISM_URL: its API; SEISM_MODULES: where node_modules is.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import net from "node:net";
import { after, before, beforeEach, describe, it } from "node:test";

const { Toxiproxy, ToxiproxyError } = createRequire(`${process.env.SEISM_MODULES}/`)("toxiproxy-node-client");
const client = new Toxiproxy(process.env.SEISM_URL);

let echo; // a server that gives back what comes
let upstream;

before(async () => {
  echo = net.createServer((peer) => peer.on("error", () => {}).pipe(peer));
  await new Promise((listening) => echo.listen(0, "127.0.0.1", listening));
  upstream = `127.0.0.1:${echo.address().port}`;
});
after(() => echo.close());
beforeEach(async () => {
  for (const proxy of Object.values(await client.getAll())) await proxy.remove();
});

const make = (name = "p") => client.createProxy({ name, listen: "localhost:0", upstream });
const says = (status) => (error) =>
  error instanceof ToxiproxyError && error.message === `Request failed with status code ${status}`;

/** Sends "ping" through a proxy: the milliseconds until it is back, or how the connection ended. */
function roundTrip(proxy) {
  const [host, port] = proxy.listen.split(":");
  const begin = performance.now();
  return new Promise((resolve) => {
    const peer = net.connect(Number(port), host, () => peer.write("ping"));
    peer.on("data", () => {
      peer.destroy();
      resolve(performance.now() - begin);
    });
    peer.on("error", (error) => resolve(error.code));
    peer.on("end", () => resolve("end"));
  });
}

describe("proxies", () => {
  it("are made with the port that was free", async () => {
    const proxy = await make();
    assert.match(proxy.listen, /^127\.0\.0\.1:[1-9]\d*$/);
    assert.deepEqual(proxy.toJson(), { name: "p", listen: proxy.listen, upstream, enabled: true });
    assert.equal(typeof (await roundTrip(proxy)), "number");
  });

  it("are found, alone and all together", async () => {
    const made = [await make("b"), await make("a")];
    assert.deepEqual((await client.get("b")).toJson(), made[0].toJson());
    assert.deepEqual(Object.keys(await client.getAll()), ["a", "b"]);
  });

  it("have names of their own", async () => {
    await make();
    await assert.rejects(make(), says(409));
    await assert.rejects(client.get("other"), says(404));
    await assert.rejects(client.createProxy({ listen: "localhost:0", upstream }), says(400));
    await assert.rejects(client.createProxy({ name: "q", listen: "localhost:99999", upstream }), says(500));
  });

  it("go down and up again at the same port", async () => {
    const proxy = await make();
    const down = await proxy.update({ enabled: false, listen: proxy.listen, upstream });
    assert.equal(down.enabled, false);
    assert.equal(await roundTrip(proxy), "ECONNREFUSED");
    const up = await proxy.update({ enabled: true, listen: proxy.listen, upstream });
    assert.deepEqual(up.toJson(), proxy.toJson());
    assert.equal(typeof (await roundTrip(proxy)), "number");
  });

  it("are gone when they are removed", async () => {
    const proxy = await make();
    await proxy.remove();
    assert.equal(await roundTrip(proxy), "ECONNREFUSED");
    await assert.rejects(proxy.remove(), says(404));
  });

  it("are populated, those that are there being kept", async () => {
    const proxy = await make("first");
    await proxy.addToxic({ type: "noop", attributes: {} });
    const all = await client.populate([
      { name: "first", listen: proxy.listen, upstream },
      { name: "second", listen: "localhost:0", upstream, enabled: false },
    ]);
    assert.deepEqual(Object.keys(all), ["first", "second"]);
    assert.equal(all.second.enabled, false);
    assert.equal((await proxy.getToxic("noop_downstream")).type, "noop");
    await assert.rejects(client.populate([{ name: "third" }]), says(400));
  });
});

describe("toxics", () => {
  const kinds = [
    ["latency", { latency: 100, jitter: 10 }],
    ["bandwidth", { rate: 1000 }],
    ["slow_close", { delay: 100 }],
    ["timeout", { timeout: 100 }],
    ["slicer", { average_size: 10, size_variation: 2, delay: 5 }],
    ["reset_peer", { timeout: 100 }],
    ["limit_data", { bytes: 1000 }],
  ];
  for (const [type, attributes] of kinds) {
    it(`${type} is added, changed and removed`, async () => {
      const proxy = await make();
      const toxic = await proxy.addToxic({ type, attributes });
      const described = { type, attributes, name: `${type}_downstream`, stream: "downstream", toxicity: 1 };
      assert.deepEqual(toxic.toJson(), described);
      const [name] = Object.keys(attributes);
      const changed = await toxic.update({ attributes: { [name]: 7 }, toxicity: 0.25 });
      const now = { ...described, attributes: { ...attributes, [name]: 7 }, toxicity: 0.25 };
      assert.deepEqual(changed.toJson(), now);
      assert.deepEqual((await proxy.getToxic(toxic.name)).toJson(), now);
      await toxic.remove();
      await assert.rejects(proxy.getToxic(toxic.name), says(404));
      await assert.rejects(toxic.remove(), says(404));
    });
  }

  it("are refused with Toxiproxy's status codes", async () => {
    const proxy = await make();
    await proxy.addToxic({ type: "latency", attributes: {} });
    await assert.rejects(proxy.addToxic({ type: "latency", attributes: {} }), says(409));
    await assert.rejects(proxy.addToxic({ type: "nothing", attributes: {} }), says(400));
    await assert.rejects(proxy.addToxic({ type: "noop", stream: "aside", attributes: {} }), says(400));
    await assert.rejects(proxy.addToxic({ type: "bandwidth", attributes: { rate: 1.5 } }), says(400));
  });

  it("are felt, and go with a reset", async () => {
    const proxy = await make();
    await proxy.addToxic({ type: "latency", stream: "upstream", name: "slow", attributes: { latency: 300 } });
    const slow = await roundTrip(proxy);
    assert.ok(slow >= 298, `${slow} ms`);
    await proxy.addToxic({ type: "reset_peer", attributes: { timeout: 0 } });
    assert.equal(await roundTrip(proxy), "ECONNRESET");
    await client.reset();
    assert.equal(typeof (await roundTrip(proxy)), "number");
    await assert.rejects(proxy.getToxic("slow"), says(404));
  });
});

it("the version is one that clients know", async () => {
  assert.match(JSON.parse(await client.getVersion()).version, /^2\.\d+\.\d+$/);
});
