import { createHash } from 'node:crypto'
import type { KeyInput } from '../../src/settings/settings.ts'

export const KEY = 'sluice_the-right-key-0123456789'

export const SECRETS = ['upstream-secret-0123', KEY]

export function entry(name: string, key: string, more: Partial<KeyInput> = {}): KeyInput {
  return { name, hash: `sha256:${createHash('sha256').update(key).digest('hex')}`, ...more }
}

export const ENTRIES = [
  entry('ann', KEY, { admin: true }),
  entry('bob', 'bob-key', { models: ['small*', 'tiny'] }),
  entry('old', 'old-key', { expires: '2026-01-31' }),
  entry('off', 'off-key', { disabled: true }),
  entry('slow', 'slow-key', { requestsPerMinute: 3 }),
  entry('few', 'few-key', { tokensPerMinute: 100 }),
  entry('two', 'two-key', { maxConcurrency: 2 }),
  entry('vec', 'vec-key', { tokensPerMinute: 100 }),
  entry('txt', 'txt-key', { tokensPerMinute: 100 }),
  entry('day', 'day-key', { requestsPerDay: 2 }),
  entry('month', 'month-key', { tokensPerMonth: 20 }),
  entry('use', 'use-key'),
]

export const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })
