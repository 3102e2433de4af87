import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventSplitter } from '../../../../src/routes/runs/event-splitter.ts'
import { decodeText, encodeText } from '../../../../src/wire/sse/sse.ts'

const SSE = 'text/event-stream; charset=utf-8'
const NDJSON = 'application/x-ndjson'

function split(
  type: string,
  pieces: readonly string[] | readonly Uint8Array<ArrayBuffer>[],
): string[] {
  const splitter = new EventSplitter(type)
  return pieces.flatMap((each) => {
    const split = splitter.split(typeof each === 'string' ? encodeText(each) : each)
    if (split) expect(decodeText(split.bytes)).toBe(split.events.join(''))
    return split?.events ?? []
  })
}

const FRAMES = [
  'data: {"a":"é€😀"}\n\n',
  'event: x\ndata: 1\ndata: 2\n\n',
  ': a comment\ndata: 3\n\n',
  'data: "\\n\\n"\n\n',
  'data: [DONE]\n\n',
]

describe('what is written is split into events', () => {
  it('wherever it is cut, also within a character', () => {
    const bytes = encodeText(FRAMES.join(''))
    for (let at = 0; at <= bytes.length; at++) {
      expect(split(SSE, [bytes.slice(0, at), bytes.slice(at)])).toEqual(FRAMES)
    }
    expect(
      split(
        SSE,
        [...bytes].map((each) => Uint8Array.of(each)),
      ),
    ).toEqual(FRAMES)
  })

  it('in any pieces, whatever the texts are', () => {
    const text = fc.string({ unit: 'binary' }).map((each) => `data: ${JSON.stringify(each)}\n\n`)
    const cuts = fc.array(fc.nat(60))
    fc.assert(
      fc.property(fc.array(text), cuts, (frames, lengths) => {
        const bytes = encodeText(frames.join(''))
        const pieces: Uint8Array<ArrayBuffer>[] = []
        let at = 0
        for (const length of lengths) {
          pieces.push(bytes.slice(at, at + length))
          at += length
        }
        pieces.push(bytes.slice(at))
        // JSON.stringify leaves lone halves of pairs as escapes, so that each text is UTF-8.
        expect(split(SSE, pieces)).toEqual(frames)
      }),
      { numRuns: 50 },
    )
  })

  it('at each line where they are lines of JSON', () => {
    const lines = ['{"a":"é\\n\\n"}\n', '{}\n', '{"done":true}\n']
    const bytes = encodeText(lines.join(''))
    for (let at = 0; at <= bytes.length; at++) {
      expect(split(NDJSON, [bytes.slice(0, at), bytes.slice(at)])).toEqual(lines)
    }
  })

  it('and an incomplete one waits, in memory of its own', () => {
    const splitter = new EventSplitter(SSE)
    const bytes = encodeText('data: 1\n\ndata: 2')
    expect(splitter.split(bytes)?.events).toEqual(['data: 1\n\n'])
    bytes.fill(0)
    expect(splitter.split(encodeText('\n\n'))?.events).toEqual(['data: 2\n\n'])
  })
})
