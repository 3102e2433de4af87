// A server with keys, and tabs that a test has say what it likes.

import { createHash } from 'node:crypto'
import { afterEach } from 'vitest'
import { createHostedHandler } from '../../src/handler.ts'
import type { HandlerHost } from '../../src/options.ts'
import type { LogEntry } from '../../src/platform/log.ts'
import type { SettingsInput } from '../../src/settings/settings.ts'
import { RawTab, type RawTabOptions } from './raw-tab.ts'

export const url = 'http://127.0.0.1:8787'
const open: RawTab[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((tab) => tab.leave()))
})

export function hash(key: string): string {
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}

export const keys = [
  { name: 'ann', hash: hash('ann') },
  { name: 'bob', hash: hash('bob') },
  { name: 'shy', hash: hash('shy'), tabs: false },
  { name: 'root', hash: hash('root'), admin: true },
  { name: 'phone', hash: hash('phone'), offers: true, owner: 'ann' },
  { name: 'other', hash: hash('other'), offers: true, shared: true },
]

// biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it.
export type Said = any

type Send = (input: string, init: RequestInit) => Promise<Response>

/** Requests to a server with these keys, in this process or over sockets. */
export function sceneAt(at: string, send: Send = fetch) {
  const join = async (options: Partial<RawTabOptions> = {}) => {
    const tab = await RawTab.join({ url: at, key: 'phone', send, ...options })
    open.push(tab)
    return tab
  }
  const get = async (path: string, key = 'ann'): Promise<Said> =>
    (await send(`${at}${path}`, { headers: { authorization: `Bearer ${key}` } })).json()
  /** Sends JSON; without a key where that is empty. */
  const post = (path: string, body: unknown, key = 'root', headers = {}) =>
    send(`${at}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key && { authorization: `Bearer ${key}` }),
        ...headers,
      },
      body: JSON.stringify(body),
    })
  const ask = (body: object = {}, key = 'ann', path = '/v1/chat/completions') =>
    post(path, { model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...body }, key)
  return { url: at, send, join, get, post, ask }
}

export type TabScene = ReturnType<typeof sceneAt>

export function create(settings: SettingsInput = {}, host: Partial<HandlerHost> = {}) {
  const log: LogEntry[] = []
  const handler = createHostedHandler(
    { discover: false, keys, ...settings },
    { exposure: 'machine', log: (entry) => log.push(entry), ...host },
  )
  const scene = sceneAt(url, (input, init) => handler.fetch(new Request(input, init)))
  return { ...scene, handler, log }
}
