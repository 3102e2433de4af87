/**
 * The settings that a part of the handler reads alone, by part. The marks let a bundle leave out those of parts
 * that it does not have.
 */
import { CAPTURE_RULE, CAPTURE_RULES } from '../capture-rule.ts'
import {
  boolean,
  choice,
  integer,
  pairs,
  serversAndWorkers,
  size,
  text,
  time,
} from '../declaration.ts'
import { readPassThrough } from '../pass-through.ts'
import { perUpstream } from '../per-upstream.ts'

export const page = {
  page: /* @__PURE__ */ boolean({
    where: serversAndWorkers,
    needsRestart: true,
    default: true,
    help: 'Serve the page at /, where people chat and see what runs. Without it, / is what /status shows, and `npm start` does not build the page.',
  }),
}

export const passThrough = {
  passThrough: /* @__PURE__ */ pairs({
    default: {},
    placeholder: 'PATH=TARGET',
    expected: 'PATH=TARGET',
    help: 'Which upstream, by its label, or which model answers a forwarded request that names no model, such as /tokenize=llama; * stands for every path. Without an entry it goes to --model, or to the only upstream.',
    read: readPassThrough,
  }),
}

/** Browser tabs that offer their GPUs. */
export const tabs = {
  tabs: /* @__PURE__ */ boolean({
    where: ['workerd'],
    needsRestart: true,
    instead:
      'remove it: browser tabs may offer their GPUs there without it, or by a binding of wrangler.toml',
    default: false,
    help: 'Lets browser tabs offer their GPUs. All requests of the API are then answered in one Durable Object, as requests cannot reach each other elsewhere on workerd.',
  }),
  tabGather: /* @__PURE__ */ time({
    min: 0,
    max: 5_000,
    default: 0,
    needsRestart: true,
    placeholder: 'TIME',
    help: 'How long a browser tab gathers what it answers before it sends it: tokens come later and together, and the server gets fewer requests. By default 250ms on Cloudflare, which bills each request, and 0 elsewhere.',
  }),
}

/** How requests are spread over upstreams. */
export const balancing = {
  maxConcurrency: perUpstream.maxConcurrency,
  queue: /* @__PURE__ */ integer({
    min: 0,
    max: 100_000,
    default: 100,
    placeholder: 'N',
    help: 'How many requests may wait in the queue of an upstream that is busy. When it is full, a request of a key with fewer takes the place of the newest one of the key with the most. Responses in the background wait beside it, up to --max-background.',
  }),
}

/** Thinking between tags. */
export const thinking = {
  thinkTags: { ...perUpstream.thinkTags, default: 'keep' as const },
}

export const systemMessages = {
  systemMessages: { ...perUpstream.systemMessages, default: 'merge' as const },
}

/** Conversations that stay at one upstream. */
export const affinity = {
  affinity: /* @__PURE__ */ choice(['auto', 'session', 'off'], {
    default: 'auto',
    placeholder: 'MODE',
    help: 'Whether a conversation stays at the upstream that answered it before, which has its prompt in a cache, where several serve the model. auto: recognize it by a session id in a header or field, and by its system prompt and first messages. session: only where there is a session id. off: always ask the least busy one.',
  }),
  affinityWait: /* @__PURE__ */ time({
    min: 0,
    max: 5 * 60_000,
    default: 10_000,
    placeholder: 'TIME',
    help: 'How long a conversation waits at most for the upstream that answered it before, while that works on --max-concurrency requests. It never waits longer than another one would need for its prompt, at 1,000 tokens per second; 0 never waits.',
  }),
}

/** The model that answers with one fixed text. */
export const builtIn = {
  staticText: /* @__PURE__ */ text({
    default: 'Water finds its way word by word, and every stream reaches its end.',
    placeholder: 'TEXT',
    help: 'The answer of the built-in model "static", which needs no server.',
  }),
  staticDelay: /* @__PURE__ */ time({
    min: 0,
    max: 60_000,
    default: 100,
    placeholder: 'TIME',
    help: 'The pause between two words of that answer.',
  }),
}

/** Servers that are found rather than named. */
export const discovery = {
  discover: /* @__PURE__ */ boolean({
    where: serversAndWorkers,
    help: 'Look for well-known servers on this machine. By default only if no upstream and no recording is given.',
  }),
}

export const metrics = {
  metrics: /* @__PURE__ */ boolean({
    default: true,
    help: 'Whether requests are measured, for GET /metrics, which admin keys and keys with metrics: true may read.',
  }),
}

export const activity = {
  activity: /* @__PURE__ */ integer({
    min: 0,
    max: 10_000,
    default: 500,
    placeholder: 'N',
    help: 'How many requests that have ended GET /v1/activity shows, besides the running ones; 0 switches the activity feed off.',
  }),
}

export const captures = {
  capture: /* @__PURE__ */ text({
    default: 'off',
    pattern: CAPTURE_RULE,
    placeholder: 'RULE',
    expected: CAPTURE_RULES,
    help: 'Which requests are kept as recordings, with their prompts and answers, in memory, for admins: off, all, those of one key (key=NAME), those that one engine was asked for (engine=LABEL), or the next ones (next=N). POST /v1/captures changes it until the restart.',
  }),
  captureCount: /* @__PURE__ */ integer({
    min: 1,
    max: 10_000,
    default: 50,
    placeholder: 'N',
    help: 'How many captured requests are kept; the oldest are dropped first, failed ones last.',
  }),
  captureBytes: /* @__PURE__ */ size({
    min: 1_000_000,
    max: 4_000_000_000,
    default: 64_000_000,
    placeholder: 'SIZE',
    expected: 'a size from 1MB to 4GB, such as 64MB',
    help: 'How much memory all captures may take together. One of them may take a quarter of that, and is cut off there.',
  }),
}

/** Streams that go on without their client, and responses in the background. */
export const streams = {
  maxBackground: /* @__PURE__ */ integer({
    min: 1,
    max: 10_000,
    default: 32,
    placeholder: 'N',
    help: 'How many responses may run in the background at once. Where there are several keys, a key gets one only while it has fewer than there are free places, so that the others find some.',
  }),
  maxResumable: /* @__PURE__ */ integer({
    min: 1,
    max: 100_000,
    default: 256,
    placeholder: 'N',
    help: 'How many streams that can be resumed may run at once; further ones are sent as ordinary streams. Where there are several keys, a key gets one only while it has fewer than there are free places.',
  }),
  resumeGrace: /* @__PURE__ */ time({
    min: 0,
    default: 30_000,
    placeholder: 'TIME',
    help: 'How long a stream that can be resumed goes on while nobody reads it.',
  }),
  streamTtl: /* @__PURE__ */ time({
    min: 1_000,
    default: 10 * 60_000,
    placeholder: 'TIME',
    help: 'How long a stream can be resumed after its end; one in the background at least an hour.',
  }),
}

export const docsUrl = {
  docsUrl: /* @__PURE__ */ text({
    pattern: /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/,
    placeholder: 'URL',
    expected: 'an http or https URL, such as https://docs.example.com',
    help: 'The address of a documentation site, to which the field doc_url of an error leads: URL/errors#CODE. By default it leads to GET /docs/errors/CODE of this server.',
  }),
}
