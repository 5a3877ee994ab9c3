// A test is a name and an async function; what it throws is why it failed. The provider is
// scripted by a mark in the request's text ("case:KEY"), see tests/provider/README.
import assert from 'node:assert/strict';

export const gateway = process.env.FLUX_URL;
export const key = process.env.FLUX_KEY;
const door = process.env.FLUX_DOOR;

// Where each provider speaks one dialect alone: the models, and where they are asked.
export const paths = {
  talker: /^\/v1\/chat\/completions$/,
  responder: /^\/v1\/responses$/,
  messenger: /^\/v1\/messages(\?beta=true)?$/,
  gem: /^\/v1beta\/models\/gemini-3-gem:/,
};
export const models = Object.keys(paths);

const tests = [];
let serial = 0;

export function test(name, run) {
  tests.push({ name, run });
}

// Gives a mark for the request's text; `rules` is what the provider then does.
export async function script(rules) {
  const mark = `sdk-${process.pid}-${++serial}`;
  if (rules) {
    const answer = await fetch(`${door}/_flux/script?key=${mark}`, { method: 'POST', body: rules });
    assert.equal(answer.status, 200, await answer.text());
  }
  return `case:${mark}`;
}

export async function records(mark) {
  const text = await (await fetch(`${door}/_flux/log?key=${mark.slice(5)}`)).text();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

// Waits until the provider has seen `count` requests with this mark to their end.
export async function heard(mark, count = 1, within = 3000) {
  const began = Date.now();
  for (;;) {
    const found = await records(mark);
    if (found.length >= count) return found;
    assert.ok(
      Date.now() - began < within,
      `the provider heard ${found.length} of ${count} within ${within} ms`,
    );
    await new Promise((go) => setTimeout(go, 10));
  }
}

export function isPrice(value) {
  return (
    (typeof value === 'number' && value > 0) || (typeof value === 'string' && Number(value) > 0)
  );
}

export function checkHeaders(headers, model) {
  assert.match(headers.get('x-flux-request-id') ?? '', /^[0-9a-f-]{36}$/);
  assert.equal(headers.get('x-flux-original-model'), model);
  assert.ok(headers.get('x-flux-model'));
  assert.ok(['true', 'false'].includes(headers.get('x-flux-routed')));
}

export async function rejects(promise, type, check = () => {}) {
  let error;
  try {
    await promise;
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error, 'nothing was thrown');
  assert.ok(
    error instanceof type,
    `${error.constructor.name} (${error.status} ${error.message}) is no ${type.name}`,
  );
  await check(error);
}

export async function run(title) {
  const wanted = process.argv.slice(2);
  let passed = 0;
  let failed = 0;
  for (const one of tests) {
    if (wanted.length && !wanted.some((w) => one.name.includes(w))) continue;
    let timer;
    const late = new Promise(
      (_, no) => (timer = setTimeout(() => no(new Error('took more than 20 s')), 20000)),
    );
    try {
      await Promise.race([one.run(), late]);
      passed++;
    } catch (error) {
      failed++;
      console.log(
        `FAILED ${one.name}: ${error.stack?.split('\n').slice(0, 4).join('\n    ') ?? error}`,
      );
    }
    clearTimeout(timer);
  }
  console.log(`${title}: ${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}
