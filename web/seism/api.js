// The server's calls.

const token = () => document.querySelector("meta[name=seism-token]").content;

/** What a server that refuses says, as far as people can read it. */
export function words(status, text) {
  try {
    const { error } = JSON.parse(text);
    if (typeof error === "string") return error;
  } catch {
    // it is no JSON, then it is the words
  }
  return text.trim() || `the server answered ${status}`;
}

/** One call of the APIs; throws an Error with the server's words. `body` is sent as JSON. */
export async function call(method, path, body = undefined) {
  let answer;
  try {
    answer = await fetch(`/api${path}`, {
      method,
      headers: { "X-Seism-Token": token(), "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("the server cannot be reached: is it still running?");
  }
  const text = await answer.text();
  if (!answer.ok) throw new Error(words(answer.status, text));
  return text ? JSON.parse(text) : null;
}

const part = encodeURIComponent;
export const proxyPath = (proxy) => `/proxies/${part(proxy)}`;
export const toxicPath = (proxy, toxic) => `/proxies/${part(proxy)}/toxics/${part(toxic)}`;
