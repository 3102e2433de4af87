/** Answers of HTTP/1.1 servers: correct ones, and ones with a few bytes changed. */
import fc from 'fast-check'
import { cuts, edited, edits } from '../bytes.ts'
import type { Closing } from './answer.ts'

export interface HttpInput {
  /** One character for each byte. */
  answer: string
  cuts: number[]
  /** Whether every split of it is tried, which takes long. */
  everySplit: boolean
  closing: Closing
}

const token = fc.string({
  unit: fc.constantFrom(..."ab-Z09!#$%&'*+.^_`|~"),
  minLength: 1,
  maxLength: 6,
})
const value = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'ab1 \t,;="'),
    fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)),
  ),
  maxLength: 12,
})

/** The fields that decide how a body is framed, and whether the connection is kept. */
const framing = fc.constantFrom(
  ...['content-length: 3', 'content-length: 0', 'Content-Length:  7 ', 'content-length: 3, 3'],
  ...['content-length: +3', 'content-length: 0x3', 'content-length: 3 3', 'content-length:'],
  ...['content-length: 99999999999999999999', 'content-length: -1', 'content-length: 003'],
  ...['transfer-encoding: chunked', 'Transfer-Encoding: Chunked', 'transfer-encoding: identity'],
  ...['transfer-encoding: gzip, chunked', 'transfer-encoding: chunked, gzip', 'transfer-encoding:'],
  ...['transfer-encoding: xchunked', 'transfer-encoding: "chunked"', 'transfer-encoding: chunked,'],
  ...['connection: close', 'connection: keep-alive', 'Connection: Close, x', 'connection: upgrade'],
  ...['connection: keep-alive, close', 'connection: closed', 'proxy-connection: close'],
)

const field = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(token, fc.constantFrom(':', ': ', ':\t ', ' :'), value) },
  { weight: 3, arbitrary: framing.map((line) => [line, '', ''] as const) },
)

const statusLine = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.1 500 Server Error') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...['HTTP/1.0 200 OK', 'HTTP/1.1 204 No Content', 'HTTP/1.1 304 ', 'HTTP/1.1 404'],
      ...['HTTP/1.1 101 Switching', 'HTTP/1.1 205 Reset', 'HTTP/1.1 999 x', 'HTTP/1.1 099 x'],
      ...['HTTP/2.0 200 OK', 'HTTP/1.2 200 OK', 'HTTP/0.9 200 OK', 'http/1.1 200 OK', 'ICY 200 OK'],
      ...['HTTP/1.1  200 OK', 'HTTP/1.1 20 OK', 'HTTP/1.1 2000 OK', 'HTTP/1.1 200\tOK'],
    ),
  },
)

const interim = fc.constantFrom(
  ...['', '', '', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'],
  ...['HTTP/1.1 102 \r\ncontent-length: 3\r\n\r\n', 'HTTP/1.1 100 x\r\nconnection: close\r\n\r\n'],
)

const data = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'abc\r\n0;'),
    fc.nat(255).map((c) => String.fromCharCode(c)),
  ),
  maxLength: 20,
})
const size = fc.constantFrom(
  (n: number) => n.toString(16),
  (n: number) => n.toString(16).toUpperCase(),
  (n: number) => `00${n.toString(16)}`,
)
const extension = fc.constantFrom(
  '',
  '',
  '',
  ';a',
  ';a=b',
  ';a="b c"',
  ' ',
  ';',
  ';a=b;c',
  '\t',
  ' ;x',
  '; a = b ',
  '  ',
)
const trailer = fc.constantFrom(
  '',
  '',
  '',
  'x: y\r\n',
  'a: b\r\nc: d\r\n',
  'x\r\n',
  'x : y\r\n',
  ': y\r\n',
  'content-length: 3\r\n',
  'transfer-encoding: chunked\r\n',
)

const afterData = fc
  .nat(30)
  .map((each) => ['\n\n', '\n\r', 'xx', '\r', '\n', '00'][each - 25] ?? '\r\n')
const chunk = fc
  .tuple(
    data.filter((text) => text !== ''),
    size,
    extension,
    afterData,
  )
  .map(([text, written, more, end]) => `${written(text.length)}${more}\r\n${text}${end}`)
const chunked = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), fc.constantFrom('0', '00', '0;x', '0 '), trailer)
  .map(([chunks, last, lines]) => `${chunks.join('')}${last}\r\n${lines}\r\n`)
const behind = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\r\n', 'x', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx'),
  },
)

/** A correct answer, whose fields and body belong together. */
const correct = fc.oneof(
  fc
    .tuple(data, fc.constantFrom('Content-Length', 'content-length'))
    .map(([text, name]) => `${name}: ${text.length}\r\n\r\n${text}`),
  chunked.map((body) => `transfer-encoding: chunked\r\n\r\n${body}`),
  data.map((text) => `connection: close\r\n\r\n${text}`),
)

/** Any fields, before any body. */
const mixed = fc
  .tuple(fc.array(field, { maxLength: 4 }), fc.oneof(chunked, data))
  .map(([fields, body]) => `${fields.map((each) => `${each.join('')}\r\n`).join('')}\r\n${body}`)

const fields = fc.array(fc.tuple(token, fc.constantFrom(':', ': '), value), { maxLength: 3 })

const whole = fc
  .tuple(interim, statusLine, fields, fc.oneof(correct, mixed), behind)
  .map(([before, line, some, rest, more]) => {
    const head = some.map((each) => `${each.join('')}\r\n`).join('')
    return `${before}${line}\r\n${head}${rest}${more}`
  })

/** A head whose lines end with LF alone, all of them or some. */
const withBareLf = fc.tuple(whole, fc.array(fc.boolean(), { maxLength: 8 })).map(([text, ends]) => {
  const head = text.indexOf('\r\n\r\n') + 4
  let line = 0
  const lines = text.slice(0, head).replace(/\r\n/g, (end) => (ends[line++] === false ? end : '\n'))
  return lines + text.slice(head)
})

const PIECES = [
  '\r',
  '\n',
  '\r\n',
  '\n\n',
  ' ',
  '\t',
  ':',
  ';',
  '0',
  '\0',
  'f',
  '\x80',
  ',',
  '\x7f',
]
const changes = fc.oneof(fc.constant([]), edits(PIECES))

export const httpInput: fc.Arbitrary<HttpInput> = fc.record({
  answer: fc
    .tuple(fc.oneof({ weight: 4, arbitrary: whole }, { weight: 1, arbitrary: withBareLf }), changes)
    .map(([answer, edit]) => edited(answer, edit)),
  cuts,
  everySplit: fc.nat(15).map((each) => each === 15),
  closing: fc.constantFrom('clean', 'broken'),
})
