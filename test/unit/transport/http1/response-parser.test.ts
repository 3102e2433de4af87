import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseHead } from '../../../../src/transport/http1/response-head.ts'
import { ResponseParser } from '../../../../src/transport/http1/response-parser.ts'
import { bytesOf, chunked, cut, only, read } from './parsing.ts'

describe('one answer after the other', () => {
  const bytes = bytesOf(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nx: no\r\n\r\n' +
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nX: a\r\n\r\n' +
      '5\r\nhello\r\n1A;name="val\\"ue"\r\nabcdefghijklmnopqrstuvwxyz\r\n0001;x;y=z\r\n!\r\n' +
      '1a\r\nabcdefghijklmnopqrstuvwxyz\r\n00\r\nx: y\r\nz: z\r\n\r\n' +
      'HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\nx: b\r\n\r\n\r\n\r\n' +
      'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n' +
      'HTTP/1.1 304\r\ntransfer-encoding: chunked\r\n\r\n' +
      'HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n' +
      'HTTP/1.0 200 OK\r\nx: c\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  )
  const alphabet = 'abcdefghijklmnopqrstuvwxyz'
  const expected = [
    { status: 200, x: 'a', body: `hello${alphabet}!${alphabet}`, ended: true },
    { status: 404, x: 'b', body: '\r\n\r\n', ended: true },
    { status: 204, x: null, body: '', ended: true },
    { status: 304, x: null, body: '', ended: true },
    { status: 200, x: null, body: '', ended: true },
    { status: 200, x: 'c', body: 'HTTP/1.1 200 OK\r\n\r\n', ended: true },
  ]

  it('is read from one packet', () => {
    expect(read([bytes], 'clean').answers).toEqual(expected)
  })

  it('is read from two packets, wherever they meet', () => {
    for (let place = 0; place <= bytes.length; place++) {
      expect(read(cut(bytes, [place]), 'clean').answers).toEqual(expected)
    }
  })

  it('is read byte by byte', () => {
    const packets = cut(bytes, [...bytes.keys()])
    expect(read(packets, 'clean').answers).toEqual(expected)
  })

  it('is read from packets cut anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (places) => {
        expect(read(cut(bytes, places), 'clean').answers).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a body', () => {
  it('in chunks of any sizes is what was sent, in packets of any sizes', () => {
    const chunk = fc.record({
      body: fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }),
      hex: fc.constantFrom(
        (size: number) => size.toString(16),
        (size: number) => size.toString(16).toUpperCase(),
        (size: number) => size.toString(16).padStart(6, '0'),
        (size: number) => `${size.toString(16)};ext=1`,
      ),
    })
    const places = fc.array(fc.nat(500), { maxLength: 8 })
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 10 }), places, (chunks, cuts) => {
        const lines = chunks.map(({ body, hex }) => `${hex(body.length)}\r\n${body}\r\n`)
        const whole = bytesOf(`${chunked}${lines.join('')}0\r\n\r\n`)
        const { answers, isBetween } = read(
          cut(
            whole,
            cuts.filter((place) => place < whole.length),
          ),
        )
        expect(isBetween).toBe(true)
        expect(answers).toEqual([
          { status: 200, x: null, body: chunks.map(({ body }) => body).join(''), ended: true },
        ])
      }),
      { numRuns: 300 },
    )
  })

  it('without a length ends where its server ends the connection', () => {
    const open = 'HTTP/1.1 200 OK\r\n\r\nall of it'
    expect(only(open)).toMatchObject({ body: 'all of it', ended: false })
    expect(only(open, 'clean')).toMatchObject({ body: 'all of it', ended: true })
    expect(only(open, 'broken')).toMatchObject({ body: 'all of it', ended: false })
  })

  it.each([
    ['chunk', `${chunked}5\r\nhel`, 'hel'],
    ['last chunk', `${chunked}5\r\nhello\r\n`, 'hello'],
    ['empty line', `${chunked}5\r\nhello\r\n0\r\n`, 'hello'],
    ['byte of its length', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell', 'hell'],
  ])('without its %s does not end', (_what, text, body) => {
    expect(only(text, 'clean')).toMatchObject({ body, ended: false })
  })

  it('is pointed at where it lies in its packet', () => {
    const packet = bytesOf(`${chunked}5\r\nhello\r\n`)
    const seen: unknown[] = []
    const sink = { head() {}, end() {}, payload: (...all: unknown[]) => void seen.push(all) }
    new ResponseParser(sink).push(packet)
    expect(seen).toEqual([[packet, packet.length - 7, packet.length - 2]])
  })
})

it.each([
  [true, 'a whole answer', `${chunked}0\r\n\r\n`],
  [true, 'an interim answer', 'HTTP/1.1 100 Continue\r\n\r\n'],
  [false, 'an answer not yet whole', `${chunked}0\r\n`],
  [false, 'the beginning of another', `${chunked}0\r\n\r\nH`],
])('whether it is between two answers: %s after %s', (isBetween, _what, text) => {
  expect(read([bytesOf(text)]).isBetween).toBe(isBetween)
})

describe('a head', () => {
  it('has each byte as the character of its number, however long it is', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))
    const value = bytes.filter((character) => !'\r\n\0'.includes(character)).join('')
    const padding = 'p'.repeat(20_000)
    const text = `HTTP/1.1 200 OK\r\ny: ${padding}\r\nx: a${value}b\r\ncontent-length: 0\r\n\r\n`
    expect(only(text)?.x).toBe(`a${value}b`)
  })

  it('has its fields by any case of their names, without the space around their values', () => {
    const { headers } = parseHead('HTTP/1.1 200 OK\r\nX-A:\t b c \t\r\nx-b:\r\nX-a: d:e\r\n!#: f')
    expect(['x-a', 'X-A', 'x-b', '!#', 'x-c'].map((name) => headers.get(name))).toEqual([
      'b c, d:e',
      'b c, d:e',
      '',
      'f',
      null,
    ])
  })

  const chunks = 'transfer-encoding: chunked'
  it.each([
    ['HTTP/1.1', 'content-length: 5', 5, true],
    ['HTTP/1.1', 'content-length: 5\r\nconnection: close', 5, false],
    ['HTTP/1.1', 'content-length: 5\r\nconnection: Upgrade, Close', 5, false],
    ['HTTP/1.1', 'content-length: 5\r\nconnection: closed', 5, true],
    ['HTTP/1.1', chunks, 'chunked', true],
    ['HTTP/1.1', `${chunks}\r\nconnection: close`, 'chunked', false],
    ['HTTP/1.1', 'x: y', 'until-close', false],
    ['HTTP/1.1', 'connection: keep-alive', 'until-close', false],
    ['HTTP/1.0', 'content-length: 5', 5, false],
    ['HTTP/1.0', 'content-length: 5\r\nconnection: Keep-Alive', 5, true],
    ['HTTP/1.0', 'connection: keep-alive', 'until-close', false],
  ])('of %s with %j: the body is %j; whether it keeps alive: %s', (version, fields, body, kept) => {
    expect(parseHead(`${version} 200 OK\r\n${fields}`)).toMatchObject({ body, keepsAlive: kept })
  })
})
