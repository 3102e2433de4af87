import { expect } from 'vitest'
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
export function read(packets: Bytes[], closing?: 'clean' | 'broken') {
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

export function bytesOf(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

/** Packets that end at the places, and one with the rest. */
export function cut(bytes: Bytes, places: number[]): Bytes[] {
  const ends = [...new Set(places)].sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, at) => bytes.slice(at === 0 ? 0 : ends[at - 1], end))
}

export function inPieces(text: string, size: number): Bytes[] {
  const count = Math.ceil(text.length / size)
  return Array.from({ length: count }, (_, at) => bytesOf(text.slice(at * size, (at + 1) * size)))
}

/** The only answer in the text, which is all there is. */
export function only(text: string, closing?: 'clean' | 'broken'): Answer | undefined {
  const { answers } = read([bytesOf(text)], closing)
  expect(answers.length).toBeLessThan(2)
  return answers[0]
}

export const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
