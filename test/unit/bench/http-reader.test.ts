import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HttpReader } from '../../../bench/http-reader.ts'

/** What a reader made of the packets: a status and a body for every answer that ended. */
function read(packets: Buffer[], closes = false) {
  const answers: { status: number; body: string }[] = []
  let status = 0
  let body = ''
  const reader = new HttpReader({
    head(code) {
      status = code
      body = ''
    },
    payload(bytes, start, end) {
      body += Buffer.from(bytes.subarray(start, end)).toString('latin1')
    },
    end: () => answers.push({ status, body }),
  })
  for (const packet of packets) reader.push(packet)
  if (closes) reader.close()
  return answers
}

const chunked = Buffer.from(
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
    '5\r\nhello\r\n1A;name=value\r\nabcdefghijklmnopqrstuvwxyz\r\n1\r\n!\r\n0\r\nx: y\r\n\r\n' +
    'HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno' +
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nyo\r\n0\r\n\r\n',
)

const expected = [
  { status: 200, body: 'helloabcdefghijklmnopqrstuvwxyz!' },
  { status: 404, body: 'no' },
  { status: 200, body: 'yo' },
]

test('reads answers in one packet', () => {
  expect(read([chunked])).toEqual(expected)
})

test('reads the same answers however they are cut', () => {
  const places = fc.uniqueArray(fc.nat(chunked.length), { maxLength: 12 })
  fc.assert(
    fc.property(places, (cuts) => {
      const ends = [0, ...cuts.sort((a, b) => a - b), chunked.length]
      const packets = ends.slice(1).map((end, i) => chunked.subarray(ends[i], end))
      expect(read(packets)).toEqual(expected)
    }),
  )
})

test('a body without a length ends with its connection, a chunked one does not', () => {
  const open = Buffer.from('HTTP/1.1 200 OK\r\n\r\nall of it')
  expect(read([open])).toEqual([])
  expect(read([open], true)).toEqual([{ status: 200, body: 'all of it' }])
  const cut = Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel')
  expect(read([cut], true)).toEqual([])
})
