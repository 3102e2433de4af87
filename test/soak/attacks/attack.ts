/** What an attack is, and what it may use. */
import { createConnection, type Socket } from 'node:net'
import { rawRequest } from '../../support/raw.ts'
import type { Random } from '../random.ts'

export interface Attack {
  /** How `--attackers` and the results name it. */
  name: string
  about: string
  /** How often it is begun, on average, in a second. */
  perSecond: number
  /** How many of it may be under way at once. */
  atOnce: number
  run(scene: Scene): Promise<void>
}

/** One use of an attack. */
export interface Scene {
  port: number
  random: Random
  /** The secret of a key. */
  secret(name: AttackKey): string
  /** Aborted when this use has to end; its sockets are destroyed then. */
  signal: AbortSignal
  /** Counts an answer. */
  count(status: number | string): void
  /** Tells of something that a server must never do, whoever asks. */
  violation(text: string): void
  /** Tells that an abortable request was left just now. */
  left(id: string): void
}

/** The keys that attackers have, besides none. */
export type AttackKey = (typeof ATTACK_KEYS)[number]['name']

/** Their entries in the settings, without the hash. */
export const ATTACK_KEYS = [
  { name: 'rude-0' },
  { name: 'rude-1' },
  { name: 'rude-2' },
  { name: 'limited', tokensPerMinute: 10_000, requestsPerMinute: 600, maxConcurrency: 8 },
  { name: 'small-only', models: ['small'] },
  { name: 'storing' },
] as const

export interface Sent {
  path?: string
  method?: string
  key?: AttackKey
  headers?: Record<string, string | undefined>
  body?: string | Uint8Array | object
  slowly?: { bytes: number; every: number }
}

export interface Heard {
  /** 0 where the connection ended without an answer. */
  status: number
  text: string
}

/** Sends one request on a connection of its own and reads until it closes. */
export async function send(scene: Scene, sent: Sent): Promise<Heard> {
  const { key, headers, ...request } = sent
  const authorization = key === undefined ? undefined : `Bearer ${scene.secret(key)}`
  const all = { authorization, connection: 'close', ...headers }
  const response = await rawRequest({ port: scene.port, ...request, headers: all })
  destroyWith(scene.signal, response.socket)
  await response.closed
  const text = response.text()
  const status = response.status() ?? 0
  scene.count(status === 0 ? 'none' : status)
  judgeAnswer(scene, sent, text)
  return { status, text }
}

/** What no answer may hold: a stack trace, or an internal error. */
function judgeAnswer(scene: Scene, sent: Sent | undefined, text: string): void {
  const found = /\n {4}at |internal_error|node_modules|src\/[\w/-]+\.ts|file:\/\//.exec(text)
  if (!found) return
  const asked = JSON.stringify(sent)?.slice(0, 300) ?? ''
  scene.violation(
    `an answer holds ${JSON.stringify(found[0])}: ${text.slice(0, 500)} (to ${asked})`,
  )
}

export function destroyWith(signal: AbortSignal, socket: Socket): void {
  const destroy = () => socket.resetAndDestroy()
  if (signal.aborted) destroy()
  signal.addEventListener('abort', destroy, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', destroy))
}

export function chat(content: string, over: object = {}): object {
  return { model: 'good', stream: true, messages: [{ role: 'user', content }], ...over }
}

/** Sends these bytes on a connection of their own, and reads until it closes. */
export async function raw(scene: Scene, bytes: Buffer): Promise<void> {
  const socket = createConnection({ port: scene.port, host: '127.0.0.1' })
  destroyWith(scene.signal, socket)
  let text = ''
  socket.on('error', () => {})
  socket.on('data', (part) => {
    text += part.toString('latin1')
  })
  socket.write(bytes)
  await new Promise((resolve) => socket.once('close', resolve))
  scene.count(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 'none')
  judgeAnswer(scene, undefined, text)
}

export function attack(
  name: string,
  about: string,
  perSecond: number,
  atOnce: number,
  run: Attack['run'],
): Attack {
  return { name, about, perSecond, atOnce, run }
}
