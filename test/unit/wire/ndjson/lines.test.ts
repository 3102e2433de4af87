import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineScanner, LineTooLong, line } from '../../../../src/wire/ndjson/lines.ts'
import { decodeText, encodeText } from '../../../../src/wire/sse/sse.ts'

/** The lines that end in these packets, and what is left. */
function scan(packets: Uint8Array<ArrayBuffer>[], limit?: number) {
  const scanner = new LineScanner(limit)
  const lines: string[] = []
  for (const packet of packets) {
    for (const { buffer, start, end } of scanner.push(packet)) {
      lines.push(decodeText(buffer.subarray(start, end)))
    }
  }
  return { lines, rest: decodeText(scanner.takeRest()) }
}

describe('lines', () => {
  it('are found wherever packets are cut', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ж', '\n', '\r') })
    fc.assert(
      fc.property(text, fc.array(fc.nat(40)), (whole, cuts) => {
        const bytes = encodeText(whole)
        const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].sort(
          (a, b) => a - b,
        )
        const packets = ends.map((end, at) => bytes.slice(ends[at - 1] ?? 0, end))
        const lines = whole.split(/(?<=\n)/)
        const rest = lines.at(-1)?.endsWith('\n') ? '' : (lines.pop() ?? '')
        expect(scan(packets)).toEqual({ lines: lines.filter((each) => each !== ''), rest })
      }),
    )
  })

  it('share the memory of their packet where they are whole in it', () => {
    const packet = encodeText('{"a":1}\n{"b":2}\n{"c"')
    const found = [...new LineScanner().push(packet)]
    expect(found).toEqual([
      { buffer: packet, start: 0, end: 8 },
      { buffer: packet, start: 8, end: 16 },
    ])
    expect(found.every(({ buffer }) => buffer === packet)).toBe(true)
  })

  it('have a limit, of which a packet with many of them is not part', () => {
    expect(scan([encodeText('abc\n'.repeat(9))], 5).lines).toHaveLength(9)
    expect(() => scan([encodeText('abc'), encodeText('def')], 5)).toThrow(LineTooLong)
  })
})

it('are written without what ends a line elsewhere', () => {
  const value = { text: 'a\u0085b\u2028c\u2029d\ne' }
  const written = line(value)
  expect(written).toBe('{"text":"a\\u0085b\\u2028c\\u2029d\\ne"}\n')
  expect(JSON.parse(written)).toEqual(value)
})
