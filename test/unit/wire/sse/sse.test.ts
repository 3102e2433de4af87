import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventScanner, EventTooLong, encodeText } from '../../../../src/wire/sse/sse.ts'

/** What each event says, its packets cut as given. */
function scan(packets: Uint8Array<ArrayBuffer>[], limit?: number) {
  const scanner = new EventScanner(limit)
  const events: { data: string | undefined; event: string; plain: boolean; bytes: string }[] = []
  const take = () => {
    const { data, event } = scanner.fields()
    const bytes = new TextDecoder().decode(scanner.buffer.subarray(scanner.start, scanner.end))
    if (scanner.plain) expect(scanner.plainData()).toBe(data)
    events.push({ data, event, plain: scanner.plain, bytes })
  }
  for (const packet of packets) {
    scanner.push(packet)
    while (scanner.next()) take()
  }
  const rest = scanner.takeRest()
  if (rest) take()
  return { events, rest }
}

function cut(bytes: Uint8Array<ArrayBuffer>, at: number[]): Uint8Array<ArrayBuffer>[] {
  const places = [...new Set(at.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  const ends = [...places, bytes.length]
  return ends.map((end, index) => bytes.slice(index === 0 ? 0 : ends[index - 1], end))
}

function dataOf(text: string) {
  return scan([encodeText(text)]).events.map(({ data }) => data)
}

describe('EventScanner', () => {
  it('finds a plain event and where its bytes stand', () => {
    const { events } = scan([encodeText('data: {"a":1}\n\ndata: [DONE]\n\n')])
    expect(events).toEqual([
      { data: '{"a":1}', event: '', plain: true, bytes: 'data: {"a":1}\n\n' },
      { data: '[DONE]', event: '', plain: true, bytes: 'data: [DONE]\n\n' },
    ])
  })

  it.each([
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    ['CR', 'data: a\r\rdata: b\r\r', ['a', 'b']],
    ['mixed line ends', 'data: a\r\n\ndata: b\n\r\n', ['a', 'b']],
    ['a BOM', '\uFEFFdata: a\n\n', ['a']],
    ['no space after the colon', 'data:a\n\n', ['a']],
    ['two spaces, of which one counts', 'data:  a\n\n', [' a']],
    ['several data lines', 'data: a\ndata: b\n\n', ['a\nb']],
    ['a field without a colon', 'data\n\n', ['']],
    ['blank lines between events', 'data: a\n\n\n\ndata: b\n\n', ['a', 'b']],
    ['comments', ': ping\n\ndata: a\n\n', [undefined, 'a']],
    ['other fields', 'id: 1\nretry: 5\nfoo: x\ndata: a\n\n', ['a']],
  ])('reads %s', (_name, text, expected) => {
    expect(dataOf(text)).toEqual(expected)
  })

  it.each([
    'data:a\n\n',
    'data: a\r\n\r\n',
    'data: a\ndata: b\n\n',
    ': x\ndata: a\n\n',
    '\uFEFFdata: a\n\n',
    'event: x\ndata: a\n\n',
    'data: a\n\r\n',
    'date: a\n\n',
  ])('calls nothing plain but our own form: %j', (text) => {
    expect(scan([encodeText(text)]).events.map(({ plain }) => plain)).toEqual([false])
  })

  it('calls the events behind a BOM plain again', () => {
    const { events } = scan([encodeText('\uFEFFdata: a\n\ndata: b\n\n')])
    expect(events.map(({ plain }) => plain)).toEqual([false, true])
  })

  it('gives an event as soon as its CR CR came, though an LF may follow', () => {
    const scanner = new EventScanner()
    scanner.push(encodeText('data: a\r\r'))
    expect(scanner.next()).toBe(true)
    scanner.push(encodeText('\ndata: b\r\n\r'))
    expect(scanner.next()).toBe(true)
    expect(scanner.fields().data).toBe('b')
    scanner.push(encodeText('\n'))
    expect(scanner.next()).toBe(false)
    expect(scanner.takeRest()).toBe(false)
  })

  it('gives what is left at the end', () => {
    const { events, rest } = scan([encodeText('data: a\n\ndata: b')])
    expect(rest).toBe(true)
    expect(events.map(({ data }) => data)).toEqual(['a', 'b'])
  })

  it('refuses an event without end, but not a long packet of many', () => {
    const many = encodeText('data: abc\n\n'.repeat(100))
    expect(scan([many], 64).events).toHaveLength(100)
    expect(() => scan([encodeText(`data: ${'x'.repeat(80)}`)], 64)).toThrow(EventTooLong)
    const drip = Array.from({ length: 80 }, () => encodeText('x'))
    expect(() => scan([encodeText('data: '), ...drip], 64)).toThrow(EventTooLong)
  })

  it('takes an event in a hundred thousand packets in linear time', () => {
    const scanner = new EventScanner()
    const started = performance.now()
    scanner.push(encodeText('data: '))
    for (let i = 0; i < 100_000; i++) {
      scanner.push(encodeText('0123456789'))
      expect(scanner.next()).toBe(false)
    }
    scanner.push(encodeText('\n\n'))
    expect(scanner.next()).toBe(true)
    expect(scanner.plainData()).toHaveLength(1_000_000)
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  it('never overwrites bytes it has shown', () => {
    const scanner = new EventScanner()
    scanner.push(encodeText('data: first'))
    scanner.next()
    scanner.push(encodeText(' one\n\nda'))
    scanner.next()
    const kept = scanner.buffer.subarray(scanner.start, scanner.end)
    for (let i = 0; i < 50; i++) {
      while (scanner.next());
      scanner.push(encodeText(`ta: number ${i}\n\nda`))
    }
    expect(new TextDecoder().decode(kept)).toBe('data: first one\n\n')
  })

  it('finds the same events however the bytes are cut', () => {
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
    const line = fc.oneof(
      fc
        .constantFrom('data: ', 'data:', 'event: ', ': ', 'id: ', '')
        .chain((start) =>
          fc
            .string({ unit: 'grapheme', maxLength: 12 })
            .map((text) => start + text.replace(/[\r\n]/g, '')),
        ),
      fc.constant(''),
    )
    const stream = fc
      .tuple(fc.boolean(), fc.array(fc.tuple(line, lineEnd), { maxLength: 30 }))
      .map(([bom, lines]) => (bom ? '\uFEFF' : '') + lines.flat().join(''))
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 40 }), (text, places) => {
        const bytes = encodeText(text)
        // The rest is the same event whole or cut, but its bytes may hold a line end more.
        const said = (packets: Uint8Array<ArrayBuffer>[]) =>
          scan(packets)
            .events.map(({ data, event, plain }) => ({ data, event, plain }))
            .filter(({ data }) => data !== undefined)
        expect(said(cut(bytes, places))).toEqual(said([bytes]))
      }),
      { numRuns: 500 },
    )
  })
})
