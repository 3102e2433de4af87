import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventReader } from '../../../src/stream/event-reader.ts'
import { FrameSink } from '../../../src/stream/event-sinks.ts'
import { concat } from '../../../src/util/bytes.ts'
import type { StreamContract } from '../../../src/wire/contract/chat.ts'
import { EngineErrors } from '../../../src/wire/errors/engine-errors.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'

interface Event {
  type: string
  n?: number
}

/** Ends with an event called `last`; drops `ping`, and repairs negative numbers. */
class Numbers implements StreamContract<Event> {
  readonly failure = undefined
  readonly missing: Event[] = []
  tokens = 0
  usage = undefined
  finished = false
  isComplete = false
  readonly repaired = new Set<string>()
  readonly errors = new EngineErrors({ label: 'x' })
  textLength = 0
  countsText = true
  countProven(): void {
    throw new Error('nothing is proven')
  }
  check(value: unknown) {
    const event = value as Event
    if (event.type === 'last') return 'last'
    if (event.type === 'ping') return 'drop'
    this.tokens++
    if ((event.n ?? 0) >= 0) return 'same'
    event.n = 0
    return 'changed'
  }
  end(ending: string): Event[] {
    if (ending !== 'done') throw this.errors.unfinished('truncated', 'ended too soon')
    this.finished = true
    return []
  }
}

function read(packets: Uint8Array<ArrayBuffer>[]) {
  const sink = new FrameSink(true)
  const contract = new Numbers()
  const reader = new EventReader(contract, sink, false, true)
  const parts: Uint8Array<ArrayBuffer>[] = []
  for (const packet of packets) {
    if (reader.ended || reader.failure) break
    reader.push(packet)
    parts.push(...(sink.take() ?? []))
  }
  reader.close('end')
  const text = new TextDecoder('utf-8', { fatal: true }).decode(concat(parts))
  return { text, code: reader.failure?.code, ended: reader.ended, repaired: [...contract.repaired] }
}

const told = (event: Event, name = event.type) =>
  `event: ${name}\ndata: ${JSON.stringify(event)}\n\n`
const last = told({ type: 'last' })

describe('events with names', () => {
  it('pass as the same bytes, however they are cut, and end with the last', () => {
    const events = fc.array(fc.record({ type: fc.constantFrom('a', 'b.c'), n: fc.nat() }))
    fc.assert(
      fc.property(events, fc.array(fc.nat(), { maxLength: 20 }), (list, places) => {
        const text = list.map((event) => told(event)).join('') + last
        const bytes = encodeText(`${text}${told({ type: 'never' })}`)
        const ends = [...new Set(places.map((at) => at % bytes.length))].sort((a, b) => a - b)
        const cuts = [...ends, bytes.length].map((end, i, all) => bytes.slice(all[i - 1] ?? 0, end))
        expect(read(cuts)).toEqual({ text, code: undefined, ended: true, repaired: [] })
      }),
    )
  })

  it.each([
    ['no name', 'data: {"type":"a","n":1}\n\n'],
    ['another name', told({ type: 'a', n: 1 }, 'b')],
    ['CRLF', 'event: a\r\ndata: {"type":"a","n":1}\r\n\r\n'],
    ['no spaces', 'event:a\ndata:{"type":"a","n":1}\n\n'],
    ['the name last', 'data: {"type":"a","n":1}\nevent: a\n\n'],
    ['a comment and an id', ': x\nid: 1\nevent: a\ndata: {"type":"a","n":1}\n\n'],
    ['two lines of data', 'event: a\ndata: {"type":"a",\ndata: "n":1}\n\n'],
  ])('are framed anew where they have %s', (_, text) => {
    const { text: got, repaired, ended } = read([encodeText(text + last)])
    expect(got.replace(', "n"', ',"n"')).toBe(told({ type: 'a', n: 1 }) + last)
    expect(repaired).toEqual(['framing'])
    expect(ended).toBe(true)
  })

  it('are written anew where they were repaired, and left out where nothing is left', () => {
    const text = told({ type: 'a', n: -1 }) + told({ type: 'ping' }) + last
    expect(read([encodeText(text)]).text).toBe(told({ type: 'a', n: 0 }) + last)
  })

  it('fail where an event is an error, and where they end without the last', () => {
    for (const data of ['{"error":{"type":"overloaded_error","message":"busy"}}', 'busy']) {
      const failed = read([encodeText(`event: error\ndata: ${data}\n\n`)])
      expect(failed).toMatchObject({ text: '', code: 'upstream_error', ended: false })
    }
    // One that its contract knows is judged there.
    const known = read([encodeText(`${told({ type: 'error' })}${last}`)])
    expect(known).toMatchObject({ text: told({ type: 'error' }) + last, ended: true })
    expect(read([encodeText(told({ type: 'a' }))])).toMatchObject({ code: 'upstream_truncated' })
  })
})
