import {
  registerSchema,
  type SchemaObject,
  unregisterSchema,
  validate,
} from '@hyperjump/json-schema/draft-2020-12'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settingsSchema } from '../../../src/cli/schema.ts'
import type { Declaration } from '../../../src/settings/declaration.ts'
import { keyOptions } from '../../../src/settings/key-options.ts'
import { parseSettings, type SettingsInput } from '../../../src/settings/settings.ts'
import { declarations } from '../../../src/settings/table/table.ts'
import { upstreamOptions } from '../../../src/settings/upstream-options.ts'

const ID = 'https://sluice.test/settings'
const hash = `sha256:${'0'.repeat(64)}`

let accepts: (settings: unknown) => boolean
beforeAll(async () => {
  registerSchema(settingsSchema() as SchemaObject, ID)
  const isValid = await validate(ID)
  accepts = (settings) => isValid(settings as never).valid
})
afterAll(() => unregisterSchema(ID))

function isParsed(settings: object): boolean {
  try {
    parseSettings(settings as SettingsInput, () => {})
    return true
  } catch {
    return false
  }
}

interface Property {
  description?: string
  deprecated?: boolean
  anyOf?: { items?: { anyOf: { properties?: Record<string, Property> }[] } }[]
}

const { properties } = settingsSchema() as { properties: Record<string, Property> }

/** The names that a table has, former ones included. */
function namesOf(table: Readonly<Record<string, Declaration>>): string[] {
  return Object.entries(table).flatMap(([name, { formerNames = [] }]) => [name, ...formerNames])
}

it('has every setting, and every option of an upstream and of a key', () => {
  expect(Object.keys(properties)).toEqual(['$schema', ...namesOf(declarations)])
  for (const name of namesOf(declarations)) expect(properties[name]?.description).toMatch(/\S/)
  for (const [name, options] of [
    ['upstream', upstreamOptions],
    ['keys', keyOptions],
  ] as const) {
    const entry = properties[name]?.anyOf?.[1]?.items?.anyOf[1]?.properties ?? {}
    expect(Object.keys(entry)).toEqual(namesOf(options))
    for (const each of Object.values(entry)) expect(each.description).toMatch(/\S/)
  }
})

it('says which names are deprecated', () => {
  const deprecated = Object.keys(properties).filter((name) => properties[name]?.deprecated)
  expect(deprecated).toEqual(['streams', 'larger', 'lenient'])
  expect(properties.streams?.description).toBe('The former name of maxConcurrency.')
})

describe('accepts what settings accept', () => {
  it.each<[string, object]>([
    ['nothing', {}],
    ['numbers, and text with units', { port: 0, heartbeat: '2s', grace: 100, maxBody: '20MB' }],
    ['short forms', { upstream: ['http://a', 'big=http://b'], lenient: ['big'] }],
    ['former names', { streams: 2, upstream: [{ url: 'http://a', speaks: ['messages'] }] }],
    [
      'long forms',
      {
        upstream: [
          {
            ...{ url: 'http://a', maxConcurrency: 2, models: ['m'], rewrite: { a: 'b' } },
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
    expect(isParsed(settings)).toBe(true)
    expect(accepts(settings)).toBe(true)
  })
})

describe('refuses what settings refuse', () => {
  it.each<[string, object]>([
    ['an unknown name', { prot: 1 }],
    ['another type', { discover: 1 }],
    ['a number as text', { port: '8787' }],
    ['a number out of its range', { port: 65_536 }],
    ['a unit that there is not', { grace: '10 days' }],
    ['a word that is none of the choices', { log: 'loud' }],
    ['an unknown option', { upstream: [{ url: 'http://a', stream: 1 }] }],
    ['a key without its hash', { keys: [{ name: 'ann' }] }],
  ])('%s', (_, settings) => {
    expect(isParsed(settings)).toBe(false)
    expect(accepts(settings)).toBe(false)
  })
})

/** Values near to what one kind of setting takes. */
const near: Record<string, fc.Arbitrary<unknown>> = {
  number: fc.oneof(
    fc.integer({ min: -2, max: 2 }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(1_000, 65_535, 65_536, 1e6, 1e9, 1e12, 86_400_000, 86_400_001),
  ),
  word: fc.constantFrom(
    ...['keep', 'merge', 'learn', 'auto', 'json', 'separate', 'reasoning', '', 'x'],
    ...['http/json', 'always_on', 'http://127.0.0.1:4318', 'a=b', 'a=b,=c', 'a=%2', '0.5'],
  ),
  other: fc.oneof(fc.boolean(), fc.constant(null), fc.constant([]), fc.string({ maxLength: 5 })),
}
const kinds = ['integer', 'time', 'size', 'boolean', 'choice', 'text']
const simple = Object.keys(declarations).filter((name) =>
  kinds.includes(declarations[name]?.kind ?? ''),
)

it('agrees with the parser on every simple value of every simple setting', () => {
  expect(simple.length).toBeGreaterThan(25)
  const value = fc.oneof(...Object.values(near))
  let accepted = 0
  fc.assert(
    fc.property(fc.constantFrom(...simple), value, (name, given) => {
      // How long a text such as "99h" takes is more than a pattern can say.
      const isTime = typeof given === 'string' && declarations[name]?.kind.match(/time|size/)
      if (isTime && /\d/.test(given)) return
      const isAccepted = isParsed({ [name]: given })
      expect(accepts({ [name]: given }), `${name}: ${JSON.stringify(given)}`).toBe(isAccepted)
      accepted += Number(isAccepted)
    }),
    { numRuns: 4_000 },
  )
  expect(accepted).toBeGreaterThan(300)
})
