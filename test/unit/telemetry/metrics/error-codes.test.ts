import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isOwnCode } from '../../../../src/telemetry/metrics/error-codes.ts'

const source = join(import.meta.dirname, '../../../../src')

/** As a field of an error, and in the constants that stand for one. */
const CODES = [/\bcode: '([a-z_]+)'/g, /_CODE = '([a-z_]+)'/g]

it('has every code that sluice gives an error', () => {
  // The programs of sluice read errors, and make none that a client sees.
  const files = globSync('**/*.ts', { cwd: source, exclude: ['cli/**'] })
  const texts = files.map((file) => readFileSync(join(source, file), 'utf8'))
  const found = CODES.flatMap((pattern) =>
    texts.flatMap((text) => [...text.matchAll(pattern)].map(([, code]) => code as string)),
  )
  expect(new Set(found).size).toBeGreaterThan(50)
  expect([...new Set(found)].filter((code) => !isOwnCode(code))).toEqual([])
})

it('has those that are put together', () => {
  for (const source of ['upstream', 'engine'])
    for (const what of ['error', 'incomplete', 'invalid', 'truncated'])
      expect(isOwnCode(`${source}_${what}`)).toBe(true)
  for (const phase of ['answer', 'first_token', 'token', 'load'])
    expect(isOwnCode(`${phase}_timeout`)).toBe(true)
})

it('has none of a server', () => {
  for (const code of ['insufficient_quota', '', 'other', 'constructor'])
    expect(isOwnCode(code)).toBe(false)
})
