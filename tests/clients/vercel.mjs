// Vercel's AI SDK with three of its providers, in front of providers of each dialect. Its google
// provider speaks Gemini as a client, which is not served here.
import assert from 'node:assert/strict';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, Output, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { gateway, heard, key, models, paths, rejects, run, script, test } from './kit.mjs';

const openai = createOpenAI({ baseURL: `${gateway}/v1`, apiKey: key });
const anthropic = createAnthropic({ baseURL: `${gateway}/anthropic/v1`, apiKey: key });
const compatible = createOpenAICompatible({
  name: 'flux',
  baseURL: `${gateway}/v1`,
  apiKey: key,
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const clients = {
  'openai responses': (model) => openai(model),
  'openai chat': (model) => openai.chat(model),
  compatible: (model) => compatible(model),
  anthropic: (model) => anthropic(model),
};
const maxRetries = 0;
globalThis.AI_SDK_LOG_WARNINGS = false;
// Else the openai provider names earlier items instead of sending them: nothing is kept here.
const providerOptions = { openai: { store: false } };
const always = 'on POST * always\n';

for (const [name, client] of Object.entries(clients))
  for (const model of models) {
    const each = (title, body) => test(`${name} on ${model}: ${title}`, body);

    each('whole, with usage and headers', async () => {
      const mark = await script('usage 100 10\nsay Four.\nbuiltin\n');
      const answer = await generateText({ model: client(model), prompt: mark, maxRetries });
      assert.equal(answer.text, 'Four.');
      assert.equal(answer.finishReason, 'stop');
      assert.equal(answer.usage.inputTokens, 100);
      assert.equal(answer.usage.outputTokens, 10);
      assert.equal(answer.response.headers['x-flux-model'], model);
      assert.match((await heard(mark))[0].target, paths[model]);
    });

    each('a stream', async () => {
      const mark = await script('usage 100 10\nsay Four words are here.\npiece 7\nbuiltin\n');
      const answer = streamText({ model: client(model), prompt: mark, maxRetries });
      let text = '';
      for await (const part of answer.textStream) text += part;
      assert.equal(text, 'Four words are here.');
      assert.equal(await answer.finishReason, 'stop');
      assert.equal((await answer.usage).totalTokens, 110);
    });

    each('two steps with a tool, streamed', async () => {
      const mark = await script(`${always}tool add {"a":2,"b":3}\nsay It is 5.\nbuiltin\n`);
      let called;
      const add = tool({
        description: 'adds',
        inputSchema: z.object({ a: z.number(), b: z.number() }),
        execute: async (sum) => ((called = sum), 5),
      });
      const answer = streamText({
        model: client(model),
        prompt: mark,
        tools: { add },
        providerOptions,
        stopWhen: stepCountIs(3),
        maxRetries,
      });
      assert.equal(await answer.text, 'It is 5.');
      assert.deepEqual(called, { a: 2, b: 3 });
      assert.equal((await answer.steps).length, 2);
      assert.equal((await heard(mark, 2)).length, 2);
    });

    each('an object by its schema', async () => {
      const mark = await script('say {"name":"Bern","people":134000}\nbuiltin\n');
      const schema = z.object({ name: z.string(), people: z.number() });
      const answer = await generateText({
        model: client(model),
        prompt: mark,
        output: Output.object({ schema }),
        maxRetries,
      });
      assert.deepEqual(answer.output, { name: 'Bern', people: 134000 });
      assert.match((await heard(mark))[0].body, /people/);
    });

    each('an image', async () => {
      const mark = await script('say A dot.\nbuiltin\n');
      const image = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABAQAAAAA3bvkkAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==', 'base64');
      const content = [
        { type: 'text', text: mark },
        { type: 'image', image, mediaType: 'image/png' },
      ];
      const answer = await generateText({
        model: client(model),
        messages: [{ role: 'user', content }],
        maxRetries,
      });
      assert.equal(answer.text, 'A dot.');
      assert.match((await heard(mark))[0].body, /iVBORw0KGgo/);
    });
  }

test('openai responses: earlier items by name are refused, with the remedy', async () => {
  const mark = await script(`${always}say Four.\nbuiltin\n`);
  const model = clients['openai responses']('talker');
  const first = await generateText({ model, prompt: mark, maxRetries });
  const again = (more) =>
    generateText({
      model,
      messages: [
        { role: 'user', content: mark },
        ...first.response.messages,
        { role: 'user', content: 'and now?' },
      ],
      maxRetries,
      ...more,
    });
  await rejects(again({}), Error, (error) => assert.match(error.message, /store: false/));
  assert.equal((await again({ providerOptions })).text, 'Four.');
});

test('an unknown model is a 404 that names the near ones', async () => {
  for (const client of Object.values(clients))
    await rejects(generateText({ model: client('talkre'), prompt: 'x', maxRetries }), Error, (error) => {
      assert.equal(error.statusCode, 404);
      assert.match(error.message, /talker/);
    });
});

test('what is worth it is tried again', async () => {
  const mark = await script('status 500\nbody oops\non * *\nsay at last\nbuiltin\n');
  const answer = await generateText({ model: clients.compatible('talker'), prompt: mark });
  assert.equal(answer.text, 'at last');
});

await run('sdk vercel');
