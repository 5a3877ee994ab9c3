// The official Anthropic SDK against the daemon: the newest and the last that sends x-api-key.
import assert from 'node:assert/strict';
import New from '@anthropic-ai/sdk';
import Old from 'anthropic-old';
import { checkHeaders, gateway, heard, isPrice, key, rejects, run, script, test } from './kit.mjs';

const say = (content) => [{ role: 'user', content }];
const tool = {
  name: 'add',
  description: 'adds',
  input_schema: { type: 'object', properties: { a: { type: 'number' } } },
};

function suite(name, Anthropic) {
  const client = new Anthropic({ baseURL: `${gateway}/anthropic`, apiKey: key, maxRetries: 0 });
  const both = (title, run) => test(`${name}: ${title}`, run);

  both('what connect prints is enough', async () => {
    const mark = await script('say Four.\nbuiltin\n');
    const ask = { model: 'flux-auto', max_tokens: 9, messages: say(mark) };
    const answer = await new Anthropic().messages.create(ask);
    assert.equal(answer.content[0].text, 'Four.');
  });

  both('models.list and models.retrieve', async () => {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.equal(ids[0], 'flux-auto');
    const one = await client.models.retrieve('flux-fast');
    assert.equal(one.type, 'model');
    assert.ok(one.display_name);
  });

  both('an answer with usage, cost and headers', async () => {
    const mark = await script('usage 100 10\nsay Four.\nbuiltin\n');
    const { data, response } = await client.messages
      .create({ model: 'flux-auto', max_tokens: 100, messages: say(`${mark} 2+2?`) })
      .withResponse();
    assert.equal(data.content[0].text, 'Four.');
    assert.equal(data.usage.input_tokens, 100);
    assert.ok(isPrice(data.usage.cost_usd));
    checkHeaders(response.headers, 'flux-auto');
    assert.equal(data._request_id, response.headers.get('x-flux-request-id'));
    const [record] = await heard(mark);
    assert.ok(record.headers.some(([n, v]) => n.toLowerCase() === 'anthropic-version' && v));
  });

  both('a stream', async () => {
    const mark = await script('say one two\npiece 3\nbuiltin\n');
    const stream = await client.messages.create({
      model: 'flux-fast',
      max_tokens: 9,
      messages: say(mark),
      stream: true,
    });
    const events = [];
    for await (const event of stream) events.push(event);
    assert.equal(events[0].type, 'message_start');
    assert.equal(events.at(-1).type, 'message_stop');
    assert.ok(isPrice(events.find((e) => e.type === 'message_delta').usage.cost_usd));
  });

  both('the stream() helper', async () => {
    const mark = await script('say one two\nbuiltin\n');
    const stream = client.messages.stream({
      model: 'flux-fast',
      max_tokens: 9,
      messages: say(mark),
    });
    assert.equal(await stream.finalText(), 'one two');
    assert.equal((await stream.finalMessage()).stop_reason, 'end_turn');
  });

  both('a tool round trip', async () => {
    const mark = await script('on * * 2\ntool add {"a":4}\nsay done\nbuiltin\n');
    const ask = (messages) =>
      client.messages.create({ model: 'flux-fast', max_tokens: 9, messages, tools: [tool] });
    const first = await ask(say(mark));
    const use = first.content.find((block) => block.type === 'tool_use');
    assert.deepEqual(use.input, { a: 4 });
    assert.equal(first.stop_reason, 'tool_use');
    const second = await ask([
      ...say(mark),
      { role: 'assistant', content: first.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: '4' }] },
    ]);
    assert.equal(second.content[0].text, 'done');
  });

  both('a tool call in a stream', async () => {
    const mark = await script('tool add {"a":4}\nbuiltin\n');
    const message = await client.messages
      .stream({ model: 'flux-fast', max_tokens: 9, messages: say(mark), tools: [tool] })
      .finalMessage();
    assert.deepEqual(message.content[0].input, { a: 4 });
  });

  both('a bad key is an AuthenticationError', async () => {
    const stranger = new Anthropic({
      baseURL: `${gateway}/anthropic`,
      apiKey: 'sk-flux-nobody',
      maxRetries: 2,
    });
    await rejects(
      stranger.messages.create({ model: 'flux-fast', max_tokens: 9, messages: say('x') }),
      Anthropic.AuthenticationError,
      (e) => assert.equal(e.error.error.type, 'authentication_error'),
    );
  });

  both('an unknown model is a NotFoundError', async () => {
    await rejects(
      client.messages.create({ model: 'flux-fsat', max_tokens: 9, messages: say('x') }),
      Anthropic.NotFoundError,
      (e) => {
        assert.equal(e.error.error.type, 'not_found_error');
        assert.match(e.error.error.message, /flux-fast/);
        assert.ok(e.requestID);
      },
    );
  });

  both('a missing field is a BadRequestError', async () => {
    await rejects(
      client.messages.create({ model: 'flux-fast', max_tokens: 9 }),
      Anthropic.BadRequestError,
      (e) => assert.equal(e.error.error.code, 'missing_field'),
    );
  });

  both("the provider's 429 is a RateLimitError", async () => {
    const mark = await script(
      'status 429\nheader retry-after: 9\njson {"type":"error","error":{"type":"rate_limit_error","message":"x"}}\n',
    );
    await rejects(
      client.messages.create({ model: 'flux-fast', max_tokens: 9, messages: say(mark) }),
      Anthropic.RateLimitError,
      (e) => assert.equal(e.headers.get('retry-after'), '9'),
    );
  });

  both('a failing provider is an InternalServerError', async () => {
    const mark = await script('status 500\nbody oops\n');
    await rejects(
      client.messages.create({ model: 'flux-fast', max_tokens: 9, messages: say(mark) }),
      Anthropic.InternalServerError,
    );
  });

  both('a stream that ends too early raises', async () => {
    const mark = await script(
      'status 200\nsse\n' +
        'event message_start {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}\n' +
        'event content_block_start {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n' +
        'event content_block_delta {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"half"}}\n',
    );
    const stream = await client.messages.create({
      model: 'flux-fast',
      max_tokens: 9,
      messages: say(mark),
      stream: true,
    });
    await rejects(
      (async () => {
        for await (const _ of stream);
      })(),
      Error,
    );
  });

  both('abort in the middle of a stream reaches the provider at once', async () => {
    const mark = await script(
      'status 200\nsse\n' +
        'event message_start {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}\n' +
        'event content_block_start {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n' +
        'event content_block_delta {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"half"}}\nstall\n',
    );
    const stream = await client.messages.create({
      model: 'flux-fast',
      max_tokens: 9,
      messages: say(mark),
      stream: true,
    });
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    const [record] = await heard(mark, 1, 1000);
    assert.match(record.ended, /^peer_/);
  });
}

suite('newest', New);
suite('0.137', Old);

test('newest: the tool runner falls back from threads to the whole history', async () => {
  const client = new New({ baseURL: `${gateway}/anthropic`, apiKey: key, maxRetries: 0 });
  const mark = await script('on * * 2\ntool add {"a":4}\nsay done\nbuiltin\n');
  let called;
  const runner = client.beta.messages.toolRunner({
    model: 'flux-fast',
    max_tokens: 9,
    messages: say(mark),
    tools: [
      {
        type: 'custom',
        ...tool,
        run: (input) => {
          called = input;
          return '4';
        },
        parse: (input) => input,
      },
    ],
  });
  const final = await runner;
  assert.deepEqual(called, { a: 4 });
  assert.equal(final.content[0].text, 'done');
  const [, second] = await heard(mark, 2);
  const body = JSON.parse(second.body);
  assert.ok(!('thread' in body));
  assert.equal(body.messages.length, 3);
});

await run('sdk anthropic');
