// A real language model behind chat completions, so that the daemon meets text, tokens and timing
// that no script made. One request at a time, as llama.cpp's slots do.
//   node serve.mjs PACKAGES MODEL.gguf      prints "listening PORT"
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [packages, file] = process.argv.slice(2);
const entry = path.join(packages, 'node_modules/node-llama-cpp/dist/index.js');
const { getLlama, LlamaCompletion } = await import(pathToFileURL(entry).href);
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error' });
const model = await llama.loadModel({ modelPath: file });
const context = await model.createContext({ contextSize: 512, threads: 1 });
let last = Promise.resolve();

async function complete(body, onText, signal) {
  const sequence = context.getSequence();
  const completion = new LlamaCompletion({ contextSequence: sequence });
  const prompt = body.messages.map((m) => m.content).join('\n');
  try {
    const text = await completion.generateCompletion(prompt, {
      maxTokens: Math.min(body.max_tokens ?? 48, 200),
      temperature: 0,
      onTextChunk: onText,
      signal,
      stopOnAbortSignal: true,
    });
    const input = model.tokenize(prompt).length + 1;
    const output = model.tokenize(text).length;
    return {
      text,
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    };
  } finally {
    completion.dispose();
    sequence.dispose();
  }
}

async function answer(request, response) {
  let text = '';
  for await (const part of request) text += part;
  const body = JSON.parse(text);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const frame = (more) => ({
    id: 'real-1',
    object: 'chat.completion',
    created: 1,
    model: body.model,
    ...more,
  });
  const event = (data) => response.write(`data: ${JSON.stringify(data)}\n\n`);
  if (body.stream) response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (content) =>
    event(frame({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }));
  const done = await complete(body, body.stream ? send : undefined, gone.signal);
  if (gone.signal.aborted) console.log('cancelled');
  if (!body.stream) {
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify(
        frame({
          choices: [
            { index: 0, message: { role: 'assistant', content: done.text }, finish_reason: 'stop' },
          ],
          usage: done.usage,
        }),
        null,
        2,
      ),
    );
    return;
  }
  event(frame({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }));
  if (body.stream_options?.include_usage) event(frame({ choices: [], usage: done.usage }));
  response.end('data: [DONE]\n\n');
}

const server = http.createServer((request, response) => {
  last = last
    .then(() => answer(request, response))
    .catch((error) => (console.error(error), response.destroy()));
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
