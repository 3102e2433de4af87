import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { inputTypes } from '../../../scripts/settings-types.mjs'
import { flagName, readFlags } from '../../../src/cli/flags.ts'
import { helpText } from '../../../src/cli/help.ts'
import { settingsSchema } from '../../../src/cli/schema.ts'
import { settingsPage } from '../../../src/cli/settings-page.ts'
import { createHandler } from '../../../src/index.ts'
import { environmentName, settingsFromEnv } from '../../../src/settings/environment.ts'
import { keyOptions } from '../../../src/settings/key-options.ts'
import {
  type Key,
  type KeyInput,
  parseSettings,
  type Settings,
  type SettingsInput,
  type UpstreamInput,
} from '../../../src/settings/settings.ts'
import {
  fixedSettings,
  requireSupport,
  supportedBy,
  unsupportedBy,
} from '../../../src/settings/support.ts'
import {
  type DenoSetting,
  declarations,
  groups,
  type ServerSetting,
} from '../../../src/settings/table/table.ts'
import { upstreamOptions } from '../../../src/settings/upstream-options.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/settings.md'), 'utf8')

/** Every public name: to take one away or to rename it breaks somebody's configuration. */
const NAMES = [
  'port',
  'host',
  'compat',
  'tlsCert',
  'tlsKey',
  'reusePort',
  'warmUp',
  'page',
  'docsUrl',
  'keys',
  'insecure',
  'allowHost',
  'allowOrigin',
  'upstream',
  'upstreamKey',
  'maxConcurrency',
  'queue',
  'affinity',
  'affinityWait',
  'retry',
  'model',
  'alias',
  'contextFallback',
  'finishReason',
  'lenient',
  'loadingText',
  'reasoning',
  'thinkTags',
  'systemMessages',
  'discover',
  'memoryBudget',
  'engine',
  'passThrough',
  'staticText',
  'staticDelay',
  'tabs',
  'tabGather',
  'webgpu',
  'webgpuModels',
  'webgpuMemory',
  'webgpuContext',
  'webgpuQueue',
  'webgpuIdle',
  'headerWait',
  'heartbeat',
  'answerTimeout',
  'loadTimeout',
  'attemptTimeout',
  'firstTokenTimeout',
  'tokenTimeout',
  'clientTimeout',
  'bodyTimeout',
  'maxBody',
  'maxMessages',
  'maxTools',
  'grace',
  'drainDelay',
  'maxBackground',
  'maxResumable',
  'resumeGrace',
  'streamTtl',
  'log',
  'metrics',
  'activity',
  'capture',
  'captureCount',
  'captureBytes',
  'traces',
  'otlpEndpoint',
  'otlpTracesEndpoint',
  'otlpHeaders',
  'otlpFormat',
  'otlpTimeout',
  'otlpServiceName',
  'otlpAttributes',
  'tracesSampler',
  'tracesSamplerArg',
  'tracesQueue',
  'tracesBatch',
  'tracesDelay',
  'state',
  'stateFolder',
  'stateCa',
  'stateFailure',
  'stateInstances',
]

it('has every setting, each in one group', () => {
  expect(Object.keys(declarations)).toEqual(NAMES)
  expect(Object.values(groups).flatMap((group) => Object.keys(group))).toEqual(NAMES)
})

describe.each(NAMES)('%s', (name) => {
  const declaration = declarations[name]
  const flag = flagName(name)

  it('is in the help, the JSON Schema, the documentation and the environment', () => {
    const help = helpText()
    expect(help).toContain(environmentName(name))
    expect(new RegExp(`^ {2}${flag}\\b`, 'm').test(help)).toBe(!declaration?.secret)
    expect(settingsSchema().properties).toHaveProperty([name])
    expect(page).toContain(`| \`${name}\` | `)
    expect(page).toContain(environmentName(name))
    expect(settingsFromEnv({ [environmentName(name)]: '' })).toEqual({})
  })

  it('is a flag, unless it is a secret', () => {
    const read = () => readFlags([flag])
    if (declaration?.secret) expect(read).toThrow(`set ${environmentName(name)} instead`)
    else if (declaration?.kind === 'boolean') expect(read().settings).toEqual({ [name]: true })
    else
      expect(read).toThrow(
        `${flag}: expected ${declaration?.expected}, got nothing; write it as ${flag} `,
      )
  })

  it('is described in a sentence', () => {
    expect(declaration?.help).toMatch(/^[A-Z].*\.$/)
  })
})

it('is documented as it is declared; node scripts/settings.mjs writes the page', () => {
  expect(page).toBe(settingsPage())
  for (const name of [...Object.keys(upstreamOptions), ...Object.keys(keyOptions)]) {
    expect(page).toContain(`| \`${name}\` | `)
  }
})

it('has generated types that are up to date; node scripts/settings.mjs writes them', () => {
  const root = join(import.meta.dirname, '../../..')
  for (const [path, text] of Object.entries(inputTypes())) {
    expect(readFileSync(join(root, path), 'utf8'), path).toBe(text)
  }
})

it('has types that follow from the declarations', () => {
  expectTypeOf<Settings['port']>().toEqualTypeOf<number>()
  expectTypeOf<Settings['model']>().toEqualTypeOf<string | undefined>()
  expectTypeOf<Settings['discover']>().toEqualTypeOf<boolean>()
  expectTypeOf<Settings['maxConcurrency']>().toEqualTypeOf<number | undefined>()
  expectTypeOf<Settings['log']>().toEqualTypeOf<'auto' | 'text' | 'json' | 'none'>()
  expectTypeOf<Settings['keys']>().toEqualTypeOf<Key[]>()
  expectTypeOf<Settings['alias']>().toEqualTypeOf<Record<string, string>>()
  expectTypeOf<SettingsInput['heartbeat']>().toEqualTypeOf<number | string | undefined>()
  expectTypeOf<SettingsInput['streams']>().toEqualTypeOf<number | undefined>()
  expectTypeOf<SettingsInput['keys']>().toEqualTypeOf<
    string | readonly (string | KeyInput)[] | undefined
  >()
  expectTypeOf<UpstreamInput['url']>().toEqualTypeOf<string | undefined>()
  expectTypeOf<UpstreamInput['nativeApis']>().toEqualTypeOf<
    readonly ('messages' | 'responses' | 'ollama')[] | undefined
  >()
  expectTypeOf<Key['expires']>().toEqualTypeOf<number | undefined>()
  expectTypeOf<Settings>().toExtend<SettingsInput>()
})

describe('what cannot be honoured is refused, not ignored', () => {
  it.each([
    ['node', { webgpu: true }, 'webgpu: this setting is not supported on Node, only on Deno;'],
    ['bun', { webgpuMemory: '6GB' }, 'webgpuMemory: this setting is not supported on Bun'],
    ['workerd', { engine: ['replay:a.jsonl'] }, 'with "sluice replay FILE"'],
    [
      'worker',
      { tlsCert: 'a.pem' },
      'tlsCert: this setting is not supported in a worker, only on Bun, Deno, Node and workerd;',
    ],
    ['worker', { port: 1 }, 'port: this setting is not supported in a worker'],
    ['worker', { grace: '1s' }, 'grace: this setting is not supported in a worker'],
  ] as const)('%s: %j', (place, input, message) => {
    expect(() => requireSupport(parseSettings(input), place)).toThrow(message)
  })

  it('where it asks for nothing but the default, it is no error', () => {
    const input: SettingsInput = { webgpu: false, port: 8787, engine: [], log: 'auto' }
    for (const place of ['node', 'workerd', 'worker'] as const) {
      expect(() => requireSupport(parseSettings(input), place)).not.toThrow()
    }
    const settings = parseSettings({ webgpu: true, model: 'm', log: 'json', grace: 1 })
    expect(() => requireSupport(settings, 'deno')).not.toThrow()
    const kept = supportedBy(settings, 'worker')
    expect(kept).toMatchObject({ model: 'm', log: 'json' })
    expect(kept).not.toHaveProperty('webgpu')
    expect(kept).not.toHaveProperty('port')
  })

  it('by createHandler, for each setting that it has no use for', () => {
    const refused = unsupportedBy('code').map(([name]) => name)
    expect(refused).toEqual([
      ...['port', 'host', 'compat', 'tlsCert', 'tlsKey', 'reusePort', 'warmUp', 'page'],
      ...['discover', 'memoryBudget'],
      ...[
        'engine',
        'tabs',
        'webgpu',
        'webgpuModels',
        'webgpuMemory',
        'webgpuContext',
        'webgpuQueue',
        'webgpuIdle',
      ],
      ...['grace', 'drainDelay'],
      ...['state', 'stateFolder', 'stateCa', 'stateFailure', 'stateInstances'],
    ])
    for (const name of refused) {
      expect(() => createHandler({ [name]: 1 })).toThrow(`${name}: createHandler can't honour`)
    }
    expectTypeOf<ServerSetting | DenoSetting>().toEqualTypeOf<
      | ('port' | 'host' | 'compat' | 'tlsCert' | 'tlsKey' | 'discover' | 'engine' | 'grace')
      | ('memoryBudget' | 'page' | 'reusePort' | 'warmUp' | 'drainDelay')
      | (
          | 'webgpu'
          | 'webgpuModels'
          | 'webgpuMemory'
          | 'webgpuContext'
          | 'webgpuQueue'
          | 'webgpuIdle'
        )
      | ('state' | 'stateCa' | 'stateFailure' | 'stateInstances')
    >()
  })

  it('and a server that runs keeps what it cannot change', () => {
    expect(fixedSettings()).toEqual([
      ...['port', 'host', 'compat', 'tlsCert', 'tlsKey', 'reusePort', 'warmUp', 'page'],
      ...[
        'engine',
        'tabs',
        'tabGather',
        'webgpu',
        'webgpuModels',
        'webgpuMemory',
        'webgpuContext',
        'webgpuQueue',
        'webgpuIdle',
        'log',
      ],
      ...['state', 'stateFolder', 'stateCa', 'stateFailure', 'stateInstances'],
    ])
  })
})
