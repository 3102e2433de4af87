import fc from 'fast-check'
import { flagName, readFlags } from '../../../src/cli/flags.ts'
import { createHandler } from '../../../src/handler.ts'
import { environmentName, settingsFromEnv } from '../../../src/settings/environment.ts'
import { parseSettings, SettingsError, type SettingsInput } from '../../../src/settings/settings.ts'
import { declarations } from '../../../src/settings/table/table.ts'
import { settingsText } from '../../support/settings-text.ts'
import { type Edit, edited, edits } from '../bytes.ts'
import { requireEqual, requireThat } from '../equal.ts'
import { target } from '../target.ts'

type SettingsCase =
  | { kind: 'code' | 'handler'; value: unknown }
  | { kind: 'environment'; value: Record<string, string> }
  | { kind: 'flags'; value: string[] }
  | { kind: 'file'; text: string; edits: Edit[] }

const NAMES = Object.keys(declarations)

/** Text that comes near to what a setting may be. */
const near = fc.oneof(
  fc.constantFrom(
    ...['', '0', '-1', '1e999', '10s', '1.5m', '99999999h', '20MB', '0x10', 'NaN', 'true', 'no'],
    ...['http://127.0.0.1:1/v1', 'gpu=http://[::1]:80', 'a=b=c', 'http://', 'https://u:p@h/?q#f'],
    ...['::', '0.0.0.0', 'keep', 'json', ',', 'a,,b', '{"port":1}', '[]', 'null', '\u0000'],
    ...[
      `ann=sha256:${'0'.repeat(64)}`,
      '*.example.com',
      'https://*.example.com',
      '/ai',
      '__proto__',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.webUrl(),
  fc.double().map(String),
)

const hash = `sha256:${'1'.repeat(64)}`
/** Entries of lists, most of them correct. */
const entry = fc.constantFrom<unknown>(
  { url: 'http://127.0.0.1:1/v1', label: 'gpu', maxConcurrency: 2, nativeApis: ['messages'] },
  { url: 'http://127.0.0.1:1/v1', key: 'k', alias: { a: 'b' }, models: ['m'] },
  { name: 'ann', hash, models: ['m*'], requestsPerMinute: 5, tokensPerMinute: 10 },
  { name: 'ann', hash, expires: '2030-01-01', tokensPerMinute: 0 },
  { name: 'ann', hash, unknown: 1 },
  { url: 5 },
  { __proto__: { url: 'x' } },
)
const value = fc.oneof(
  near,
  fc.jsonValue({ maxDepth: 3 }),
  fc.array(near, { maxLength: 3 }),
  fc.array(entry, { maxLength: 3 }),
)
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.string() },
  {
    weight: 1,
    arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'engines', 'log'),
  },
)
const object = fc
  .array(fc.tuple(name, value), { maxLength: 4 })
  .map((pairs) => Object.fromEntries(pairs) as object)

const code = fc.oneof({ weight: 6, arbitrary: object }, { weight: 1, arbitrary: fc.jsonValue() })
const variable = fc.oneof(
  fc.constantFrom(...NAMES.map(environmentName), 'SLUICE_CONFIG'),
  fc.string({ maxLength: 8 }).map((text) => `SLUICE_${text}`),
)
const environment = fc
  .array(
    fc.tuple(
      variable,
      fc.oneof(
        near,
        object.map((each) => JSON.stringify(each)),
      ),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => Object.fromEntries(pairs) as Record<string, string>)
const flag = fc.oneof(
  fc.constantFrom(...NAMES.map(flagName), '--help', '-h', '--version', '--', '-', '--no-'),
  fc.constantFrom(...NAMES).map((each) => flagName(each).replace('--', '--no-')),
  fc.tuple(fc.constantFrom(...NAMES), near).map(([each, text]) => `${flagName(each)}=${text}`),
  near,
)
const file = fc
  .tuple(
    object,
    fc.constantFrom('', '// x\n', '/* x */', '\ufeff', '# x\n', '\r\n'),
    fc.constantFrom(0, 2, '\t'),
  )
  .map(([each, before, indent]) => before + JSON.stringify(each, null, indent))
const PIECES = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '//',
  '/*',
  '*/',
  '\n',
  '\\',
  '\u2028',
  "'",
  '\0',
  '\\u',
]

const settingsCase: fc.Arbitrary<SettingsCase> = fc.oneof(
  fc.record({ kind: fc.constantFrom('code' as const, 'handler' as const), value: code }),
  fc.record({ kind: fc.constant('environment' as const), value: environment }),
  fc.record({ kind: fc.constant('flags' as const), value: fc.array(flag, { maxLength: 6 }) }),
  fc.record({
    kind: fc.constant('file' as const),
    text: file,
    edits: fc.oneof(fc.constant<Edit[]>([]), edits(PIECES)),
  }),
)

export const settings = target({
  name: 'settings',
  about:
    'settings from code, environment, flags and files (createHandler, parseSettings, settingsFromEnv, readFlags): read, or a SettingsError in one line that says what to do',
  short: 3_000,
  input: settingsCase,
  check: checkSettings,
})

async function checkSettings(given: SettingsCase): Promise<void> {
  try {
    const read = await readAny(given)
    if (read !== undefined) requireEqual(parseSettings(read), read, 'the settings, read again')
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    const { message } = error
    requireThat(message.length < 1_000, `a message of ${message.length} characters`)
    requireThat(!/[\n\r]/.test(message), `a message of several lines: ${JSON.stringify(message)}`)
    // The setting or the option, or the file and its line; then what was expected; then what to do.
    requireThat(/^\S.*[.?!)]$/s.test(message), `not a sentence: ${message}`)
    requireThat(/^.{1,200}: /s.test(message), `a message that names no setting: ${message}`)
  }
}

/** The settings that were read; undefined where they became a handler. */
async function readAny(given: SettingsCase) {
  const silent = () => {}
  if (given.kind === 'handler') return void createHandler(given.value as object)
  if (given.kind === 'code') return parseSettings(given.value as SettingsInput)
  if (given.kind === 'environment') return parseSettings(settingsFromEnv(given.value))
  if (given.kind === 'flags') return parseSettings(readFlags(given.value, silent).settings)
  return parseSettings(fromFile(given as Extract<SettingsCase, { kind: 'file' }>))
}

function fromFile({ text, edits: changes }: Extract<SettingsCase, { kind: 'file' }>) {
  const file = settingsText(edited(text, changes), 'sluice.jsonc')
  return file.values as SettingsInput
}
