import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { keyParts, settingsSchema, upstreamParts } from '../../../src/cli/schema.ts'
import { parts as keyNames } from '../../../src/settings/keys.ts'
import { fields, parseSettings } from '../../../src/settings/settings.ts'
import { parts as upstreamNames } from '../../../src/settings/upstreams.ts'

const schema = z.fromJSONSchema(settingsSchema() as never)
const hash = `sha256:${'0'.repeat(64)}`

it('knows every setting, and every part of an upstream and a key', () => {
  const { properties } = settingsSchema() as {
    properties: Record<string, { description?: string }>
  }
  expect(Object.keys(properties)).toEqual(['$schema', ...Object.keys(fields)])
  for (const name of Object.keys(fields)) expect(properties[name]?.description).toMatch(/\S/)
  expect(Object.keys(upstreamParts).sort()).toEqual([...upstreamNames].sort())
  expect(Object.keys(keyParts).sort()).toEqual([...keyNames].sort())
})

describe('accepts what settings accept', () => {
  it.each<[string, object]>([
    ['nothing', {}],
    ['numbers, and text with units', { port: 0, heartbeat: '2s', grace: 100, maxBody: '20MB' }],
    ['short forms', { upstream: ['http://a', 'big=http://b'], lenient: ['big'] }],
    [
      'long forms',
      {
        upstream: [
          {
            url: 'http://a',
            maxConcurrency: 2,
            models: ['m'],
            rewrite: { a: 'b' },
            nativeApis: ['messages'],
          },
        ],
        keys: [{ name: 'ann', hash, tokensPerMinute: 5, expires: '2027-01-31', disabled: false }],
        alias: { a: 'm' },
        log: 'json',
        discover: false,
      },
    ],
  ])('%s', (_, settings) => {
    expect(() => parseSettings(settings)).not.toThrow()
    expect(schema.safeParse(settings).success).toBe(true)
  })
})

describe('refuses what settings refuse', () => {
  it.each<[string, object]>([
    ['an unknown name', { prot: 1 }],
    ['another type', { discover: 1 }],
    ['a word that is none of the choices', { log: 'loud' }],
    ['an unknown part', { upstream: [{ url: 'http://a', stream: 1 }] }],
    ['a key without its hash', { keys: [{ name: 'ann' }] }],
  ])('%s', (_, settings) => {
    expect(() => parseSettings(settings)).toThrow()
    expect(schema.safeParse(settings).success).toBe(false)
  })
})
