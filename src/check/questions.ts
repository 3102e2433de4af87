/** What a server is asked, in each of its APIs. */
import type { Fetch } from '../platform/fetch.ts'
import { type RecordOptions, record } from '../recording/record.ts'
import type { Recording } from '../recording/recording.ts'
import { FORM, TOOL } from './checks/tools.ts'
import type { CheckedApi, Prompt } from './dialects/dialect.ts'

export interface QuestionOptions {
  fetch: Fetch
  /** Where the API is asked: `http://127.0.0.1:8787/v1/chat/completions`. */
  url: string
  headers: Record<string, string>
  /** Hidden wherever it stands. */
  key: string | undefined
  model: string | undefined
  /** What asks: `sluice 0.1.0 on bun 1.4.5`. */
  by: string
  signal: AbortSignal
}

export interface Question {
  title: string
  ask(): Promise<Recording>
}

const PROMPT = 'Count from one to twenty in words.'

/** Long enough to be left in the middle. */
const LONG = 'Count from one to one thousand in words.'

/** Tokens that an answer may have. */
const LIMIT = { usual: 200, call: 800, long: 4_000 }

/** Milliseconds an answer that is left is listened to before. */
const LISTENED = 300

/** The longest an answer is waited for. */
const LONGEST = 5 * 60_000

/** A name that no model has. */
export const UNKNOWN = 'no-such-model-here'

const NO_JSON = '{"model": '

/** A page of another origin. */
const ORIGIN = { origin: 'https://page.example' }

export function questionsIn(dialect: CheckedApi, options: QuestionOptions) {
  const { model } = options
  const asks = asker(dialect, options)
  const usual: Prompt = { model, text: PROMPT, limit: LIMIT.usual }
  const streamed = { ...usual, stream: true }
  const wrong = { ...dialect.body(streamed), ...dialect.wrong }
  const called = { ...streamed, text: TOOL.text, limit: LIMIT.call, tool: TOOL.offer }
  const formed = { ...streamed, text: FORM.text, limit: LIMIT.call, schema: FORM.schema }
  return {
    stream: {
      title: dialect.asksUsage ? 'a stream with usage' : 'a stream',
      ask: asks(dialect.body({ ...streamed, usage: true })),
    },
    plain: { title: 'a stream without usage', ask: asks(dialect.body(streamed)) },
    whole: { title: 'a whole answer', ask: asks(dialect.body(usual)) },
    tools: { title: 'a call of a tool', ask: asks(dialect.body(called)) },
    structured: { title: 'an answer of a given form', ask: asks(dialect.body(formed)) },
    model: {
      title: 'an unknown model',
      ask: asks(dialect.body({ ...streamed, model: UNKNOWN })),
    },
    json: { title: 'a body that is no JSON', ask: asks(NO_JSON) },
    field: { title: 'a field of the wrong type', ask: asks(wrong) },
    preflight: {
      title: 'a browser’s preflight',
      ask: preflight(dialect, options),
    },
    foreign: { title: 'a page’s request', ask: asks(wrong, { headers: ORIGIN }) },
    left: {
      title: 'an answer that is left',
      ask: leaver(
        asks,
        dialect.body({ ...streamed, text: LONG, limit: LIMIT.long }),
        options.signal,
      ),
    },
    next: { title: 'the answer behind it', ask: asks(dialect.body(streamed)) },
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
      const patience = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)])
      return record({
        ...{ fetch, url, by, secrets, signal: patience },
        ...(text !== undefined && { body: text }),
        ...more,
        headers: { ...own, ...more.headers },
      })
    }
  }
}

/** What a browser asks before a page may: it tells of the key, and sends none. */
function preflight(dialect: CheckedApi, options: QuestionOptions): () => Promise<Recording> {
  const { fetch, url, by, signal } = options
  const names = ['authorization', ...Object.keys(headersOf(dialect, options))]
  const headers = {
    ...ORIGIN,
    'access-control-request-method': 'POST',
    'access-control-request-headers': [...new Set(names)].sort().join(','),
  }
  return () => {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)])
    return record({ fetch, url, by, signal: patience, method: 'OPTIONS', headers })
  }
}

/** Listens for a moment once the answer has begun, and hangs up. */
function leaver(asks: Asks, body: object, signal: AbortSignal): () => Promise<Recording> {
  return () => {
    const control = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const both = AbortSignal.any([signal, control.signal, AbortSignal.timeout(LONGEST)])
    const onPacket = () => {
      timer ??= setTimeout(() => control.abort(), LISTENED)
    }
    return asks(body, { signal: both, onPacket })().finally(() => clearTimeout(timer))
  }
}
