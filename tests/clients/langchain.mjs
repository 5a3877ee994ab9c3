// LangChain's models of OpenAI (both APIs) and Anthropic, in front of providers of each dialect.
import assert from 'node:assert/strict';
import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';
import { gateway, heard, key, models, paths, run, script, test } from './kit.mjs';

const openai = (model, more) =>
  new ChatOpenAI({
    model,
    apiKey: key,
    maxRetries: 0,
    configuration: { baseURL: `${gateway}/v1` },
    ...more,
  });
const clients = {
  'openai chat': (model) => openai(model, { useResponsesApi: false }),
  'openai responses': (model) => openai(model, { useResponsesApi: true }),
  anthropic: (model) =>
    new ChatAnthropic({
      model,
      apiKey: key,
      maxRetries: 0,
      maxTokens: 100,
      anthropicApiUrl: `${gateway}/anthropic`,
    }),
};
const sum = z.object({ a: z.number(), b: z.number() });
const add = tool(({ a, b }) => String(a + b), { name: 'add', description: 'adds', schema: sum });

for (const [name, client] of Object.entries(clients))
  for (const model of models) {
    const each = (title, body) => test(`${name} on ${model}: ${title}`, body);

    each('whole, with usage', async () => {
      const mark = await script('usage 100 10\nsay Four.\nbuiltin\n');
      const answer = await client(model).invoke(mark);
      assert.equal(answer.text, 'Four.');
      assert.equal(answer.usage_metadata.input_tokens, 100);
      assert.equal(answer.usage_metadata.output_tokens, 10);
      assert.match((await heard(mark))[0].target, paths[model]);
    });

    each('a stream, with usage', async () => {
      const mark = await script('usage 100 10\nsay Four words are here.\npiece 7\nbuiltin\n');
      let all;
      for await (const chunk of await client(model).stream(mark)) all = all ? all.concat(chunk) : chunk;
      assert.equal(all.text, 'Four words are here.');
      // It adds up what message_start and message_delta say; a provider of messages says 1 in the first.
      const extra = name === 'anthropic' && model === 'messenger' ? 1 : 0;
      assert.equal(all.usage_metadata.output_tokens, 10 + extra);
    });

    each('a tool of a stream, and its result', async () => {
      const mark = await script(
        'on POST * always\ntool add {"a":2,"b":3}\nsay It is 5.\nbuiltin\n',
      );
      const bound = client(model).bindTools([add]);
      let first;
      for await (const chunk of await bound.stream(mark)) first = first ? first.concat(chunk) : chunk;
      const [call] = first.tool_calls;
      assert.deepEqual(call.args, { a: 2, b: 3 });
      const result = await add.invoke(call);
      assert.ok(result instanceof ToolMessage);
      const second = await bound.invoke([new HumanMessage(mark), first, result]);
      assert.equal(second.text, 'It is 5.');
    });

    each('an object by its schema', async () => {
      const mark = await script('say {"a":2,"b":3}\nbuiltin\n');
      const structured = client(model).withStructuredOutput(sum, { name: 'sum', method: 'jsonSchema' });
      assert.deepEqual(await structured.invoke(mark), { a: 2, b: 3 });
    });
  }

await run('sdk langchain');
