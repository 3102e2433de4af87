import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineSink } from '../../../src/stream/event-sinks.ts'
import { LineReader } from '../../../src/stream/line-reader.ts'
import { concat } from '../../../src/util/bytes.ts'
import { OllamaContract, type OllamaRoute } from '../../../src/wire/contract/ollama.ts'
import { decodeText, encodeText } from '../../../src/wire/sse/sse.ts'

function read(
  packets: Uint8Array<ArrayBuffer>[],
  ending: 'end' | 'reset' = 'end',
  route: OllamaRoute = 'generate',
) {
  const contract = new OllamaContract({ label: 'x' }, route)
  const sink = new LineSink()
  const reader = new LineReader(contract, sink)
  for (const packet of packets) if (!reader.ended && !reader.failure) reader.push(packet)
  reader.close(ending)
  expect(reader.ended).toBe(reader.failure === undefined)
  const { code, message } = reader.failure ?? {}
  const text = decodeText(concat(sink.take() ?? []))
  return { text, code, message, repaired: [...contract.repaired] }
}

const says = (response: string, more: object = {}) =>
  `${JSON.stringify({ response, done: false, ...more })}\n`
const whole = `${says('a')}${says('ж 🗝')}${says('', { done: true })}`
const one = (text: string) => read([encodeText(text)])

describe('a stream of lines', () => {
  it('is forwarded byte by byte, however it is cut', () => {
    const bytes = encodeText(whole)
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length - 1)), (cuts) => {
        const ends = [...cuts, bytes.length].sort((a, b) => a - b)
        const packets = ends.map((end, at) => bytes.slice(ends[at - 1] ?? 0, end))
        expect(read(packets)).toEqual({ text: whole, repaired: [] })
      }),
    )
  })

  it('ends at its last line, which need not end itself', () => {
    expect(one(`${whole}{"error":"x"}\n`).text).toBe(whole)
    expect(one(whole.trimEnd())).toEqual({ text: whole, repaired: ['framing'] })
  })

  it('has one form of line', () => {
    expect(one(`\n\n${whole}`)).toEqual({ text: whole, repaired: [] })
    const windows = one(whole.replaceAll('\n', '\r\n'))
    expect(windows).toEqual({ text: whole, repaired: ['framing'] })
    expect(one(whole.replaceAll('{', '{\r')).text).toBe(whole.replaceAll('{', '{ '))
    expect(one(` \t${whole}`)).toEqual({ text: ` \t${whole}`, repaired: [] })
  })

  it('is written again where a message was left out', () => {
    const chat = (text: string) => read([encodeText(text)], 'end', 'chat')
    const message = { role: 'assistant', content: '' }
    const written = (done: boolean) => `${JSON.stringify({ done, message })}\n`
    const both = { text: written(false) + written(true), repaired: ['delta'] }
    expect(chat('{"done":false}\n{"done":true}\n')).toEqual(both)
    expect(chat('{"done":false,"message":null}\n{"done":true}')).toEqual({
      text: `{"done":false,"message":${JSON.stringify(message)}}\n${written(true)}`,
      repaired: ['delta', 'framing'],
    })
  })
})

describe('a stream fails, and what came before is kept, where it', () => {
  const half = `${says('a')}`
  it.each([
    ['ends too soon', half, 'upstream_truncated', /ended the stream before a line/],
    ['ends within a line', `${half}{"res`, 'upstream_truncated', /before a line with done/],
    ['ends within a character', '', 'upstream_truncated', /before a line/],
    ['begins with a no-break space', `${half}\u00a0${half}`, 'upstream_invalid', /not JSON/],
    ['begins with a byte order mark', `${half}\ufeff${half}`, 'upstream_invalid', /not JSON/],
    ['begins with a line separator', `${half}\u2028${half}`, 'upstream_invalid', /not JSON/],
    ['has a vertical tab alone', `${half}\v\n`, 'upstream_invalid', /not JSON/],
    ['sends no JSON', `${half}{"res\n`, 'upstream_invalid', /not JSON in UTF-8/],
    [
      'nests too deeply',
      `${half}{"a":${'['.repeat(2_000)}${']'.repeat(2_000)}}\n`,
      'upstream_invalid',
      /nested deeper/,
    ],
    ['says so', `${half}{"error":"no memory"}\n`, 'upstream_error', /no memory/],
    ['says so at its end', `${half}{"error":"no memory"}`, 'upstream_error', /no memory/],
  ])('%s', (_, text, code, message) => {
    const told = one(text)
    expect(told).toMatchObject({ code, message: expect.stringMatching(message) })
    expect(told.text).toBe(text === '' ? '' : half)
  })

  it('is no UTF-8', () => {
    const bytes = concat([encodeText(half), new Uint8Array([0x22, 0xff, 0x22, 10])])
    expect(read([bytes])).toMatchObject({ text: half, code: 'upstream_invalid' })
  })

  it('has a line without end', () => {
    const packet = encodeText('x'.repeat(1024 * 1024))
    const told = read(Array.from({ length: 17 }, () => packet))
    expect(told).toMatchObject({ code: 'upstream_invalid' })
    expect(told.message).toMatch(/a line longer than 16777216 bytes/)
  })

  it('breaks off', () => {
    expect(read([encodeText(half)], 'reset').message).toMatch(/broke the connection/)
  })
})
