import { boolean, choice, list, pairs, secrets, text, texts } from '../declaration.ts'
import { perUpstream } from '../per-upstream.ts'
import { serverItem } from '../upstreams.ts'

const { finishReason, reasoning } = perUpstream

/** The upstreams, each read by `item`. */
export const upstreamOf = (item: typeof serverItem) =>
  list(item, {
    placeholder: '[LABEL=]URL',
    expected: 'URL or LABEL=URL',
    help: 'A server with an OpenAI-compatible API.',
  })

/** Servers that generate tokens. */
export const upstreams = {
  upstream: upstreamOf(serverItem),
  upstreamKey: list(secrets, {
    secret: true,
    expected: 'keys, separated by commas',
    help: 'The API keys of the upstreams, in the same order; an empty one stands for an upstream without a key.',
  }),
}

/** The same, how they are asked, and their models. */
export const asking = {
  ...upstreams,
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
}
