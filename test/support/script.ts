import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { PersonaScript } from './personas.ts'

/** One step of a scripted upstream's answer. Plain JSON, so that a request can carry it. */
export type Step =
  /** Bytes, given as text. */
  | { send: string }
  /** Bytes, given as base64: the only way to write what is not UTF-8. */
  | { base64: string }
  /** One frame: `data: JSON`, a blank line. */
  | { chunk: object }
  /** Milliseconds of silence. */
  | { wait: number }
  /** `text` in packets of `split` bytes each, `pause` ms (1) apart. */
  | { split: number; text: string; pause?: number }
  /** `drip` one character at a time, `every` ms. */
  | { drip: string; every: number }
  /** `text` over and over, as fast as the reader takes it, until `bytes` or `count` is reached. */
  | { flood: { text: string; bytes?: number; count?: number } }
  | { repeat: number; steps: Step[] }
  /** A complete end of the answer. Implied after the last step. */
  | { end: true }
  /** Closes the connection in the middle of an answer: no last chunk, too few bytes. */
  | { cut: true }
  /** Resets the connection. Put a short `wait` before it: a reset may overtake unread bytes. */
  | { reset: true }
  /** Sends nothing more, and does not end. */
  | { hang: true }

/** A whole answer. */
export interface Script {
  /** 200 by default. */
  status?: number
  /** `content-type` is `text/event-stream` by default where a stream was asked for, else JSON; an empty one is not sent. */
  headers?: Record<string, string>
  /** Milliseconds before the headers are sent; with `never` they are not sent at all. */
  headersAfter?: number | 'never'
  /** Text that is sent in place of an HTTP answer (UTF-8 by default), and what follows it. */
  instead?: { text: string; then: 'cut' | 'reset' | 'hang'; encoding?: 'latin1' }
  steps: Step[]
}

/** What a request's `script` field may hold. */
export type Scripted = Script | PersonaScript | Turns

/** An answer for each turn: the first one where the conversation holds no answer yet, and so on. */
export interface Turns {
  turns: (Script | PersonaScript)[]
}

/** The response that a script is played into, and callbacks on its progress. */
export interface Stage {
  response: ServerResponse
  /** Aborted when the response's connection has closed. */
  gone: AbortSignal
  /** Called with the number of body bytes that the operating system has taken. */
  sent(bytes: number): void
  /** Called just before this side breaks the connection. */
  breaking(how: 'cut' | 'reset'): void
}

type Next = 'on' | 'over'

/** Plays a script to its end, or until the client disconnects, for which it does not reject. */
export async function play(script: Script, stage: Stage): Promise<void> {
  try {
    await playAll(script, stage)
  } catch (error) {
    if (!stage.gone.aborted) throw error
  }
}

async function playAll(script: Script, stage: Stage): Promise<void> {
  const { response, gone } = stage
  if (script.headersAfter === 'never') return forever(gone)
  if (script.headersAfter) await sleep(script.headersAfter, undefined, { signal: gone })
  if (script.instead) return playInstead(script.instead, stage)
  response.writeHead(script.status ?? 200, headersOf(script))
  response.flushHeaders()
  if ((await playSteps(script.steps, stage)) === 'on') response.end()
}

async function playInstead(
  { text, then, encoding }: NonNullable<Script['instead']>,
  stage: Stage,
): Promise<void> {
  stage.response.socket?.write(text, encoding ?? 'utf8')
  if (then === 'hang') return forever(stage.gone)
  await sleep(50, undefined, { signal: stage.gone })
  endStep(then === 'cut' ? { cut: true } : { reset: true }, stage)
}

function headersOf(script: Script): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'text/event-stream',
    ...script.headers,
  }
  if (headers['content-type'] === '') delete headers['content-type']
  // A length may be a lie; only closing the connection shows where the answer really ended.
  return 'content-length' in headers ? { ...headers, connection: 'close' } : headers
}

async function playSteps(steps: Step[], stage: Stage): Promise<Next> {
  for (const step of steps) {
    stage.gone.throwIfAborted()
    if ((await playStep(step, stage)) === 'over') return 'over'
  }
  return 'on'
}

async function playStep(step: Step, stage: Stage): Promise<Next> {
  if ('send' in step) await write(stage, Buffer.from(step.send))
  else if ('base64' in step) await write(stage, Buffer.from(step.base64, 'base64'))
  else if ('chunk' in step) await write(stage, Buffer.from(frame(step.chunk)))
  else if ('wait' in step) await sleep(step.wait, undefined, { signal: stage.gone })
  else if ('split' in step) await split(stage, Buffer.from(step.text), step.split, step.pause ?? 1)
  else if ('drip' in step) await drip(stage, step.drip, step.every)
  else if ('flood' in step) await flood(stage, step.flood)
  else if ('repeat' in step) return repeat(stage, step.repeat, step.steps)
  else if ('hang' in step) await forever(stage.gone)
  else return endStep(step, stage)
  return 'on'
}

function endStep(step: { end: true } | { cut: true } | { reset: true }, stage: Stage): Next {
  const { response } = stage
  if ('end' in step) {
    response.end()
  } else if ('cut' in step) {
    stage.breaking('cut')
    response.socket?.end()
  } else if ('reset' in step) {
    stage.breaking('reset')
    response.socket?.resetAndDestroy()
  } else {
    throw new TypeError(`No step is written ${JSON.stringify(step)}.`)
  }
  return 'over'
}

/** One `data` event as text. */
export function frame(data: object | string): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
}

/** Resolves when more may be written; rejects when the client has disconnected. */
async function write(stage: Stage, bytes: Buffer): Promise<void> {
  const { response, gone } = stage
  if (bytes.length === 0) return
  const roomLeft = response.write(bytes, (error) => {
    if (!error) stage.sent(bytes.length)
  })
  if (roomLeft) return
  await new Promise<void>((resolve, reject) => {
    const leave = () => reject(gone.reason)
    gone.addEventListener('abort', leave, { once: true })
    response.once('drain', () => {
      gone.removeEventListener('abort', leave)
      resolve()
    })
  })
}

async function split(stage: Stage, bytes: Buffer, size: number, pause: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    if (at > 0) await sleep(pause, undefined, { signal: stage.gone })
    await write(stage, bytes.subarray(at, at + size))
  }
}

async function drip(stage: Stage, text: string, every: number): Promise<void> {
  for (const character of text) {
    await write(stage, Buffer.from(character))
    await sleep(every, undefined, { signal: stage.gone })
  }
}

interface Flood {
  text: string
  bytes?: number
  count?: number
}

/** JsonAnswer repetitions only: never less than asked for, and less than one packet more. */
async function flood(stage: Stage, { text, bytes = Infinity, count = Infinity }: Flood) {
  const size = Buffer.byteLength(text)
  if (size === 0) throw new TypeError('flood needs a text')
  const total = Math.min(count, Math.ceil(bytes / size))
  const perPacket = Math.max(1, Math.floor(16_384 / size))
  const packet = Buffer.from(text.repeat(perPacket))
  for (let left = total, packets = 1; left > 0; left -= perPacket, packets++) {
    await write(stage, left < perPacket ? packet.subarray(0, left * size) : packet)
    // Writes that the kernel takes at once would otherwise hide the client's hang-up for ever.
    if (packets % 16 === 0) await nextTurn(undefined, { signal: stage.gone })
  }
}

async function repeat(stage: Stage, times: number, steps: Step[]): Promise<Next> {
  for (let round = 0; round < times; round++) {
    if ((await playSteps(steps, stage)) === 'over') return 'over'
  }
  return 'on'
}

function forever(gone: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (gone.aborted) reject(gone.reason)
    gone.addEventListener('abort', () => reject(gone.reason), { once: true })
  })
}
