/** Chats as they should be, and those that break one rule each. */
import type { Script } from '../script.ts'
import { type Animal, type Fields, paced, SSE, stream } from './animal.ts'

const envelope = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_790_000_000,
  model: 'zoo',
}

/** One choice's chunk; `more` replaces fields of it. */
export function chunkOf(delta: Fields, finish: unknown = null, more: Fields = {}): Fields {
  return { ...envelope, choices: [{ index: 0, delta, finish_reason: finish }], ...more }
}

const usage = {
  ...envelope,
  choices: [],
  usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
}
const role = chunkOf({ role: 'assistant', content: '' })
const words = ['One ', 'two ', 'three ', 'four.'].map((content) => chunkOf({ content }))
const stop = chunkOf({}, 'stop')

function frame(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

const DONE = 'data: [DONE]\n\n'

/** A stream as it should be, sent as it is made. */
export const sound: string[] = [role, ...words, stop, usage].map(frame).concat(DONE)

function without(name: string): Script {
  const headers = Object.fromEntries(Object.entries(SSE).filter(([each]) => each !== name))
  return { headers, steps: paced(sound) }
}

function replaced(at: number, ...frames: string[]): Script {
  return stream([...sound.slice(0, at), ...frames, ...sound.slice(at + 1)])
}

function inserted(at: number, ...frames: string[]): Script {
  return stream([...sound.slice(0, at), ...frames, ...sound.slice(at)])
}

/** Every chunk changed in one way. */
function each(change: (chunk: Fields, index: number) => Fields): Script {
  return stream([role, ...words, stop].map(change).concat(usage).map(frame).concat(DONE))
}

const text = sound.join('')

/** What a stream may do wrong. */
export const chats: Animal[] = [
  { rule: 'content-type', script: stream(sound, { 'content-type': 'text/plain' }) },
  { rule: 'content-length', script: stream(sound, { 'content-length': String(text.length) }) },
  { rule: 'cache-control', script: without('cache-control') },
  { rule: 'buffering-hint', script: without('x-accel-buffering') },
  {
    rule: 'utf-8',
    script: {
      headers: SSE,
      steps: [
        ...paced(sound.slice(0, 2)),
        // Half of an "é", as a token that ends in the middle of a character gives it.
        { base64: btoa(frame(chunkOf({ content: '@' })).replace('@', '\xc3')) },
        ...paced(sound.slice(2)),
      ],
    },
    like: 'servers that decode each token by itself',
  },
  { rule: 'bom', script: replaced(0, `\ufeff${sound[0]}`) },
  {
    rule: 'line-ends',
    script: stream(sound.map((each) => each.replaceAll('\n', '\r\n'))),
    like: 'sse-starlette as it is installed',
  },
  {
    rule: 'data-space',
    script: stream(sound.map((each) => each.replace('data: ', 'data:'))),
    like: 'Spring’s SseEmitter',
  },
  {
    rule: 'data-lines',
    script: replaced(1, `data: ${JSON.stringify(words[0]).replace(',', ',\ndata: ')}\n\n`),
  },
  { rule: 'empty-data', script: inserted(2, 'data:\n\n') },
  { rule: 'stray-line', script: inserted(2, 'loading the model\n\n') },
  {
    rule: 'comment-event',
    script: inserted(2, ': ping\n\n'),
    like: 'servers with a heartbeat (openai-python#2722, bifrost#5874)',
  },
  { rule: 'named-event', script: replaced(1, `event: message\n${sound[1]}`) },
  { rule: 'last-blank-line', script: stream([...sound.slice(0, -1), 'data: [DONE]\n']) },
  { rule: 'json', script: inserted(2, 'data: {"id": "chatcmpl-1", "object"\n\n') },
  {
    rule: 'all-at-once',
    script: { headers: SSE, steps: [{ wait: 400 }, { send: text }] },
    like: 'nginx as it is installed',
  },
  {
    rule: 'bursts',
    script: {
      headers: SSE,
      steps: [0, 1, 2].flatMap((part) => [{ send: burst(part) }, { wait: 180 }]),
    },
  },
  { rule: 'chunk-object', script: each((chunk) => ({ ...chunk, object: 'chat.completion' })) },
  { rule: 'chunk-id', script: each(({ id: _id, ...chunk }) => chunk) },
  { rule: 'chunk-model', script: each(({ model: _model, ...chunk }) => chunk) },
  {
    rule: 'chunk-created',
    script: each((chunk) => ({ ...chunk, created: 1_790_000_000_000 })),
    like: 'servers that write Date.now(), web-llm among them',
  },
  { rule: 'chunk-choices', script: inserted(2, frame({ ...envelope })) },
  { rule: 'id-steady', script: replaced(2, frame({ ...words[1], id: 'chatcmpl-2' })) },
  {
    rule: 'created-steady',
    script: each((chunk, index) => ({ ...chunk, created: 1_790_000_000 + (index >> 2) })),
    like: 'Ollama, which takes the time anew for every chunk',
  },
  { rule: 'role-first', script: replaced(0, frame(chunkOf({ content: '' }))) },
  {
    rule: 'finish-reason',
    script: replaced(5, frame(chunkOf({}, 'abort'))),
    like: 'SGLang (sglang#3912) and web-llm',
  },
  {
    rule: 'finish-missing',
    script: stream([...sound.slice(0, 5), ...sound.slice(6)]),
    like: 'vLLM, which lost an error and sent [DONE] alone (vllm#40986)',
  },
  { rule: 'finish-twice', script: inserted(6, frame(stop)) },
  { rule: 'content-after-finish', script: inserted(6, frame(chunkOf({ content: 'more' }))) },
  { rule: 'done-missing', script: stream(sound.slice(0, -1)) },
  { rule: 'after-done', script: stream([...sound, frame(usage)]) },
  {
    rule: 'truncated',
    script: stream(sound.slice(0, 3)),
    like: 'Ollama (ollama#17118) and Portkey’s gateway (gateway#1797)',
  },
  {
    rule: 'connection-broken',
    script: { headers: SSE, steps: [...paced(sound.slice(0, 3)), { wait: 30 }, { reset: true }] },
  },
  {
    rule: 'error-in-stream',
    script: stream([...sound.slice(0, 3), frame({ error: { message: 'CUDA out of memory' } })]),
    like: 'llama-server, with status 200 (llama.cpp#14566)',
  },
  { rule: 'usage-asked', script: stream([...sound.slice(0, 6), DONE]) },
  {
    rule: 'usage-last',
    script: each((chunk) => ({ ...chunk, usage: usage.usage })),
    like: 'vLLM with continuous_usage_stats',
  },
]

function burst(part: number): string {
  const many = Array.from({ length: 6 }, (_, at) =>
    frame(chunkOf({ content: `word ${part} ${at} ` })),
  )
  if (part === 0) return frame(role) + many.join('')
  return part === 1 ? many.join('') : [...many, frame(stop), frame(usage), DONE].join('')
}
