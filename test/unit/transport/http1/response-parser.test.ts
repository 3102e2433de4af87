import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseHead } from '../../../../src/transport/http1/response-head.ts'
import { ResponseParser } from '../../../../src/transport/http1/response-parser.ts'

type Bytes = Uint8Array<ArrayBuffer>

interface Answer {
  status: number
  /** What `x` says. */
  x: string | null
  body: string
  ended: boolean
}

/** What a parser made of the packets. */
function read(packets: Bytes[], closing?: 'clean' | 'broken') {
  const answers: Answer[] = []
  const last = () => answers.at(-1) as Answer
  const parser = new ResponseParser({
    head({ status, headers }) {
      answers.push({ status, x: headers.get('X'), body: '', ended: false })
    },
    payload(bytes, start, end) {
      expect(last().ended).toBe(false)
      last().body += Buffer.from(bytes.subarray(start, end)).toString('latin1')
    },
    end() {
      expect(last().ended).toBe(false)
      last().ended = true
    },
  })
  for (const packet of packets) parser.push(packet)
  const isBetween = parser.isBetweenResponses
  if (closing) parser.close(closing === 'clean')
  return { answers, isBetween }
}

function bytesOf(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

/** Packets that end at the places, and one with the rest. */
function cut(bytes: Bytes, places: number[]): Bytes[] {
  const ends = [...new Set(places)].sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, at) => bytes.slice(at === 0 ? 0 : ends[at - 1], end))
}

function inPieces(text: string, size: number): Bytes[] {
  const count = Math.ceil(text.length / size)
  return Array.from({ length: count }, (_, at) => bytesOf(text.slice(at * size, (at + 1) * size)))
}

/** The only answer in the text, which is all there is. */
function only(text: string, closing?: 'clean' | 'broken'): Answer | undefined {
  const { answers } = read([bytesOf(text)], closing)
  expect(answers.length).toBeLessThan(2)
  return answers[0]
}

const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

describe('one answer after the other', () => {
  const bytes = bytesOf(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nx: no\r\n\r\n' +
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nX: a\r\n\r\n' +
      '5\r\nhello\r\n1A;name="value"\r\nabcdefghijklmnopqrstuvwxyz\r\n0001 ; x\r\n!\r\n' +
      '1a\nabcdefghijklmnopqrstuvwxyz\n00\r\nx: y\r\nz: z\r\n\r\n' +
      'HTTP/1.1 404 Not Found\ncontent-length: 4\nx: b\n\n\r\n\r\n' +
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
    const value = bytes.filter((character) => !'\r\n'.includes(character)).join('')
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
    ['HTTP/1.1', 'content-length: 5, 5', 5, true],
    ['HTTP/1.1', 'content-length: 5\r\ncontent-length: 5', 5, true],
    ['HTTP/1.1', 'content-length: 5\r\nconnection: close', 5, false],
    ['HTTP/1.1', 'content-length: 5\r\nconnection: Upgrade, Close', 5, false],
    ['HTTP/1.1', 'content-length: 5\r\nconnection: closed', 5, true],
    ['HTTP/1.1', chunks, 'chunked', true],
    ['HTTP/1.1', `${chunks}\r\nconnection: close`, 'chunked', false],
    ['HTTP/1.1', `${chunks}\r\ncontent-length: 5`, 'chunked', false],
    ['HTTP/1.1', 'x: y', 'until-close', false],
    ['HTTP/1.1', 'connection: keep-alive', 'until-close', false],
    ['HTTP/1.0', 'content-length: 5', 5, false],
    ['HTTP/1.0', 'content-length: 5\r\nconnection: Keep-Alive', 5, true],
    ['HTTP/1.0', 'connection: keep-alive', 'until-close', false],
  ])('of %s with %j: the body is %j; whether it keeps alive: %s', (version, fields, body, kept) => {
    expect(parseHead(`${version} 200 OK\r\n${fields}`)).toMatchObject({ body, keepsAlive: kept })
  })
})

describe('what is no answer is refused', () => {
  const long = 'a'.repeat(70_000)
  it.each([
    [
      'another protocol',
      'SSH-2.0-OpenSSH_9.9\r\n\r\n',
      'expected an HTTP/1.1 status line, got "SSH-2.0-Open',
    ],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n', 'expected an HTTP/1.1 status line, got "HTTP/2 200"'],
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n', 'expected an HTTP/1.1 status line'],
    ['no status', 'HTTP/1.1\r\n\r\n', 'expected an HTTP/1.1 status line'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'expected an HTTP/1.1 status line'],
    ['a status below 100', 'HTTP/1.1 099 No\r\n\r\n', 'expected an HTTP/1.1 status line'],
    ['no status line', 'x: y\r\n\r\n', 'expected an HTTP/1.1 status line, got "x: y"'],
    ['a long line', `${long.slice(0, 99)}\r\n\r\n`, `status line, got "${long.slice(0, 60)}"`],
    ['another protocol to switch to', 'HTTP/1.1 101 Yes\r\n\r\n', 'switched to another protocol'],
    [
      'a header without a colon',
      'HTTP/1.1 200 OK\r\nnothing\r\n\r\n',
      'expected a header field, got "nothing"',
    ],
    [
      'a header without a name',
      'HTTP/1.1 200 OK\r\n: y\r\n\r\n',
      'expected a header field, got ": y"',
    ],
    [
      'space before the colon',
      'HTTP/1.1 200 OK\r\nx : y\r\n\r\n',
      'expected a header field, got "x : y"',
    ],
    [
      'a folded header',
      'HTTP/1.1 200 OK\r\nx: y\r\n z\r\n\r\n',
      'expected a header field, got " z"',
    ],
    [
      'CR in a header',
      'HTTP/1.1 200 OK\r\nx: y\rz: a\r\n\r\n',
      'expected a header field, got "x: y\\rz: a"',
    ],
    [
      'two lengths',
      lengths('5\r\ncontent-length: 6'),
      'content-length: expected one number, got "5, 6"',
    ],
    ['two lengths in a line', lengths('5, 6'), 'content-length: expected one number, got "5, 6"'],
    ['a length below 0', lengths('-1'), 'content-length: expected one number, got "-1"'],
    ['a length in another form', lengths('0x5'), 'content-length: expected one number, got "0x5"'],
    [
      'a length beyond bounds',
      lengths('1'.repeat(16)),
      'content-length: expected one number, got "1111',
    ],
    [
      'gzip for transfer',
      transfer('gzip, chunked'),
      'transfer-encoding: expected chunked, got "gzip, chunked"',
    ],
    ['chunks in chunks', transfer('chunked, chunked'), 'transfer-encoding: expected chunked'],
    ['no encoding', transfer(''), 'transfer-encoding: expected chunked, got ""'],
    ['a chunk without a size', `${chunked}\r\nhello`, 'expected a chunk size'],
    ['a size that is no number', `${chunked}5x\r\nhello`, 'expected a chunk size'],
    ['a size below 0', `${chunked}-5\r\nhello`, 'expected a chunk size'],
    ['a second chunk without a size', `${chunked}1\r\na\r\n\r\n`, 'expected a chunk size'],
    ['a chunk longer than its size', `${chunked}5\r\nhello!\r\n`, 'longer than its size'],
    ['CR without LF behind a chunk', `${chunked}5\r\nhello\r\r\n`, 'longer than its size'],
    ['a size beyond bounds', `${chunked}20000000000000\r\n`, 'a chunk size is too large'],
    ['an endless size', `${chunked}${long.slice(0, 900)}`, 'a chunk size is too large'],
    ['an endless extension', `${chunked}5;${long}`, 'a chunk extension is too long'],
    [
      'a line of headers without end',
      `HTTP/1.1 200 OK\r\nx: ${long}`,
      'the headers are longer than',
    ],
    [
      'headers without end',
      `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(12_000)}`,
      'the headers are longer than',
    ],
    ['a first line without end', long, 'the headers are longer than'],
    ['a trailer without end', `${chunked}0\r\nx: ${long}`, 'the trailers are longer than'],
    [
      'trailers without end',
      `${chunked}0\r\n${'x: y\r\n'.repeat(12_000)}`,
      'the trailers are longer than',
    ],
    ['trailers of CR', `${chunked}0\r\n${'\r'.repeat(70_000)}`, 'the trailers are longer than'],
  ])('%s', (_what, text, message) => {
    expect(() => read([bytesOf(text)])).toThrow(message)
    const size = Math.ceil(text.length / 200)
    expect(() => read(inPieces(text, size))).toThrow(message)
  })

  it('takes headers, extensions and trailers that are long', () => {
    const some = 'a'.repeat(4_000)
    const many = `x: ${some}\r\n`.repeat(15)
    const text = `${chunked.slice(0, -2)}${many}\r\n1;${some}\r\n!\r\n0\r\n${many}\r\n`
    const whole = [{ body: '!', ended: true }]
    expect(read([bytesOf(text)]).answers).toMatchObject(whole)
    expect(read(inPieces(text, 999)).answers).toMatchObject(whole)
  })
})

function lengths(value: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${value}\r\n\r\nhello`
}

function transfer(value: string): string {
  return `HTTP/1.1 200 OK\r\ntransfer-encoding: ${value}\r\n\r\nhello`
}
