// Each official SDK in front of providers that speak another dialect than the SDK does.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { gateway, heard, key, rejects, run, script, test } from './kit.mjs';

const openai = new OpenAI({ baseURL: `${gateway}/v1`, apiKey: key, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: `${gateway}/anthropic`, apiKey: key, maxRetries: 0 });
const say = (content) => [{ role: 'user', content }];
const paths = {
  talker: '/v1/chat/completions',
  responder: '/v1/responses',
  messenger: '/v1/messages',
};
const parameters = {
  type: 'object',
  properties: { a: { type: 'number' }, b: { type: 'number' } },
  required: ['a', 'b'],
  additionalProperties: false,
};
const script2 = (rules) => script(`on POST * always\n${rules}`);

async function wasAskedAt(mark, model, count = 1) {
  for (const one of await heard(mark, count)) assert.equal(one.target, paths[model]);
}

for (const model of ['responder', 'messenger']) {
  test(`chat on ${model}: whole`, async () => {
    const mark = await script2('usage 100 10\nsay Four.\nbuiltin\n');
    const answer = await openai.chat.completions.create({ model, messages: say(`${mark} 2+2?`) });
    assert.equal(answer.object, 'chat.completion');
    assert.equal(answer.choices[0].message.content, 'Four.');
    assert.equal(answer.choices[0].finish_reason, 'stop');
    assert.equal(answer.usage.prompt_tokens, 100);
    assert.equal(answer.usage.completion_tokens, 10);
    assert.ok(Number(answer.usage.cost_usd) > 0);
    await wasAskedAt(mark, model);
  });

  test(`chat on ${model}: the stream() helper`, async () => {
    const mark = await script2('usage 100 10\nsay Four words are here.\nbuiltin\n');
    const stream = openai.chat.completions.stream({
      model,
      messages: say(mark),
      stream_options: { include_usage: true },
    });
    assert.equal(await stream.finalContent(), 'Four words are here.');
    assert.equal((await stream.totalUsage()).total_tokens, 110);
  });

  test(`chat on ${model}: runTools makes the round trip`, async () => {
    const mark = await script2('tool add {"a":2,"b":3}\nsay It is 5.\nbuiltin\n');
    let called;
    const runner = openai.chat.completions.runTools({
      model,
      messages: say(`${mark} add`),
      tools: [
        {
          type: 'function',
          function: {
            name: 'add',
            parameters,
            parse: JSON.parse,
            function: (sum) => String((called = sum.a + sum.b)),
          },
        },
      ],
    });
    assert.equal(await runner.finalContent(), 'It is 5.');
    assert.equal(called, 5);
    await wasAskedAt(mark, model, 2);
  });
}

for (const model of ['talker', 'messenger']) {
  test(`responses on ${model}: whole`, async () => {
    const mark = await script2('usage 100 10\nsay Four.\nbuiltin\n');
    const answer = await openai.responses.create({ model, input: `${mark} 2+2?` });
    assert.equal(answer.object, 'response');
    assert.equal(answer.status, 'completed');
    assert.equal(answer.output_text, 'Four.');
    assert.equal(answer.usage.total_tokens, 110);
    await wasAskedAt(mark, model);
  });

  test(`responses on ${model}: the stream() helper, numbers in order`, async () => {
    const mark = await script2('say Four words are here.\nbuiltin\n');
    const stream = openai.responses.stream({ model, input: mark });
    let next = 0;
    for await (const event of stream) assert.equal(event.sequence_number, next++);
    const final = await stream.finalResponse();
    assert.equal(final.status, 'completed');
    assert.equal(final.output_text, 'Four words are here.');
  });

  test(`responses on ${model}: a function call and its output`, async () => {
    const mark = await script2('tool add {"a":2,"b":3}\nsay It is 5.\nbuiltin\n');
    const tools = [{ type: 'function', name: 'add', parameters, strict: false }];
    const input = [{ role: 'user', content: mark }];
    const first = await openai.responses.create({ model, input, tools });
    const call = first.output.find((item) => item.type === 'function_call');
    assert.deepEqual(JSON.parse(call.arguments), { a: 2, b: 3 });
    assert.match(call.call_id, /^call_/);
    const second = await openai.responses.create({
      model,
      tools,
      input: [
        ...input,
        ...first.output,
        { type: 'function_call_output', call_id: call.call_id, output: '5' },
      ],
    });
    assert.equal(second.output_text, 'It is 5.');
  });
}

for (const model of ['talker', 'responder']) {
  test(`messages on ${model}: whole`, async () => {
    const mark = await script2('usage 100 10\nsay Four.\nbuiltin\n');
    const answer = await anthropic.messages.create({
      model,
      max_tokens: 100,
      messages: say(`${mark} 2+2?`),
    });
    assert.equal(answer.type, 'message');
    assert.deepEqual(
      answer.content.map((block) => block.text),
      ['Four.'],
    );
    assert.equal(answer.stop_reason, 'end_turn');
    assert.equal(answer.usage.input_tokens, 100);
    assert.equal(answer.usage.output_tokens, 10);
    await wasAskedAt(mark, model);
  });

  test(`messages on ${model}: the stream() helper`, async () => {
    const mark = await script2('say Four words are here.\nbuiltin\n');
    const stream = anthropic.messages.stream({ model, max_tokens: 100, messages: say(mark) });
    assert.equal(await stream.finalText(), 'Four words are here.');
    const message = await stream.finalMessage();
    assert.equal(message.stop_reason, 'end_turn');
    assert.ok(message.usage.output_tokens > 0);
  });

  test(`messages on ${model}: a tool's round trip`, async () => {
    const mark = await script2('tool add {"a":2,"b":3}\nsay It is 5.\nbuiltin\n');
    const tools = [{ name: 'add', input_schema: parameters }];
    const first = await anthropic.messages
      .stream({ model, max_tokens: 100, tools, messages: say(mark) })
      .finalMessage();
    const call = first.content.find((block) => block.type === 'tool_use');
    assert.deepEqual(call.input, { a: 2, b: 3 });
    assert.match(call.id, /^toolu_/);
    assert.equal(first.stop_reason, 'tool_use');
    const second = await anthropic.messages.create({
      model,
      max_tokens: 100,
      tools,
      messages: [
        ...say(mark),
        { role: 'assistant', content: first.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: '5' }] },
      ],
    });
    assert.equal(second.content[0].text, 'It is 5.');
  });

  test(`messages on ${model}: a stream cut by the provider raises`, async () => {
    const mark = await script2('say Four words are here and more.\ndie 700 reset\nbuiltin\n');
    const stream = anthropic.messages.stream({ model, max_tokens: 100, messages: say(mark) });
    await rejects(stream.finalMessage(), Error);
  });
}

test('what cannot be said is a BadRequestError with its path', async () => {
  await rejects(
    openai.chat.completions.create({ model: 'messenger', n: 2, messages: say('x') }),
    OpenAI.BadRequestError,
    (error) => {
      assert.equal(error.code, 'unsupported_content');
      assert.equal(error.param, 'n');
    },
  );
});

await run('sdk translate');
