import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHandler, type LogEntry } from '../../../src/handler.ts'
import { chunk, DONE, finish, ROLE, STOP, text, WORDS } from '../../support/oddities/plain.ts'
import { readStream } from '../../support/read.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** How an upstream's answer is over: it ends, breaks off, or says no more. */
type Ending = 'end' | 'break' | 'hang'

const SHORT = { answerTimeout: 200, firstTokenTimeout: 200, tokenTimeout: 200, heartbeat: 50 }
const RUNS = { numRuns: 400 }

const encoder = new TextEncoder()
const valid = fc
  .array(
    fc.oneof(
      fc.constantFrom(...WORDS),
      fc.string().map((content) => chunk({ content })),
    ),
    {
      maxLength: 6,
    },
  )
  .map((words) => text(ROLE, ...words, STOP) + DONE)

/** Lines that an upstream may well say, in an order in which it should not. */
const line = fc.oneof(
  fc.constantFrom(
    ...[DONE, text(ROLE), text(STOP), text(finish('abort')), text(finish('stop', 1)), '\n', '\r\n'],
    ...[': ping\n\n', ': ping\n', 'data: {}\n\n', 'data: null\n\n', 'data:\n\n', 'data: [DONE]'],
    ...['event: error\ndata: {}\n\n', 'data: {"error":"x"}\n\n', 'data: {"choices":[{}]}\n\n'],
    ...['data: {"choices":{}}\n\n', 'data: {"choices":null,"usage":1}\n\n', '\ufeff', 'id: 1\n'],
  ),
  fc.constantFrom(...WORDS).map((each) => text(each)),
  fc.jsonValue().map((value) => `data: ${JSON.stringify(value)}\n\n`),
  fc.jsonValue().map((delta) => text(chunk({ content: delta } as object))),
  fc.jsonValue().map((choices) => text(chunk({}, {}, { choices }))),
)

const bytes: fc.Arbitrary<Bytes> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((each) => new Uint8Array(each)),
  fc.array(line, { maxLength: 8 }).map((lines) => encoder.encode(lines.join(''))),
  fc.tuple(valid, fc.nat(), fc.uint8Array({ maxLength: 3 }), fc.nat(3)).map(mutated),
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

async function expectOneOutcome(body: ReadableStream<Bytes>, stream: boolean, usage: boolean) {
  const log: LogEntry[] = []
  let released: AbortSignal | undefined
  const handler = createHandler(
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
  const messages = [{ role: 'user', content: 'Go.' }]
  const asked = {
    model: 'm',
    stream,
    messages,
    ...(usage && { stream_options: { include_usage: true } }),
  }
  const request = new Request('http://sluice/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  })
  const response = await handler.fetch(request)
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    const read = await readStream(response, { usage })
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

describe('whatever an upstream sends, there is one outcome', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 6 })

  it.each(['end', 'break'] as const)('before it comes to its %s', async (ending) => {
    const property = fc.asyncProperty(
      bytes,
      cuts,
      fc.boolean(),
      fc.boolean(),
      (whole, places, stream, usage) =>
        expectOneOutcome(bodyOf(whole, places, ending), stream, stream && usage),
    )
    await fc.assert(property, RUNS)
  })

  it('and where it says no more', async () => {
    const sample = fc.sample(fc.tuple(bytes, cuts), 100)
    const outcomes = sample.map(([whole, places]) =>
      expectOneOutcome(bodyOf(whole, places, 'hang'), true, false),
    )
    await Promise.all(outcomes)
  })
})
