/** The judge: llhttp, in the strict mode in which Node's own HTTP client runs it. */
import { createRequire } from 'node:module'
import type { Answer, Closing } from './answer.ts'

interface Parser {
  [callback: number]: (...args: never[]) => unknown
  initialize(type: number, resource: object, maxHeader: number, lenient: number): void
  execute(bytes: Uint8Array): number | Error
  finish(): Error | undefined
  free(): void
}

interface ParserClass {
  new (): Parser
  RESPONSE: number
  kLenientNone: number
  kOnHeaders: number
  kOnHeadersComplete: number
  kOnBody: number
  kOnMessageComplete: number
}

/** Node exports its binding of llhttp under this name alone. */
const { HTTPParser } = createRequire(import.meta.url)('_http_common') as { HTTPParser: ParserClass }

const MAX_HEADERS = 64 * 1024
const NO_ANSWER = {
  verdict: 'refused',
  status: 0,
  headers: {},
  body: '',
  isReusable: false,
} as const

/** What llhttp makes of the bytes of a connection on which one answer is expected. */
export function readByLlhttp(bytes: Uint8Array, closing: Closing): Answer {
  const reader = new Reader()
  // A byte at a time, which shows where the answer ends.
  for (let at = 0; at < bytes.length; at++) {
    if (!reader.execute(bytes.subarray(at, at + 1))) break
    if (reader.answer.verdict !== 'complete') continue
    const isAlone = at === bytes.length - 1
    return reader.end({ isReusable: reader.keepsAlive && isAlone })
  }
  if (!reader.hasFailed && closing === 'clean') reader.finish()
  return reader.end({ isReusable: false } as const)
}

class Reader {
  answer: Answer = { ...NO_ANSWER }
  keepsAlive = false
  readonly #parser = new HTTPParser()
  /** Header fields are handed over in parts where there are many; these are of the head. */
  #fields: string[] = []

  constructor() {
    const parser = this.#parser
    parser.initialize(HTTPParser.RESPONSE, {}, MAX_HEADERS, HTTPParser.kLenientNone)
    parser[HTTPParser.kOnHeaders] = (fields: string[]) => void this.#fields.push(...fields)
    parser[HTTPParser.kOnHeadersComplete] = (...given: unknown[]) => this.#head(given)
    parser[HTTPParser.kOnBody] = (bytes: Buffer) => {
      this.answer.body += bytes.toString('latin1')
    }
    parser[HTTPParser.kOnMessageComplete] = () => {
      if (this.answer.verdict === 'cut') this.answer.verdict = 'complete'
    }
  }

  /** Returns false after an error. */
  execute(bytes: Uint8Array): boolean {
    const result = this.#parser.execute(bytes)
    if (result instanceof Error) this.answer.error = (result as NodeJS.ErrnoException).code ?? ''
    return !this.hasFailed
  }

  finish(): void {
    this.#parser.finish()
  }

  get hasFailed(): boolean {
    return this.answer.error !== undefined
  }

  end(known: Pick<Answer, 'isReusable'>): Answer {
    this.#parser.free()
    return { ...this.answer, ...known }
  }

  #head(given: unknown[]): number {
    const [, , fields = [], , , status, , , keepsAlive] = given as [
      ...[number, number, string[] | undefined, unknown, unknown],
      ...[number, string, boolean, boolean],
    ]
    const all = [...this.#fields, ...fields]
    this.#fields = []
    // An interim answer precedes the final one.
    if (status < 200 && status !== 101) return 0
    this.answer = { ...NO_ANSWER, verdict: 'cut', status, headers: joined(all) }
    this.keepsAlive = keepsAlive
    return 0
  }
}

function joined(fields: string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let at = 0; at < fields.length; at += 2) {
    const name = (fields[at] ?? '').toLowerCase()
    const value = fields[at + 1] ?? ''
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  }
  return { ...headers }
}
