// The worker edge-chat has a small form of zod. What it takes and refuses is what all others do, with the same words.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { edgeChat } from '../../../scripts/edge-chat.mjs'
import { root } from '../../../scripts/hosts.mjs'
import { chat } from '../../../src/routes/parts/chat.ts'
import { readerOf } from '../../../src/routes/parts/compose-some.ts'
import { parseChatRequest } from '../../../src/wire/chat/request.ts'

interface Small {
  parseChatRequest: (body: unknown) => unknown
  parse: (settings: object) => unknown
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-small-zod-'))
let small: Small

beforeAll(async () => {
  const contents = `
    import { chat } from './src/routes/parts/chat.ts'
    import { readerOf } from './src/routes/parts/compose-some.ts'
    export { parseChatRequest } from './src/wire/chat/request.ts'
    export const parse = (settings) => readerOf([chat]).parse(settings)`
  const { entryPoints: _, ...options } = edgeChat
  const stdin = { contents, resolveDir: root, loader: 'ts' as const }
  const outfile = join(folder, 'small.mjs')
  const { outputFiles } = await build({ ...options, stdin, outfile, write: false })
  const [{ text = '' } = {}] = outputFiles
  expect(text).not.toContain('ZodMini')
  writeFileSync(outfile, text)
  small = (await import(outfile)) as Small
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What comes of it: the value, or the message. */
function outcomeOf(act: () => unknown): unknown {
  try {
    return { value: act() }
  } catch (error) {
    const { name, message } = error as Error
    return `${name}: ${message}`
  }
}

/** Mostly what is nearly right: that finds more than any JSON does. */
const number = fc.oneof(
  ...[fc.integer({ min: -2, max: 200 }), fc.double(), fc.integer(), fc.maxSafeInteger()],
)
const scalar = fc.oneof(
  fc.string(),
  number,
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
)
const odd = fc.oneof(scalar, fc.array(scalar), fc.dictionary(fc.string(), scalar), fc.jsonValue())

describe('requests', () => {
  const wrong = <T>(right: fc.Arbitrary<T>) =>
    fc.option(fc.oneof({ arbitrary: right, weight: 4 }, { arbitrary: odd, weight: 1 }), {
      nil: undefined,
    })
  const body = fc.record(
    {
      messages: wrong(fc.array(fc.oneof(fc.record({ role: fc.string() }), odd))),
      model: wrong(fc.string()),
      stream: wrong(fc.boolean()),
      stream_options: wrong(fc.record({ include_usage: wrong(fc.boolean()), more: odd })),
      n: wrong(fc.integer({ min: -1, max: 130 })),
      seed: odd,
    },
    { requiredKeys: [] },
  )

  it('are taken and refused as with zod', () => {
    let refused = 0
    const check = (given: unknown) => {
      const [copy, other] = [structuredClone(given), structuredClone(given)]
      const expected = outcomeOf(() => parseChatRequest(copy))
      if (typeof expected === 'string') refused++
      expect(outcomeOf(() => small.parseChatRequest(other))).toEqual(expected)
    }
    fc.assert(fc.property(fc.oneof({ arbitrary: body, weight: 9 }, odd), check), { numRuns: 3_000 })
    expect(refused).toBeGreaterThan(300)
  })
})

describe('settings', () => {
  const { declarations } = readerOf([chat])
  const name = fc.constantFrom(...Object.keys(declarations))
  const texts = fc.constantFrom(
    ...[
      '1',
      '10s',
      '1.5m',
      '64MB',
      '2 GiB',
      'a=b',
      'a=b,c=d',
      'off',
      'keep',
      'merge',
      'true',
      '*',
      '',
    ],
    ...[
      'http://127.0.0.1:1',
      'a=http://127.0.0.1:1',
      'https://a.example',
      'json',
      '8k',
      '1e3',
      '-1s',
    ],
  )
  const hash = `sha256:${'0'.repeat(64)}`
  const value = fc.oneof(odd, texts, fc.array(texts), fc.dictionary(texts, fc.oneof(texts, number)))
  const entry = (options: string[], own: object) =>
    fc
      .dictionary(fc.constantFrom(...options), value, { maxKeys: 2 })
      .map((more) => ({ ...own, ...more }))
  const optionsOf = (setting: string) => Object.keys(declarations[setting]?.item?.options ?? {})
  const keys = entry(optionsOf('keys'), { name: 'a', hash })
  const upstreams = entry(optionsOf('upstream'), { url: 'http://127.0.0.1:1' })

  const settings = fc.oneof(
    fc.dictionary(name, value, { minKeys: 1, maxKeys: 2 }),
    fc.record({ keys: fc.array(keys, { minLength: 1, maxLength: 2 }) }),
    fc.record({ upstream: fc.array(upstreams, { minLength: 1, maxLength: 2 }) }),
  )

  it('are taken and refused as with zod', () => {
    const outcomes = { taken: 0, refused: 0 }
    const check = (given: object) => {
      const expected = outcomeOf(() => readerOf([chat]).parse(given))
      outcomes[typeof expected === 'string' ? 'refused' : 'taken']++
      expect(outcomeOf(() => small.parse(given))).toEqual(expected)
    }
    fc.assert(fc.property(settings, check), { numRuns: 6_000 })
    expect(Math.min(outcomes.taken, outcomes.refused)).toBeGreaterThan(500)
  })
})
