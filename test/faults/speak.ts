import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a client puts on its connection, one after the other. */
export type Word =
  | string
  | Uint8Array
  /** Milliseconds. */
  | { wait: number }
  /** One byte at a time, until it is all sent or the server has closed. */
  | { drip: string; every: number }
  /** The client sends no more, and still reads. */
  | { end: true }
  | { destroy: true }

export interface Heard {
  text: string
  /** Of every answer that came. */
  statuses: number[]
  /** Milliseconds from the last word but drips to the close, or as long as it was waited for. */
  closedAfter: number
}

const LONGEST = 25_000

/** Speaks, and listens until the server has closed the connection. */
export async function speak(port: number, words: Word[]): Promise<Heard> {
  const socket = createConnection({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const at = performance.now()
  let text = ''
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.setEncoding('utf8').on('data', (part) => {
    text += part
  })
  socket.on('error', () => {})
  socket.on('end', () => socket.end())
  const late = new AbortController()
  const speaking = say(socket, words).catch(() => {})
  await Promise.race([closed, sleep(LONGEST, undefined, { signal: late.signal }).catch(() => {})])
  late.abort()
  const closedAfter = performance.now() - at
  socket.destroy()
  await speaking
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
  return { text, statuses, closedAfter }
}

async function say(socket: ReturnType<typeof createConnection>, words: Word[]): Promise<void> {
  for (const word of words) {
    if (!socket.writable) return
    if (typeof word === 'string' || word instanceof Uint8Array) socket.write(word)
    else if ('wait' in word) await sleep(word.wait)
    else if ('end' in word) socket.end()
    else if ('destroy' in word) socket.destroy()
    else {
      for (const character of word.drip) {
        if (!socket.writable) return
        socket.write(character)
        await sleep(word.every)
      }
    }
  }
}
