/** One HTTP request of a well-behaved client, and the times at which its tokens arrived. */
import { Agent, request as send } from 'node:http'
import { now, STAMP_DIGITS, STAMP_MARK } from '../../bench/clock.ts'

/** One token: when the upstream sent it and when it arrived, in microseconds. */
export type OnToken = (sent: number, arrived: number) => void

export interface Asking {
  port: number
  method: 'GET' | 'POST'
  path: string
  secret: string
  body?: string
  onToken?: OnToken
}

export interface Answered {
  /** 0 where no answer came. */
  status: number
  text: string
  /** Why the connection broke, if it did. */
  broke?: string
}

/** Milliseconds for which nothing may arrive. */
const SILENCE = 60_000

const agents = new Map<string, Agent>()

/** Each key has its own connections, as separate clients would. */
function agentOf(secret: string): Agent {
  const known = agents.get(secret)
  if (known) return known
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  agents.set(secret, agent)
  return agent
}

/** Closes all idle connections. */
export function closeConnections(): void {
  for (const agent of agents.values()) agent.destroy()
  agents.clear()
}

/**
 * Sends a request and reads its answer; never rejects. A connection that was kept and that the server
 * closed at the same moment is no answer of the server's: such a request is sent once more.
 */
export async function ask(asking: Asking): Promise<Answered> {
  const first = await askOnce(asking)
  return first.isStale ? askOnce(asking) : first
}

function askOnce(asking: Asking): Promise<Answered & { isStale: boolean }> {
  const { port, method, path, secret, body, onToken } = asking
  const headers = {
    authorization: `Bearer ${secret}`,
    ...(body !== undefined && {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    }),
  }
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let status = 0
    const end = (broke?: string) => {
      const isStale = status === 0 && request.reusedSocket && broke === 'ECONNRESET'
      const text = Buffer.concat(parts).toString()
      resolve({ status, text, isStale, ...(broke !== undefined && { broke }) })
    }
    const to = { host: '127.0.0.1', port, method, path, headers, agent: agentOf(secret) }
    const request = send({ ...to, timeout: SILENCE }, (response) => {
      status = response.statusCode ?? 0
      const find = stampFinder(onToken ?? (() => {}))
      response.on('data', (part: Buffer) => {
        parts.push(part)
        find(part)
      })
      response.on('end', () => end())
      response.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
      response.on('aborted', () => end('aborted'))
    })
    request.on('timeout', () => request.destroy(new Error('silence')))
    request.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    request.end(body)
  })
}

/** Finds the stamps in a body that arrives in parts. */
function stampFinder(onToken: OnToken): (part: Buffer) => void {
  let rest = Buffer.alloc(0)
  return (part) => {
    const arrived = now()
    const bytes = rest.length > 0 ? Buffer.concat([rest, part]) : part
    rest = Buffer.alloc(0)
    let at = bytes.indexOf(STAMP_MARK)
    while (at !== -1) {
      if (at + STAMP_DIGITS >= bytes.length) {
        rest = Buffer.from(bytes.subarray(at))
        return
      }
      const digits = bytes.toString('latin1', at + 1, at + 1 + STAMP_DIGITS)
      if (/^\d{16}$/.test(digits)) onToken(Number(digits), arrived)
      at = bytes.indexOf(STAMP_MARK, at + STAMP_DIGITS)
    }
  }
}
