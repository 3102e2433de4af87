import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'
import type { LogEntry } from '../../../src/platform/log.ts'
import { readText, textChunk } from '../../support/completions.ts'
import {
  ASKS_USAGE,
  chunk,
  DONE,
  finish,
  ROLE,
  STOP,
  text,
  WORDS,
} from '../../support/oddities/plain.ts'
import { readStream, type StreamRead } from '../../support/read.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** How an upstream's answer is over: it ends, breaks off, or says no more. */
type Ending = 'end' | 'break' | 'hang'

const SHORT = { answerTimeout: 200, firstTokenTimeout: 200, tokenTimeout: 200, heartbeat: 50 }
const RUNS = { numRuns: 400 }

const encoder = new TextEncoder()

/** An API, and what its streams are made of. */
interface Api {
  path: string
  asked: object
  /** A chunk that says this. */
  says(content: unknown, over?: object): object
  /** A stream without a fault. */
  whole(words: object[]): string
  /** Chunks that may stand anywhere. */
  odd: string[]
  read(response: Response, usage: boolean): Promise<StreamRead>
}

const chat: Api = {
  path: '/v1/chat/completions',
  asked: { messages: [{ role: 'user', content: 'Go.' }] },
  says: (content, over = {}) => chunk({ content }, {}, over),
  whole: (words) => text(ROLE, ...words, STOP) + DONE,
  odd: [text(ROLE), text(STOP), text(finish('abort')), text(finish('stop', 1)), text(...WORDS)],
  read: (response, usage) => readStream(response, { usage }),
}

const ended = (finish_reason: unknown, index = 0) => textChunk('', { index, finish_reason })

const completions: Api = {
  path: '/v1/completions',
  asked: { prompt: 'Go.', n: 2 },
  says: (content, over = {}) => textChunk(content, {}, over),
  whole: (words) => text(...words, ended('stop'), ended('length', 1)) + DONE,
  odd: [
    ...[text(ended('stop')), text(ended('abort')), text(ended('stop', 1)), text(ended('', 1))],
    ...[text(textChunk(null)), text(textChunk('b', { index: 2 })), text(textChunk('c'))],
  ],
  read: (response, usage) =>
    readText(response, { n: 2, ...(usage && ASKS_USAGE) }, { isForeign: true }),
}

const validOf = (api: Api) =>
  fc
    .array(
      fc.string().map((each) => api.says(each)),
      { maxLength: 6 },
    )
    .map(api.whole)

/** Lines that an upstream may well say, in an order in which it should not. */
const lineOf = (api: Api) =>
  fc.oneof(
    fc.constantFrom(
      ...[DONE, '\n', '\r\n', ...api.odd],
      ...[': ping\n\n', ': ping\n', 'data: {}\n\n', 'data: null\n\n', 'data:\n\n', 'data: [DONE]'],
      ...['event: error\ndata: {}\n\n', 'data: {"error":"x"}\n\n', 'data: {"choices":[{}]}\n\n'],
      ...['data: {"choices":{}}\n\n', 'data: {"choices":null,"usage":1}\n\n', '\ufeff', 'id: 1\n'],
    ),
    fc.jsonValue().map((value) => `data: ${JSON.stringify(value)}\n\n`),
    fc.jsonValue().map((content) => text(api.says(content))),
    fc.jsonValue().map((choices) => text(api.says('', { choices }))),
  )

const bytesOf = (api: Api): fc.Arbitrary<Bytes> =>
  fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((each) => new Uint8Array(each)),
    fc.array(lineOf(api), { maxLength: 8 }).map((lines) => encoder.encode(lines.join(''))),
    fc.tuple(validOf(api), fc.nat(), fc.uint8Array({ maxLength: 3 }), fc.nat(3)).map(mutated),
  )

/** A few bytes of a valid stream are others, more or fewer. */
function mutated([stream, at, others, fewer]: [string, number, Uint8Array, number]): Bytes {
  const whole = encoder.encode(stream)
  const place = at % whole.length
  const parts = [whole.subarray(0, place), others, whole.subarray(place + fewer)]
  return new Uint8Array(Buffer.concat(parts))
}

function bodyOf(whole: Bytes, cuts: number[], ending: Ending): ReadableStream<Bytes> {
  const places = [...new Set(cuts.map((each) => each % (whole.length + 1)))].sort((a, b) => a - b)
  const ends = [...places, whole.length]
  let at = 0
  return new ReadableStream(
    {
      pull(control) {
        if (at < ends.length) {
          control.enqueue(whole.slice(ends[at - 1] ?? 0, ends[at]))
          at++
        } else if (ending === 'end') control.close()
        else if (ending === 'break') control.error(new Error('broken'))
        else return new Promise(() => {})
        return undefined
      },
    },
    { highWaterMark: 0 },
  )
}

async function expectOneOutcome(
  api: Api,
  body: ReadableStream<Bytes>,
  stream: boolean,
  usage: boolean,
) {
  const log: LogEntry[] = []
  let released: AbortSignal | undefined
  const handler = createHostedHandler(
    { upstream: ['http://gpu.test/v1'], discover: false, insecure: true, retry: false, ...SHORT },
    {
      log: (entry) => log.push(entry),
      fetch: async (url, init) => {
        if (url.endsWith('/models')) return Response.json({ data: [] })
        released = init.signal
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
      },
    },
  )
  const asked = { model: 'm', stream, ...api.asked, ...(usage && ASKS_USAGE) }
  const request = new Request(`http://sluice${api.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  })
  const response = await handler.fetch(request)
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    const read = await api.read(response, usage)
    expect(read.problems, read.raw).toEqual([])
    expect(read.outcome).toBeOneOf(['finished', 'failed'])
    expect(log).toMatchObject([{ outcome: read.outcome }])
    if (read.error) expect(read.error.code).not.toBe('internal_error')
    if (read.outcome === 'failed') expect(released?.aborted).toBe(true)
  } else {
    const answer = (await response.json()) as { error?: { code: string } }
    expect(answer.error?.code).not.toBe('internal_error')
    expect(Boolean(answer.error)).toBe(response.status >= 400)
    expect(log).toHaveLength(1)
  }
}

describe.each([chat, completions])('whatever an upstream sends, there is one outcome', (api) => {
  const cuts = fc.array(fc.nat(), { maxLength: 6 })
  const bytes = bytesOf(api)

  it.each(['end', 'break'] as const)(`before it comes to its %s: ${api.path}`, async (ending) => {
    const property = fc.asyncProperty(
      bytes,
      cuts,
      fc.boolean(),
      fc.boolean(),
      (whole, places, stream, usage) =>
        expectOneOutcome(api, bodyOf(whole, places, ending), stream, stream && usage),
    )
    await fc.assert(property, RUNS)
  })

  it(`and where it says no more: ${api.path}`, async () => {
    const sample = fc.sample(fc.tuple(bytes, cuts), 100)
    const outcomes = sample.map(([whole, places]) =>
      expectOneOutcome(api, bodyOf(whole, places, 'hang'), true, false),
    )
    await Promise.all(outcomes)
  })
})
