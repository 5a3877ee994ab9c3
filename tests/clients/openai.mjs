// The official OpenAI SDK against the daemon.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import {
  checkHeaders,
  gateway,
  heard,
  isPrice,
  key,
  records,
  rejects,
  run,
  script,
  test,
} from './kit.mjs';

const client = new OpenAI({ baseURL: `${gateway}/v1`, apiKey: key, maxRetries: 0 });
const say = (content) => [{ role: 'user', content }];
const tool = {
  type: 'function',
  function: {
    name: 'add',
    description: 'adds',
    parameters: { type: 'object', properties: { a: { type: 'number' } } },
  },
};

test('what connect prints is enough', async () => {
  const mark = await script('say Four.\nbuiltin\n');
  const answer = await new OpenAI().responses.create({ model: 'flux-auto', input: mark });
  assert.equal(answer.output_text, 'Four.');
});

test('models.list has the aliases first', async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.equal(ids[0], 'flux-auto');
  assert.ok(ids.includes('flux-fast') && ids.includes('flux-pinned-small'));
});

test('models.retrieve', async () => {
  const model = await client.models.retrieve('flux-fast');
  assert.equal(model.id, 'flux-fast');
  assert.equal(model.object, 'model');
  assert.ok(model.created > 1e9 && model.owned_by);
});

test('models.retrieve of an unknown name is a NotFoundError', async () => {
  await rejects(client.models.retrieve('flux-nix'), OpenAI.NotFoundError, (e) =>
    assert.equal(e.code, 'model_not_found'),
  );
});

test('chat: an answer with usage, cost and headers', async () => {
  const mark = await script('usage 100 10\nsay Four.\nbuiltin\n');
  const { data, response } = await client.chat.completions
    .create({ model: 'flux-auto', messages: say(`${mark} 2+2?`) })
    .withResponse();
  assert.equal(data.choices[0].message.content, 'Four.');
  assert.equal(data.usage.prompt_tokens, 100);
  assert.ok(isPrice(data.usage.cost_usd));
  assert.equal(data.usage.currency, 'USD');
  assert.equal(Number(response.headers.get('x-flux-cost-usd')), Number(data.usage.cost_usd));
  checkHeaders(response.headers, 'flux-auto');
  assert.equal(data._request_id, response.headers.get('x-flux-request-id'));
});

test('chat: a stream with usage ends with its cost', async () => {
  const mark = await script('usage 100 10\nsay one two three\npiece 5\nbuiltin\n');
  const stream = await client.chat.completions.create({
    model: 'flux-fast',
    messages: say(mark),
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let usage;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, 'one two three');
  assert.equal(usage.completion_tokens, 10);
  assert.ok(isPrice(usage.cost_usd));
});

test('chat: a stream without usage has none', async () => {
  const mark = await script('builtin\n');
  const stream = await client.chat.completions.create({
    model: 'flux-fast',
    messages: say(mark),
    stream: true,
  });
  for await (const chunk of stream) assert.ok(!('usage' in chunk) && chunk.choices.length > 0);
  const [record] = await heard(mark);
  assert.equal(JSON.parse(record.body).stream_options.include_usage, true);
});

test('chat: the stream() helper', async () => {
  const mark = await script('say a b c\nbuiltin\n');
  const stream = client.chat.completions.stream({ model: 'flux-fast', messages: say(mark) });
  assert.equal(await stream.finalContent(), 'a b c');
  assert.equal((await stream.finalChatCompletion()).choices[0].finish_reason, 'stop');
});

test('chat: runTools makes the round trip', async () => {
  const mark = await script('on * * 2\ntool add {"a":4}\nsay it is 4\nbuiltin\n');
  let called;
  const runner = client.chat.completions.runTools({
    model: 'flux-fast',
    messages: say(mark),
    tools: [
      {
        ...tool,
        function: {
          ...tool.function,
          parse: JSON.parse,
          function: (args) => {
            called = args;
            return '4';
          },
        },
      },
    ],
  });
  assert.equal(await runner.finalContent(), 'it is 4');
  assert.deepEqual(called, { a: 4 });
  const [, second] = await heard(mark, 2);
  assert.equal(JSON.parse(second.body).messages.at(-1).role, 'tool');
});

test('chat: a tool call in a stream', async () => {
  const mark = await script('tool add {"a":1}\nbuiltin\n');
  const stream = client.chat.completions.stream({
    model: 'flux-fast',
    messages: say(mark),
    tools: [tool],
  });
  const message = await stream.finalMessage();
  assert.equal(message.tool_calls[0].function.arguments, '{"a":1}');
});

test('responses: an answer with cost', async () => {
  const mark = await script('usage 100 10\nsay Four.\nbuiltin\n');
  const { data, response } = await client.responses
    .create({ model: 'flux-standard', input: mark })
    .withResponse();
  assert.equal(data.output_text, 'Four.');
  assert.ok(isPrice(data.usage.cost_usd));
  checkHeaders(response.headers, 'flux-standard');
});

test('responses: a stream, numbers in order, cost at the end', async () => {
  const mark = await script('say one two\nbuiltin\n');
  const stream = await client.responses.create({ model: 'flux-fast', input: mark, stream: true });
  const events = [];
  for await (const event of stream) events.push(event);
  assert.deepEqual(
    events.map((e) => e.sequence_number),
    events.map((_, i) => i),
  );
  assert.equal(events.at(-1).type, 'response.completed');
  assert.ok(isPrice(events.at(-1).response.usage.cost_usd));
});

test('responses: the stream() helper', async () => {
  const mark = await script('say one two\nbuiltin\n');
  const final = await client.responses.stream({ model: 'flux-fast', input: mark }).finalResponse();
  assert.equal(final.status, 'completed');
  assert.equal(final.output_text, 'one two');
});

test('responses: a function call and its output', async () => {
  const mark = await script('on * * 2\ntool add {"a":4}\nsay done\nbuiltin\n');
  const tools = [
    {
      type: 'function',
      name: 'add',
      parameters: { type: 'object', properties: {} },
      strict: false,
    },
  ];
  const input = say(mark);
  const first = await client.responses.create({ model: 'flux-fast', input, tools });
  const call = first.output.find((item) => item.type === 'function_call');
  assert.equal(call.arguments, '{"a":4}');
  const second = await client.responses.create({
    model: 'flux-fast',
    tools,
    input: [
      ...input,
      ...first.output,
      { type: 'function_call_output', call_id: call.call_id, output: '4' },
    ],
  });
  assert.equal(second.output_text, 'done');
});

test('error: a bad key is an AuthenticationError', async () => {
  const stranger = new OpenAI({
    baseURL: `${gateway}/v1`,
    apiKey: 'sk-flux-nobody',
    maxRetries: 2,
  });
  await rejects(
    stranger.chat.completions.create({ model: 'flux-fast', messages: say('x') }),
    OpenAI.AuthenticationError,
    (e) => assert.equal(e.code, 'invalid_api_key'),
  );
});

test('error: an unknown model is a NotFoundError that names the near ones', async () => {
  await rejects(
    client.chat.completions.create({ model: 'flux-fsat', messages: say('x') }),
    OpenAI.NotFoundError,
    (e) => {
      assert.equal(e.code, 'model_not_found');
      assert.match(e.message, /flux-fast/);
      assert.ok(e.requestID);
    },
  );
});

test('error: a missing field is a BadRequestError with its path', async () => {
  await rejects(
    client.chat.completions.create({ model: 'flux-fast' }),
    OpenAI.BadRequestError,
    (e) => {
      assert.equal(e.code, 'missing_field');
      assert.equal(e.param, 'messages');
      assert.equal(e.type, 'invalid_request_error');
    },
  );
});

test("error: the provider's 422 is an UnprocessableEntityError", async () => {
  const mark = await script(
    'status 422\njson {"error":{"message":"not so","type":"invalid_request_error","param":null,"code":null}}\n',
  );
  await rejects(
    client.responses.create({ model: 'flux-fast', input: mark }),
    OpenAI.UnprocessableEntityError,
    (e) => assert.equal(e.code, 'provider_rejected'),
  );
});

test("error: the provider's 429 is a RateLimitError with retry-after", async () => {
  const mark = await script(
    'status 429\nheader retry-after: 9\njson {"error":{"message":"slow down"}}\n',
  );
  await rejects(
    client.chat.completions.create({ model: 'flux-fast', messages: say(mark) }),
    OpenAI.RateLimitError,
    (e) => {
      assert.equal(e.code, 'provider_rate_limited');
      assert.equal(e.headers.get('retry-after'), '9');
    },
  );
});

test('error: a failing provider is an InternalServerError', async () => {
  const mark = await script('status 500\nbody oops\n');
  await rejects(
    client.chat.completions.create({ model: 'flux-fast', messages: say(mark) }),
    OpenAI.InternalServerError,
    (e) => assert.equal(e.status, 502),
  );
});

test('error: the SDK retries what is worth it', async () => {
  const mark = await script('status 500\nbody oops\non * *\nsay at last\nbuiltin\n');
  const patient = client.withOptions({ maxRetries: 2 });
  const answer = await patient.chat.completions.create({ model: 'flux-fast', messages: say(mark) });
  assert.equal(answer.choices[0].message.content, 'at last');
});

test('error: a stream cut by the provider raises', async () => {
  const mark = await script(
    'status 200\nsse\ndata {"choices":[{"index":0,"delta":{"content":"half"}}]}\nreset\n',
  );
  const stream = await client.chat.completions.create({
    model: 'flux-fast',
    messages: say(mark),
    stream: true,
  });
  let text = '';
  await rejects(
    (async () => {
      for await (const chunk of stream) text += chunk.choices[0].delta.content;
    })(),
    Error,
  );
  assert.equal(text, 'half');
});

test('error: a stream that ends too early raises, it is not success', async () => {
  const mark = await script(
    'status 200\nsse\nevent response.output_text.delta {"type":"response.output_text.delta","sequence_number":0,"delta":"half"}\n',
  );
  const stream = await client.responses.create({ model: 'flux-fast', input: mark, stream: true });
  await rejects(
    (async () => {
      for await (const _ of stream);
    })(),
    Error,
  );
});

test('abort in the middle of a stream reaches the provider at once', async () => {
  const mark = await script(
    'status 200\nsse\ndata {"choices":[{"index":0,"delta":{"content":"begun"}}]}\nstall\n',
  );
  const stream = await client.chat.completions.create({
    model: 'flux-fast',
    messages: say(mark),
    stream: true,
  });
  for await (const chunk of stream) {
    assert.equal(chunk.choices[0].delta.content, 'begun');
    break;
  }
  const [record] = await heard(mark, 1, 1000);
  assert.match(record.ended, /^peer_/);
});

test('abort before the first byte reaches the provider at once', async () => {
  const mark = await script('stall\n');
  const control = new AbortController();
  const asked = client.chat.completions.create(
    { model: 'flux-fast', messages: say(mark) },
    { signal: control.signal },
  );
  setTimeout(() => control.abort(), 100);
  await rejects(asked, OpenAI.APIUserAbortError);
  const [record] = await heard(mark, 1, 1000);
  assert.match(record.ended, /^peer_/);
});

test('twenty requests at once', async () => {
  const mark = await script('on * * always\nbuiltin\n');
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      client.chat.completions.create({ model: 'flux-fast', messages: say(`${mark} ${i}`) }),
    ),
  );
  assert.equal(answers.length, 20);
  assert.equal((await records(mark)).length, 20);
});

await run('sdk openai');
