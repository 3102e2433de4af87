import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventReader } from '../../../src/stream/event-reader.ts'
import { ChunkSink, FrameSink } from '../../../src/stream/event-sinks.ts'
import { concat } from '../../../src/util/bytes.ts'
import type { ChatChunk, Usage } from '../../../src/wire/chat/request.ts'
import { ChatContract } from '../../../src/wire/contract/chat.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'

interface Read {
  /** What a client gets, `[DONE]` left out. */
  bytes: string
  ended: boolean
  code: string | null | undefined
}

function read(packets: Uint8Array<ArrayBuffer>[], usage = false): Read {
  const sink = new FrameSink()
  const reader = new EventReader(new ChatContract({ label: 'x', usage }), sink, true)
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (const packet of packets) {
    if (reader.ended || reader.failure) break
    reader.push(packet)
    parts.push(...(sink.take() ?? []))
  }
  if (!reader.ended && !reader.failure) reader.close('end')
  parts.push(...(sink.take() ?? []))
  expect(reader.ended).toBe(reader.failure === undefined)
  const text = new TextDecoder('utf-8', { fatal: true }).decode(concat(parts))
  return { bytes: text, ended: reader.ended, code: reader.failure?.code }
}

function cut(bytes: Uint8Array<ArrayBuffer>, places: number[]): Uint8Array<ArrayBuffer>[] {
  const ends = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, index, all) => bytes.slice(all[index - 1] ?? 0, end))
}

function frames(chunks: unknown[]): string {
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')
}

const envelope = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' }

/** A stream that keeps the contract: its chunks, and the texts of each choice. */
const validStream = fc
  .record({
    texts: fc.array(fc.tuple(fc.nat(1), fc.string({ unit: 'binary', maxLength: 8 })), {
      maxLength: 12,
    }),
    field: fc.constantFrom('content', 'reasoning_content'),
    usage: fc.boolean(),
  })
  .map(({ texts, field, usage }) => {
    const roles = [0, 1].map((index) => ({
      ...envelope,
      choices: [{ index, delta: { role: 'assistant', content: '' }, finish_reason: null }],
    }))
    const says = texts.map(([index, text]) => ({
      ...envelope,
      choices: [{ index, delta: { [field]: text }, finish_reason: null }],
    }))
    const ends = [0, 1].map((index) => ({
      ...envelope,
      choices: [{ index, delta: {}, finish_reason: 'stop' }],
    }))
    const counted: Usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
    const last = usage ? [{ ...envelope, choices: [], usage: counted }] : []
    return { chunks: [...roles, ...says, ...ends, ...last], usage }
  })

describe('EventReader', () => {
  it('forwards a valid stream as the same bytes, however it is cut', () => {
    fc.assert(
      fc.property(
        validStream,
        fc.array(fc.nat(), { maxLength: 30 }),
        ({ chunks, usage }, places) => {
          const text = frames(chunks)
          const packets = cut(encodeText(`${text}data: [DONE]\n\n`), places)
          expect(read(packets, usage)).toEqual({ bytes: text, ended: true, code: undefined })
        },
      ),
      { numRuns: 500 },
    )
  })

  it('gives the same chunks as frames and as chunks', () => {
    fc.assert(
      fc.property(
        validStream,
        fc.array(fc.nat(), { maxLength: 10 }),
        ({ chunks, usage }, places) => {
          const sink = new ChunkSink<ChatChunk>()
          const reader = new EventReader(new ChatContract({ label: 'x', usage }), sink, false)
          const got: ChatChunk[] = []
          for (const packet of cut(encodeText(`${frames(chunks)}data: [DONE]\n\n`), places)) {
            reader.push(packet)
            got.push(...(sink.take() ?? []))
          }
          expect(got).toEqual(chunks)
        },
      ),
    )
  })

  it('has one outcome, and forwards only whole frames of JSON, whatever comes', () => {
    const piece = fc.oneof(
      fc
        .constantFrom(
          ...frames([
            {
              ...envelope,
              choices: [
                { index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: null },
              ],
            },
            { ...envelope, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
            { ...envelope, choices: [], usage: { total_tokens: 1 } },
            { error: 'x' },
          ]).split(/(?<=\n\n)/),
          'data: [DONE]\n\n',
          ': x\n\n',
          'data: {',
          '\r\n',
          '\n\n',
          'event: error\n',
          'data: null\n\n',
          'data: {"choices":[null]}\n\n',
        )
        .map((text) => encodeText(text)),
      fc.uint8Array({ maxLength: 12 }).map((bytes) => new Uint8Array(bytes)),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const { bytes, ended, code } = read(pieces)
        expect(ended).toBe(code === undefined)
        for (const each of bytes.split('\n\n').slice(0, -1)) {
          expect(JSON.parse(each.replace(/^data: /, ''))).toHaveProperty('choices')
        }
        expect(bytes === '' || bytes.endsWith('\n\n')).toBe(true)
        expect(bytes).not.toContain('[DONE]')
      }),
      { numRuns: 3_000 },
    )
  })

  it('gives what came before a failure in the same packet', () => {
    const good = frames([
      {
        ...envelope,
        choices: [{ index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: null }],
      },
    ])
    expect(read([encodeText(`${good}data: {"error":"x"}\n\n${good}`)])).toEqual({
      bytes: good,
      ended: false,
      code: 'upstream_error',
    })
  })

  it('reads nothing behind [DONE]', () => {
    const whole = frames([
      { ...envelope, choices: [{ index: 0, delta: { role: 'assistant' }, finish_reason: 'stop' }] },
    ])
    expect(read([encodeText(`${whole}data: [DONE]\n\n${whole}garbage\n\n`)]).bytes).toBe(whole)
  })

  it('keeps a number that does not fit where only the framing was repaired', () => {
    const json =
      '{"id":"c1","seed":18446744073709551615,"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":"stop"}]}'
    expect(read([encodeText(`data:${json}\r\n\r\n`)]).bytes).toBe(`data: ${json}\n\n`)
  })

  it('joins the lines of one event', () => {
    const text =
      'data: {"id":"c1",\ndata: "choices":[{"index":0,\ndata: "delta":{"role":"assistant"},"finish_reason":"stop"}]}\n\n'
    expect(read([encodeText(text)]).bytes).toBe(
      'data: {"id":"c1", "choices":[{"index":0, "delta":{"role":"assistant"},"finish_reason":"stop"}]}\n\n',
    )
  })

  const finish = (more = {}) =>
    frames([
      {
        ...envelope,
        choices: [{ index: 0, delta: { role: 'assistant' }, finish_reason: 'stop' }],
        ...more,
      },
    ])

  it('gives held usage as the bytes it came in', () => {
    const usage = 'data: {"id":"c1","choices":[],"usage":{"total_tokens":2},"seconds":1.0}\n\n'
    expect(read([encodeText(`${finish()}${usage}data: [DONE]\n\n`)], true).bytes).toBe(
      finish() + usage,
    )
  })

  it('takes what begins with [DONE] for the end', () => {
    expect(read([encodeText(`${finish()}data: [DONE] \n\n`)])).toMatchObject({
      ended: true,
      bytes: finish(),
    })
  })

  it('refuses at once a frame that nests too deep', () => {
    const deep = `data: {"id":"c1","x":${'['.repeat(50_000)}${']'.repeat(50_000)},"choices":[{"delta":{"content":"a"}}]}\n\n`
    const started = performance.now()
    expect(read([encodeText(deep)]).code).toBe('upstream_invalid')
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})

describe('streams in turns, a frame a packet', () => {
  class Counting extends ChatContract {
    proven = 0
    override countProven(frames: number, textLength: number): void {
      this.proven += frames
      super.countProven(frames, textLength)
    }
  }

  function stream(id: string) {
    const contract = new Counting({ label: 'x' })
    const sink = new FrameSink()
    const reader = new EventReader(contract, sink, true)
    const say = (content: string, as = id) => {
      const choices = [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }]
      reader.push(encodeText(frames([{ ...envelope, id: as, choices }])))
      return new TextDecoder().decode(concat(sink.take() ?? []))
    }
    return { contract, say }
  }

  it('are compared each with its own frames', () => {
    const [one, other] = [stream('c1'), stream('c2')]
    for (let i = 0; i < 12; i++)
      for (const each of [one, other]) expect(each.say(`w${i}`)).toContain(`w${i}`)
    // The first three are parsed; from the last of them it is learnt.
    expect([one.contract.proven, other.contract.proven]).toEqual([9, 9])
    expect([one.contract.tokens, other.contract.tokens]).toEqual([12, 12])
  })

  it('prove nothing of a frame by what came before it', () => {
    const [one, other] = [stream('c1'), stream('c2')]
    for (let i = 0; i < 12; i++) for (const each of [one, other]) each.say('word')
    // As long as its own, and byte for byte what the other has just sent.
    other.say('word')
    expect(one.say('word', 'c2')).toContain('"id":"c1"')
    expect([...one.contract.repaired]).toEqual(['id'])
    // And what it has just sent itself is not what the other sends.
    const third = stream('c3')
    for (let i = 0; i < 12; i++) third.say('word')
    expect(third.say('word', 'c4')).toContain('"id":"c3"')
    expect([...third.contract.repaired]).toEqual(['id'])
    // A frame that was written anew is not what later ones are compared with.
    expect(third.say('word', 'c4')).toContain('"id":"c3"')
    expect(third.say('word')).toContain('"id":"c3"')
  })
})
