// A browser: fetch over HTTP/2, a stream read piece by piece, an aborted one.
//   node run.mjs ORIGIN KEY CHROMIUM
// Prints a line of JSON: {protocol, status, pieces, firstMs, lastMs, text, aborted, many}.
import { chromium } from "playwright-core";

const [origin, key, executablePath] = process.argv.slice(2);
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath, headless: true, args });
const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
await page.goto(`${origin}/healthz`);
const found = await page.evaluate(async (key) => {
  const ask = (mark, more = {}) => fetch("/v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: "flux-fast", stream: true, messages: [{ role: "user", content: `case:${mark} hi` }] }),
    ...more,
  });
  const began = performance.now();
  const answer = await ask("browser-stream");
  const reader = answer.body.getReader(), decoder = new TextDecoder();
  const times = [];
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    times.push(performance.now() - began);
    text += decoder.decode(value, { stream: true });
  }
  const entry = performance.getEntriesByType("resource").find((e) => e.name.endsWith("/v1/chat/completions"));
  const control = new AbortController();
  const leaving = await ask("browser-leaves", { signal: control.signal });
  await leaving.body.getReader().read();
  control.abort();
  let broken = "no";
  try {
    await (await ask("browser-broken")).text();
  } catch (error) {
    broken = error.name;
  }
  const many = await Promise.all([...Array(60)].map(() => fetch("/healthz").then((r) => r.status)));
  return { protocol: entry.nextHopProtocol, status: answer.status, pieces: times.length, firstMs: times[0],
    lastMs: times.at(-1), text, broken, many: many.filter((s) => s === 200).length };
}, key);
console.log(JSON.stringify(found));
await browser.close();
