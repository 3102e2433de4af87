import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flagName, readFlags } from '../../../src/cli/flags.ts'
import { environmentName, settingsFromEnv } from '../../../src/settings/environment.ts'
import { parseSettings, SettingsError } from '../../../src/settings/settings.ts'
import { declarations } from '../../../src/settings/table/table.ts'

const RUNS = { numRuns: 1_500 }
const NAMES = Object.keys(declarations)

/** Text that comes near to what a setting may be. */
const near = fc.oneof(
  fc.constantFrom(
    ...['', '0', '-1', '1e999', '10s', '1.5m', '99999999h', '20MB', '0x10', 'NaN', 'true', 'no'],
    ...['http://127.0.0.1:1/v1', 'gpu=http://[::1]:80', 'a=b=c', 'http://', 'https://u:p@h/?q#f'],
    ...['::', '0.0.0.0', 'keep', 'json', ',', 'a,,b', '{"port":1}', '[]', 'null', '\u0000'],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.webUrl(),
  fc.double().map(String),
)
const value = fc.oneof(near, fc.jsonValue({ maxDepth: 3 }), fc.array(near, { maxLength: 3 }))
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.string() },
  {
    weight: 1,
    arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty'),
  },
)

/** It is read, or refused in one line that a person can act on. */
function expectRefusal(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    const { message } = error as Error
    expect(message).toMatch(/\S/)
    expect(message.length).toBeLessThan(1_000)
  }
}

describe('whatever is given as settings, only a SettingsError is thrown', () => {
  it('by code', () => {
    const given = fc.dictionary(name, value, { maxKeys: 4 })
    fc.assert(
      fc.property(given, (input) => expectRefusal(() => parseSettings(input))),
      RUNS,
    )
  })

  it('by code that is no object', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (input) =>
        expectRefusal(() => parseSettings(input as Parameters<typeof parseSettings>[0])),
      ),
      RUNS,
    )
  })

  it('by the environment', () => {
    const variable = fc.oneof(
      fc.constantFrom(...NAMES.map(environmentName), 'SLUICE_CONFIG'),
      fc.string().map((text) => `SLUICE_${text}`),
    )
    const config = fc.dictionary(name, value, { maxKeys: 3 }).map((each) => JSON.stringify(each))
    const env = fc.dictionary(variable, fc.oneof(near, config), { maxKeys: 4 })
    fc.assert(
      fc.property(env, (given) => expectRefusal(() => parseSettings(settingsFromEnv(given)))),
      RUNS,
    )
  })

  it('by flags', () => {
    const flag = fc.oneof(
      fc.constantFrom(...NAMES.map(flagName), '--help', '-h', '--version', '--', '-', '--no-'),
      fc.constantFrom(...NAMES).map((each) => flagName(each).replace('--', '--no-')),
      fc.tuple(fc.constantFrom(...NAMES), near).map(([each, text]) => `${flagName(each)}=${text}`),
      near,
    )
    fc.assert(
      fc.property(fc.array(flag, { maxLength: 6 }), (args) =>
        expectRefusal(() => parseSettings(readFlags(args).settings)),
      ),
      RUNS,
    )
  })

  it('again, and what was read is read the same', () => {
    const given = fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 3 })
    fc.assert(
      fc.property(given, (input) => {
        let first: ReturnType<typeof parseSettings>
        try {
          first = parseSettings(input)
        } catch {
          return
        }
        expect(parseSettings(first)).toEqual(first)
      }),
      RUNS,
    )
  })
})
