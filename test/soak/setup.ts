/** The settings of the two servers: the same keys, and upstreams of their own. */
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { keyOptions } from '../../src/settings/key-options.ts'
import { ATTACK_KEYS } from './attacks/attack.ts'

/** Names of keys with their secrets. */
export type Secrets = Record<string, string>

/** Keys of well-behaved clients; what they ask for stays far within these limits. */
const GOOD_KEYS = 8
const GOOD = { requestsPerMinute: 2_000, tokensPerMinute: 10_000_000, maxConcurrency: 12 }
/** Keys that nobody uses, in the settings file of a reload. */
const MANY_KEYS = 10_000

export const OPERATOR = 'operator'

interface Entry {
  name: string
  hash: string
  [option: string]: unknown
}

export function makeKeys(): { secrets: Secrets; entries: Entry[] } {
  const options: { name: string; [option: string]: unknown }[] = [
    // It reads the counters of /health, which only an admin key may where there are roles.
    { name: OPERATOR, ...('admin' in keyOptions && { admin: true }) },
    ...Array.from({ length: GOOD_KEYS }, (_, at) => ({ name: `good-${at}`, ...GOOD })),
    ...ATTACK_KEYS,
  ]
  const secrets = Object.fromEntries(
    options.map(({ name }) => [name, randomBytes(32).toString('base64url')]),
  )
  const entries = options.map((each) => ({ ...each, hash: hashOf(secrets[each.name] ?? '') }))
  return { secrets, entries }
}

function hashOf(secret: string): string {
  return `sha256:${createHash('sha256').update(secret).digest('hex')}`
}

export interface SettingsFile {
  path: string
  /** Writes it anew, with ten thousand keys more; each time with other ones. */
  rewrite(): void
}

/** Writes a settings file for a server with these upstreams. */
export function writeSettings(
  path: string,
  entries: readonly Entry[],
  upstreams: { healthy: number; hostile: number },
): SettingsFile {
  const settings = (more: readonly Entry[]) => ({
    upstream: [
      { label: 'healthy', url: `http://127.0.0.1:${upstreams.healthy}` },
      { label: 'hostile', url: `http://127.0.0.1:${upstreams.hostile}` },
    ],
    alias: { 'alias-of-big': 'big' },
    contextFallback: { small: 'big' },
    keys: [...entries, ...more],
    // Whatever hangs has ended long before it is looked for what was left.
    answerTimeout: '20s',
    firstTokenTimeout: '20s',
    tokenTimeout: '20s',
    clientTimeout: '5s',
    bodyTimeout: '5s',
    heartbeat: '2s',
    log: 'json',
  })
  const write = (more: readonly Entry[]) =>
    writeFileSync(path, JSON.stringify(settings(more), null, 1))
  const many = Array.from({ length: MANY_KEYS }, (_, at) => ({
    name: `many-${at}`,
    hash: hashOf(`many ${at}`),
  }))
  let turn = 0
  write([])
  return {
    path,
    rewrite() {
      turn++
      write([...many.slice(0, -1), { name: `many-turn-${turn}`, hash: hashOf(`turn ${turn}`) }])
    },
  }
}
