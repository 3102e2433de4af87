/** The requests that a check sends to a server, in each of its APIs. */
import type { Fetch } from '../platform/fetch.ts'
import { type RecordOptions, record } from '../recording/record.ts'
import type { Recording } from '../recording/recording.ts'
import { SCHEMA_PROMPT, TOOL_PROMPT } from './checks/tools.ts'
import type { CheckedApi, Prompt } from './dialects/dialect.ts'

export interface QuestionOptions {
  fetch: Fetch
  /** The endpoint, such as `http://127.0.0.1:8787/v1/chat/completions`. */
  url: string
  headers: Record<string, string>
  /** The API key. Recordings never contain it. */
  key: string | undefined
  model: string | undefined
  /** The checking program: `sluice 0.1.0 on bun 1.4.5`. */
  by: string
  signal: AbortSignal
}

export interface Question {
  title: string
  ask(): Promise<Recording>
}

const PROMPT = 'Count from one to twenty in words.'

/** Its answer is long enough to be abandoned in the middle. */
const LONG = 'Count from one to one thousand in words.'

/** The most tokens of an answer. */
const LIMIT = { usual: 200, call: 800, long: 4_000 }

/** Milliseconds for which an abandoned answer is read first. */
const LISTEN_MS = 300

/** Milliseconds to wait for an answer. */
const MAX_WAIT_MS = 5 * 60_000

/** The name of a model that does not exist. */
export const UNKNOWN_MODEL = 'no-such-model-here'

const INVALID_JSON = '{"model": '

/** The headers of a request from a web page of another origin. */
const ORIGIN = { origin: 'https://page.example' }

export function questionsIn(dialect: CheckedApi, options: QuestionOptions) {
  const { model } = options
  const asks = asker(dialect, options)
  const usual: Prompt = { model, text: PROMPT, limit: LIMIT.usual }
  const streamed = { ...usual, stream: true }
  const wrong = { ...dialect.body(streamed), ...dialect.invalidFields }
  const called = { ...streamed, text: TOOL_PROMPT.text, limit: LIMIT.call, tool: TOOL_PROMPT.offer }
  const formed = {
    ...streamed,
    text: SCHEMA_PROMPT.text,
    limit: LIMIT.call,
    schema: SCHEMA_PROMPT.schema,
  }
  return {
    stream: {
      title: dialect.asksUsage ? 'a stream with usage' : 'a stream',
      ask: asks(dialect.body({ ...streamed, usage: true })),
    },
    plain: { title: 'a stream without usage', ask: asks(dialect.body(streamed)) },
    whole: { title: 'an answer without streaming', ask: asks(dialect.body(usual)) },
    tools: { title: 'a tool call', ask: asks(dialect.body(called)) },
    structured: { title: 'structured output', ask: asks(dialect.body(formed)) },
    model: {
      title: 'an unknown model',
      ask: asks(dialect.body({ ...streamed, model: UNKNOWN_MODEL })),
    },
    json: { title: 'a body that is not JSON', ask: asks(INVALID_JSON) },
    field: { title: 'a field of the wrong type', ask: asks(wrong) },
    preflight: {
      title: 'a CORS preflight',
      ask: preflight(dialect, options),
    },
    foreign: { title: 'a request from a web page', ask: asks(wrong, { headers: ORIGIN }) },
    left: {
      title: 'an answer that the client abandons',
      ask: leaver(
        asks,
        dialect.body({ ...streamed, text: LONG, limit: LIMIT.long }),
        options.signal,
      ),
    },
    next: { title: 'the answer after an abandoned one', ask: asks(dialect.body(streamed)) },
  } satisfies Record<string, Question>
}

export type QuestionName = keyof ReturnType<typeof questionsIn>

type Asks = (body?: object | string, more?: Partial<RecordOptions>) => () => Promise<Recording>

function headersOf(dialect: CheckedApi, { headers, key }: QuestionOptions): Record<string, string> {
  return { 'content-type': 'application/json', ...headers, ...dialect.headersFor(key) }
}

function asker(dialect: CheckedApi, options: QuestionOptions): Asks {
  const { fetch, url, key, by, signal } = options
  const own = headersOf(dialect, options)
  const secrets = key === undefined ? [] : [key]
  return (body, more = {}) => {
    const text = typeof body === 'object' ? JSON.stringify(body) : body
    return () => {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(MAX_WAIT_MS)])
      return record({
        ...{ fetch, url, by, secrets, signal: patience },
        ...(text !== undefined && { body: text }),
        ...more,
        headers: { ...own, ...more.headers },
      })
    }
  }
}

/** A preflight as a browser sends it: it lists the header of the key, and has no key itself. */
function preflight(dialect: CheckedApi, options: QuestionOptions): () => Promise<Recording> {
  const { fetch, url, by, signal } = options
  const names = ['authorization', ...Object.keys(headersOf(dialect, options))]
  const headers = {
    ...ORIGIN,
    'access-control-request-method': 'POST',
    'access-control-request-headers': [...new Set(names)].sort().join(','),
  }
  return () => {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(MAX_WAIT_MS)])
    return record({ fetch, url, by, signal: patience, method: 'OPTIONS', headers })
  }
}

/** Reads for a moment after the answer has started, then disconnects. */
function leaver(asks: Asks, body: object, signal: AbortSignal): () => Promise<Recording> {
  return () => {
    const control = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const both = AbortSignal.any([signal, control.signal, AbortSignal.timeout(MAX_WAIT_MS)])
    const onPacket = () => {
      timer ??= setTimeout(() => control.abort(), LISTEN_MS)
    }
    return asks(body, { signal: both, onPacket })().finally(() => clearTimeout(timer))
  }
}
