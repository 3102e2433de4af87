import {
  boolean,
  choice,
  integer,
  list,
  pairs,
  secrets,
  servers,
  size,
  text,
  texts,
  time,
} from '../declaration.ts'
import { engineItem } from '../engines.ts'
import { readPassThrough } from '../pass-through.ts'
import { perUpstream } from '../per-upstream.ts'
import { memorySize } from '../run-options.ts'
import { upstreamItem } from '../upstreams.ts'

const { maxConcurrency, finishReason, reasoning, thinkTags, systemMessages } = perUpstream

/** Servers and other sources of tokens, and their models. */
export const engines = {
  upstream: list(upstreamItem, {
    placeholder: '[LABEL=]URL',
    expected: 'URL or LABEL=URL',
    help: 'A server with an OpenAI-compatible API.',
  }),
  upstreamKey: list(secrets, {
    secret: true,
    expected: 'keys, separated by commas',
    help: 'The API keys of the upstreams, in the same order; an empty one stands for an upstream without a key.',
  }),
  discover: boolean({
    where: [...servers, 'worker'],
    help: 'Look for well-known servers on this machine. By default only if no upstream and no recording is given.',
  }),
  maxConcurrency,
  memoryBudget: size({
    ...memorySize,
    where: ['bun', 'deno', 'node'],
    help: 'How much memory the servers that sluice starts (run) may use together, by what each declares as memory. A server that is idle is stopped before another starts; one that generates never is.',
  }),
  queue: integer({
    min: 0,
    max: 100_000,
    default: 100,
    placeholder: 'N',
    help: 'How many requests may wait in the queue of an upstream that is busy. When it is full, a request of a key with fewer takes the place of the newest one of the key with the most. Responses in the background wait beside it, up to --max-background.',
  }),
  affinity: choice(['auto', 'session', 'off'], {
    default: 'auto',
    placeholder: 'MODE',
    help: 'Whether a conversation stays at the upstream that answered it before, which has its prompt in a cache, where several serve the model. auto: recognize it by a session id in a header or field, and by its system prompt and first messages. session: only where there is a session id. off: always ask the least busy one.',
  }),
  affinityWait: time({
    min: 0,
    max: 5 * 60_000,
    default: 10_000,
    placeholder: 'TIME',
    help: 'How long a conversation waits at most for the upstream that answered it before, while that works on --max-concurrency requests. It never waits longer than another one would need for its prompt, at 1,000 tokens per second; 0 never waits.',
  }),
  retry: boolean({
    default: true,
    help: 'Send a request again, once, to the only upstream that serves its model, if that failed before its first chunk; and wait for it while it loads the model. On by default.',
  }),
  model: text({
    placeholder: 'NAME',
    expected: 'the name of a model',
    help: 'The model for requests that name none. With --webgpu it is loaded at the start.',
  }),
  alias: pairs({
    default: {},
    placeholder: 'NAME=MODEL',
    expected: 'NAME=MODEL',
    help: 'Another name for a model, such as gpt-4o=qwen3:8b.',
  }),
  contextFallback: pairs({
    default: {},
    formerNames: ['larger'],
    placeholder: 'MODEL=FALLBACK',
    expected: 'MODEL=FALLBACK',
    help: 'The model to ask instead if a request is too long for the context of another.',
  }),
  passThrough: pairs({
    default: {},
    placeholder: 'PATH=TARGET',
    expected: 'PATH=TARGET',
    help: 'Which upstream, by its label, or which model answers a forwarded request that names no model, such as /tokenize=llama; * stands for every path. Without an entry it goes to --model, or to the only upstream.',
    read: readPassThrough,
  }),
  finishReason: { ...finishReason, default: 'learn' as const },
  lenient: list(texts('labels or URLs of upstreams'), {
    placeholder: 'LABEL|URL',
    expected: 'labels or URLs of upstreams',
    deprecated: 'use finishReason instead, of all upstreams or of one (as a flag: --finish-reason)',
    help: 'An upstream whose streams may end without a finish reason.',
  }),
  loadingText: choice(['comment', 'reasoning'] as const, {
    default: 'comment',
    placeholder: 'WHERE',
    help: 'Where the stream of a chat completion says that the engine loads its model. comment: in comments, which clients do not show. reasoning: in the answer’s reasoning, in lines that begin with [sluice]. Other APIs have it in comments.',
  }),
  reasoning: { ...reasoning, default: 'keep' as const },
  thinkTags: { ...thinkTags, default: 'keep' as const },
  systemMessages: { ...systemMessages, default: 'merge' as const },
  engine: list(engineItem, {
    placeholder: 'replay:FILE',
    where: ['bun', 'deno', 'node'],
    needsRestart: true,
    expected: 'replay:FILE',
    instead: 'serve the recording with "sluice replay FILE" and name that server with --upstream',
    help: 'Replays a recording that "sluice record" made. Options follow a question mark: replay:FILE?speed=2&split=1&jitter=20ms&seed=1.',
  }),
  staticText: text({
    default: 'Water finds its way word by word, and every stream reaches its end.',
    placeholder: 'TEXT',
    help: 'The answer of the built-in model "static", which needs no server.',
  }),
  staticDelay: time({
    min: 0,
    max: 60_000,
    default: 100,
    placeholder: 'TIME',
    help: 'The pause between two words of that answer.',
  }),
  tabs: boolean({
    where: ['workerd'],
    needsRestart: true,
    instead:
      'remove it: browser tabs may offer their GPUs there without it, or by a binding of wrangler.toml',
    default: false,
    help: 'Lets browser tabs offer their GPUs. All requests of the API are then answered in one Durable Object, as requests cannot reach each other elsewhere on workerd.',
  }),
  tabGather: time({
    min: 0,
    max: 5_000,
    default: 0,
    needsRestart: true,
    placeholder: 'TIME',
    help: 'How long a browser tab gathers what it answers before it sends it: tokens come later and together, and the server gets fewer requests. By default 250ms on Cloudflare, which bills each request, and 0 elsewhere.',
  }),
}
