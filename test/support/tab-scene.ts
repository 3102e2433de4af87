// A handler with keys, and tabs that a test has say what it likes.

import { createHash } from 'node:crypto'
import { afterEach } from 'vitest'
import { createHostedHandler } from '../../src/handler.ts'
import type { HandlerHost } from '../../src/options.ts'
import type { LogEntry } from '../../src/platform/log.ts'
import type { SettingsInput } from '../../src/settings/settings.ts'
import { RawTab, type RawTabOptions } from './raw-tab.ts'

export const url = 'http://127.0.0.1:8787'
const open: RawTab[] = []

afterEach(() => {
  for (const tab of open.splice(0)) tab.die()
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

export function create(settings: SettingsInput = {}, host: Partial<HandlerHost> = {}) {
  const log: LogEntry[] = []
  const handler = createHostedHandler(
    { discover: false, keys, ...settings },
    { exposure: 'machine', log: (entry) => log.push(entry), ...host },
  )
  const send = (input: string, init: RequestInit) => handler.fetch(new Request(input, init))
  const join = async (options: Partial<RawTabOptions> = {}) => {
    const tab = await RawTab.join({ url, key: 'phone', send, ...options })
    open.push(tab)
    return tab
  }
  const get = async (path: string, key = 'ann'): Promise<Said> =>
    (await send(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } })).json()
  const ask = (body: object = {}, key = 'ann', path = '/v1/chat/completions') =>
    send(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...body }),
    })
  return { handler, send, join, get, ask, log }
}
