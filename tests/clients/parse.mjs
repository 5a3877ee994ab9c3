// What the official SDKs build upon the wire - parsed answers, runners of tools, thinking, counts -
// in front of providers of each dialect, the client's own among them.
import assert from 'node:assert/strict';
import New from '@anthropic-ai/sdk';
import { betaZodTool as newTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat as newFormat } from '@anthropic-ai/sdk/helpers/zod';
import Old from 'anthropic-old';
import { betaZodTool as oldTool } from 'anthropic-old/helpers/beta/zod';
import { zodOutputFormat as oldFormat } from 'anthropic-old/helpers/zod';
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { gateway, heard, key, models, paths, run, script, test } from './kit.mjs';

const openai = new OpenAI({ baseURL: `${gateway}/v1`, apiKey: key, maxRetries: 0 });
const say = (content) => [{ role: 'user', content }];
const City = z.object({ name: z.string(), people: z.number() });
const bern = { name: 'Bern', people: 134000 };
const sayBern = 'on POST * always\nsay {"name":"Bern","people":134000}\nbuiltin\n';
const Sum = z.object({ a: z.number(), b: z.number() });
const sayFive = 'on POST * always\ntool add {"a":2,"b":3}\nsay It is 5.\nbuiltin\n';

async function askedAt(mark, model, count = 1) {
  const bodies = [];
  for (const one of await heard(mark, count)) {
    assert.match(one.target, paths[model]);
    bodies.push(JSON.parse(one.body));
  }
  return bodies;
}

for (const model of models) {
  test(`chat on ${model}: parse`, async () => {
    const mark = await script(sayBern);
    const answer = await openai.chat.completions.parse({
      model,
      messages: say(mark),
      response_format: zodResponseFormat(City, 'city'),
    });
    assert.deepEqual(answer.choices[0].message.parsed, bern);
    const [body] = await askedAt(mark, model);
    assert.match(JSON.stringify(body), /people/);
  });

  test(`chat on ${model}: stream() with a schema`, async () => {
    const mark = await script(sayBern);
    const stream = openai.chat.completions.stream({
      model,
      messages: say(mark),
      response_format: zodResponseFormat(City, 'city'),
    });
    let deltas = '';
    stream.on('content.delta', ({ delta }) => (deltas += delta));
    const final = await stream.finalChatCompletion();
    assert.deepEqual(final.choices[0].message.parsed, bern);
    assert.deepEqual(JSON.parse(deltas), bern);
  });

  test(`chat on ${model}: runTools of a stream`, async () => {
    const mark = await script(sayFive);
    let called;
    const add = zodFunction({
      name: 'add',
      parameters: Sum,
      function: (sum) => ((called = sum), '5'),
    });
    const runner = openai.chat.completions.runTools({
      model,
      messages: say(mark),
      stream: true,
      tools: [add],
    });
    assert.equal(await runner.finalContent(), 'It is 5.');
    assert.deepEqual(called, { a: 2, b: 3 });
    await askedAt(mark, model, 2);
  });

  test(`responses on ${model}: parse`, async () => {
    const mark = await script(sayBern);
    const answer = await openai.responses.parse({
      model,
      input: mark,
      text: { format: zodTextFormat(City, 'city') },
    });
    assert.deepEqual(answer.output_parsed, bern);
    await askedAt(mark, model);
  });

  test(`responses on ${model}: stream() with a schema`, async () => {
    const mark = await script(sayBern);
    const stream = openai.responses.stream({
      model,
      input: mark,
      text: { format: zodTextFormat(City, 'city') },
    });
    let next = 0;
    for await (const event of stream) assert.equal(event.sequence_number, next++);
    assert.deepEqual((await stream.finalResponse()).output_parsed, bern);
  });

  test(`responses on ${model}: a streamed call that is parsed`, async () => {
    const mark = await script(sayFive);
    const add = { type: 'function', name: 'add', parameters: z.toJSONSchema(Sum), strict: true };
    const first = await openai.responses
      .stream({ model, input: say(mark), tools: [add] })
      .finalResponse();
    const call = first.output.find((item) => item.type === 'function_call');
    assert.deepEqual(call.parsed_arguments, { a: 2, b: 3 });
  });
}

function suite(name, { client, tool, format, betas }) {
  for (const model of models) {
    const both = (title, body) => test(`${name} on ${model}: ${title}`, body);

    both('parse', async () => {
      const mark = await script(sayBern);
      const answer = await client.messages.parse({
        model,
        max_tokens: 100,
        messages: say(mark),
        output_config: { format: format(City) },
      });
      assert.deepEqual(answer.parsed_output, bern);
      await askedAt(mark, model);
    });

    for (const stream of [false, true])
      both(`the tool runner${stream ? ' of a stream' : ''}`, async () => {
        const mark = await script(sayFive);
        let called;
        const add = tool({
          name: 'add',
          description: 'adds',
          inputSchema: Sum,
          run: (sum) => ((called = sum), '5'),
        });
        const runner = client.beta.messages.toolRunner({
          model,
          max_tokens: 100,
          stream,
          messages: say(mark),
          tools: [add],
          ...betas,
        });
        const final = await runner.runUntilDone();
        assert.deepEqual(called, { a: 2, b: 3 });
        assert.equal(final.content[0].text, 'It is 5.');
        const [, second] = await askedAt(mark, model, 2);
        assert.ok(!('thread' in second));
        assert.match(JSON.stringify(second), new RegExp(mark));
      });

    both('count_tokens', async () => {
      const counted = await client.messages.countTokens({ model, messages: say('Four words here') });
      assert.ok(counted.input_tokens > 2 && counted.input_tokens < 40, `${counted.input_tokens}`);
    });

    both('models.retrieve', async () => {
      const one = await client.models.retrieve(model);
      assert.equal(one.max_input_tokens, 200000);
    });
  }

  test(`${name}: thinking of the model's own dialect comes back to it byte for byte`, async () => {
    const signature = 'EqQBCkgIARABGAIiQL+/abc==';
    const mark = await script(thinker(signature));
    const stream = client.messages.stream({
      model: 'messenger',
      max_tokens: 4000,
      thinking: { type: 'enabled', budget_tokens: 2000 },
      messages: say(mark),
    });
    let thought = '';
    stream.on('thinking', (delta) => (thought += delta));
    const first = await stream.finalMessage();
    assert.equal(thought, 'hm, so');
    assert.equal(first.content[0].signature, signature);
    await answered(client, 'messenger', mark, first);
    const [, second] = await askedAt(mark, 'messenger', 2);
    assert.deepEqual(second.messages[1].content[0], first.content[0]);
  });

  test(`${name}: encrypted reasoning of a responses provider comes back to it`, async () => {
    const mark = await script(reasoner('gAAAAsecret=='));
    const first = await client.messages
      .stream({
        model: 'responder',
        max_tokens: 4000,
        thinking: { type: 'enabled', budget_tokens: 2000 },
        messages: say(mark),
      })
      .finalMessage();
    assert.equal(first.content[0].type, 'thinking');
    assert.equal(first.content[0].thinking, 'hm, so');
    await answered(client, 'responder', mark, first);
    const [, second] = await askedAt(mark, 'responder', 2);
    const item = second.input.find((one) => one.type === 'reasoning');
    assert.equal(item.encrypted_content, 'gAAAAsecret==');
    assert.equal(item.id, 'rs_1');
  });
}

async function answered(client, model, mark, first) {
  await client.messages.create({
    model,
    max_tokens: 4000,
    thinking: { type: 'enabled', budget_tokens: 2000 },
    messages: [...say(mark), { role: 'assistant', content: first.content }, ...say('go on')],
  });
}

// ---- providers that think ----

const event = (type, more) => `event ${type} ${JSON.stringify({ type, ...more })}\n`;
const block = (index, content_block, ...deltas) =>
  event('content_block_start', { index, content_block }) +
  deltas.map((delta) => event('content_block_delta', { index, delta })).join('') +
  event('content_block_stop', { index });

function thinker(signature) {
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 9, output_tokens: 1 },
  };
  return (
    'on POST *\nstatus 200\nsse\n' +
    event('message_start', { message }) +
    block(
      0,
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'thinking_delta', thinking: 'hm, ' },
      { type: 'thinking_delta', thinking: 'so' },
      { type: 'signature_delta', signature },
    ) +
    block(1, { type: 'text', text: '' }, { type: 'text_delta', text: 'Four.' }) +
    event('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 9 },
    }) +
    event('message_stop') +
    'on POST *\nbuiltin\n'
  );
}

function reasoner(encrypted_content) {
  const item = {
    id: 'rs_1',
    type: 'reasoning',
    summary: [{ type: 'summary_text', text: 'hm, so' }],
    encrypted_content,
  };
  const message = {
    id: 'msg_1',
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', text: 'Four.', annotations: [], logprobs: [] }],
  };
  const usage = {
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 9,
    output_tokens_details: { reasoning_tokens: 4 },
    total_tokens: 18,
  };
  const response = { id: 'resp_1', object: 'response', model: 'm', status: 'in_progress' };
  let sequence_number = 0;
  const step = (type, more) => event(type, { sequence_number: sequence_number++, ...more });
  const at = { output_index: 0, item_id: 'rs_1', summary_index: 0 };
  const part = { output_index: 1, item_id: 'msg_1', content_index: 0 };
  return (
    'on POST *\nstatus 200\nsse\n' +
    step('response.created', { response: { ...response, output: [] } }) +
    step('response.output_item.added', { output_index: 0, item: { ...item, summary: [] } }) +
    step('response.reasoning_summary_part.added', { ...at, part: { ...item.summary[0], text: '' } }) +
    step('response.reasoning_summary_text.delta', { ...at, delta: 'hm, so' }) +
    step('response.reasoning_summary_text.done', { ...at, text: 'hm, so' }) +
    step('response.reasoning_summary_part.done', { ...at, part: item.summary[0] }) +
    step('response.output_item.done', { output_index: 0, item }) +
    step('response.output_item.added', { output_index: 1, item: { ...message, content: [] } }) +
    step('response.content_part.added', { ...part, part: { ...message.content[0], text: '' } }) +
    step('response.output_text.delta', { ...part, delta: 'Four.', logprobs: [] }) +
    step('response.output_text.done', { ...part, text: 'Four.', logprobs: [] }) +
    step('response.content_part.done', { ...part, part: message.content[0] }) +
    step('response.output_item.done', { output_index: 1, item: message }) +
    step('response.completed', {
      response: { ...response, status: 'completed', output: [item, message], usage },
    }) +
    'on POST *\nbuiltin\n'
  );
}

const options = { baseURL: `${gateway}/anthropic`, apiKey: key, maxRetries: 0 };
suite('anthropic newest', { client: new New(options), tool: newTool, format: newFormat });
suite('anthropic 0.137', { client: new Old(options), tool: oldTool, format: oldFormat });

await run('sdk parse');
