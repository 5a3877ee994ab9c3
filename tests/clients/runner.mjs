// @openai/agents over both of OpenAI's APIs, in front of providers of each dialect.
import assert from 'node:assert/strict';
import {
  Agent,
  OpenAIChatCompletionsModel,
  OpenAIResponsesModel,
  run as runAgent,
  setTracingDisabled,
  tool,
} from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';
import { gateway, heard, key, models, paths, run, script, test } from './kit.mjs';

setTracingDisabled(true);
const client = new OpenAI({ baseURL: `${gateway}/v1`, apiKey: key, maxRetries: 0 });
const apis = {
  chat: (model) => new OpenAIChatCompletionsModel(client, model),
  responses: (model) => new OpenAIResponsesModel(client, model),
};
const always = (...needs) => `on POST * always\n${needs.map((need) => `has ${need}\n`).join('')}`;

function adder() {
  const made = { called: undefined };
  made.tool = tool({
    name: 'add',
    description: 'adds',
    parameters: z.object({ a: z.number(), b: z.number() }),
    execute: async (sum) => ((made.called = sum), '5'),
  });
  return made;
}

for (const [name, api] of Object.entries(apis))
  for (const model of models) {
    const each = (title, body) => test(`${name} on ${model}: ${title}`, body);

    for (const stream of [false, true])
      each(`a tool${stream ? ', streamed' : ''}`, async () => {
        const mark = await script(`${always()}tool add {"a":2,"b":3}\nsay It is 5.\nbuiltin\n`);
        const add = adder();
        const agent = new Agent({ name: 'Adder', model: api(model), tools: [add.tool] });
        const done = await runAgent(agent, mark, { stream });
        if (stream) await done.completed;
        assert.equal(done.finalOutput, 'It is 5.');
        assert.deepEqual(add.called, { a: 2, b: 3 });
        for (const one of await heard(mark, 2)) assert.match(one.target, paths[model]);
      });

    each('a hand-over to another agent', async () => {
      const mark = await script(
        `${always('You are the first')}call transfer_to_Second {}\nbuiltin\n` +
          `${always('You are the second')}say handed over\nbuiltin\n`,
      );
      const second = new Agent({
        name: 'Second',
        instructions: 'You are the second',
        model: api(model),
      });
      const first = new Agent({
        name: 'First',
        instructions: 'You are the first',
        model: api(model),
        handoffs: [second],
      });
      const done = await runAgent(first, mark);
      assert.equal(done.finalOutput, 'handed over');
      assert.equal(done.lastAgent.name, 'Second');
    });

    each('an output type', async () => {
      const mark = await script('say {"a":2,"b":3}\nbuiltin\n');
      const agent = new Agent({
        name: 'Typed',
        model: api(model),
        outputType: z.object({ a: z.number(), b: z.number() }),
      });
      const done = await runAgent(agent, mark);
      assert.deepEqual(done.finalOutput, { a: 2, b: 3 });
    });
  }

await run('sdk agents');
